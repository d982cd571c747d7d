"""Kernel machines on Cortex-M: instructions of the fast and of the portable routine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from skconv import emulator
from skconv.codegen.headers import header_texts
from skconv.codegen.routines.kernel_machine.packing import pack, scratch_bytes
from skconv.codegen.text import struct, table
from skconv.graph import QKernelMachine, TensorSpec
from skconv.graph.integer import exp2_table
from skconv.graph.machines import kernel_bound
from skconv.graph.vectors import Kernel
from tests.integer_graphs import input_spec, requantization
from tests.mcu.cases import OPTIMISATIONS, Row

HEADER = "void machine(const void *input, int32_t *output);\n"


def example(
    rng,
    kernel: Kernel,
    x: TensorSpec,
    n_support: Sequence[int],
    spread: float = 12.0,
    n_scores: int = 0,
) -> QKernelMachine:
    """A machine whose exponents reach from 0 to about ``spread``.

    With ``n_scores`` so many scores of all the vectors, else decisions of pairs.
    """
    low, high = x.limits
    n_vectors, n_classes = sum(n_support), len(n_support)
    n_results = n_scores or n_classes * (n_classes - 1) // 2
    n_rows = n_scores or n_classes - 1
    vectors = rng.integers(low, high + 1, (n_vectors, x.size)).astype(x.dtype)
    coefficients = rng.integers(-(2**15), 2**15, (n_rows, n_vectors)).astype(np.int16)
    intercept = rng.integers(-(2**33), 2**33, n_results)
    bound = kernel_bound(kernel, vectors, 0, x)
    shift = 31 - bound.bit_length()
    rule = requantization(rng, bound, "int32")
    factor = spread * 256 * 2.0 ** (32 - shift) / bound
    multiplier = np.array([np.clip(round(factor), 1, 2**31 - 1)], np.int32)
    rule = replace(rule, multiplier=multiplier, shift=shift, minimum=0)
    classes = () if n_scores else tuple(n_support)
    return QKernelMachine(kernel, vectors, coefficients, intercept, classes, exponent=rule)


def _rule(op: QKernelMachine, maximum: int) -> str:
    rule = op.exponent
    return struct(
        "sk_requantization",
        multiplier=int(rule.multiplier[0]),
        shift=rule.shift,
        minimum=0,
        maximum=maximum,
    )


def fast_source(op: QKernelMachine, x: TensorSpec, *, wide: bool = False) -> str:
    """A C file that defines ``machine`` by the fast routine."""
    packed = pack(op, x, wide=wide)
    room = scratch_bytes(op, x, wide=wide)
    fields = {
        "kernel": f"SK_{op.kernel.upper()}",
        "type": f"SK_{x.dtype.upper()}",
        "vector_type": f"SK_{packed.vector_type.upper()}",
        "features": x.size,
        "vectors": len(op.support_vectors),
        "classes": packed.classes,
        "rows": len(op.dual_coef),
        "support_vectors": "support_vectors",
        "n_support": "n_support",
        "coefficients": "coefficients",
        "intercept": "intercept",
        **({} if packed.norms is None else {"norms": "norms"}),
        "exp2_table": "exp2_table",
        **({} if packed.grid is None else vars(packed.grid)),
        "exponent": _rule(op, packed.exponent.maximum),
    }
    tables = {
        "support_vectors": packed.support_vectors,
        "coefficients": packed.coefficients.view("<u4"),
        "intercept": packed.intercept,
        "norms": packed.norms,
        "exp2_table": exp2_table(),
    }
    if packed.classes:
        tables["n_support"] = np.array(op.n_support, np.uint16)
    else:
        del fields["n_support"]
    scratch = f"    static int64_t scratch[{max(1, -(-room // 8))}];\n"
    machine = struct("sk_dsp_machine", **fields)
    call = f"    sk_dsp_kernel_machine(input, output, scratch, {machine});\n"
    return source_of("dsp_kernel_machine.h", tables, scratch + call)


def portable_source(op: QKernelMachine, x: TensorSpec) -> str:
    """A C file that defines ``machine`` by the portable routine."""
    tables = {
        "support_vectors": op.support_vectors,
        "n_support": np.array(op.n_support, np.uint16),
        "coefficients": op.dual_coef,
        "intercept": op.intercept,
        "exp2_table": exp2_table(),
    }
    fields = {
        "kernel": f"SK_{op.kernel.upper()}",
        "type": f"SK_{x.dtype.upper()}",
        "features": x.size,
        "vectors": len(op.support_vectors),
        "classes": op.n_classes,
        "rows": len(op.dual_coef),
        **{name: name for name in tables},
        "coefficient_type": "SK_INT16",
        "exponent": _rule(op, op.exponent.maximum),
    }
    scratch = f"    static int64_t sums[{len(op.intercept)}];\n"
    call = f"    sk_kernel_machine(input, output, sums, {struct('sk_machine', **fields)});\n"
    return source_of("kernel_machine.h", tables, scratch + call)


def source_of(header: str, tables: Mapping[str, np.ndarray | None], body: str) -> str:
    lines: list[str] = [f'#include "{header}"', '#include "machine.h"']
    for name, values in tables.items():
        if values is not None:
            lines += table(name, values)
    return "\n".join([*lines, "void machine(const void *input, int32_t *output)", "{", body + "}"])


def project(source: str) -> dict[str, str]:
    return {**header_texts(), "machine.h": f'#include "types.h"\n{HEADER}', "machine.c": source}


def count(source: str, x: TensorSpec, sample, n_results: int, cpu: str, flag: str) -> int:
    """Instructions of one inference."""
    lines = ['#include "machine.h"', *table("sample", sample), f"static int32_t out[{n_results}];"]
    return emulator.count_instructions(
        project(source), "machine(sample, out)", prelude="\n".join(lines), target=cpu, flags=(flag,)
    )


def best(work, source, x, n_results, room, target, peer, cpu: str = "cortex-m4") -> Row:
    """The better of -O2 and -O3."""
    sample = np.random.default_rng(1).integers(x.limits[0], x.limits[1] + 1, x.size)
    counts = {
        flag: count(source, x, sample.astype(x.dtype), n_results, cpu, flag)
        for flag in OPTIMISATIONS
    }
    flag = min(counts, key=counts.__getitem__)
    sizes = emulator.object_sizes(project(source), target=cpu, flags=(flag,))
    code = sizes.symbols["machine"].size
    tables = sum(s.size for s in sizes.symbols.values() if s.section == "rodata")
    return Row(f"{work} ({flag})", counts[flag], target, peer, room, tables, code)


def rows() -> Iterator[Row]:
    """124 support vectors of 64 features, two classes; and ten classes of 25."""
    two = (60, 64)
    machines: tuple[tuple[Kernel, str, bool, int | None], ...] = (
        ("laplacian", "uint8", False, 6000),
        ("laplacian", "int8", False, 6000),
        ("laplacian", "int16", False, None),
        ("rbf", "uint8", False, 11000),
        ("rbf", "uint8", True, 11000),
        ("rbf", "int8", False, 11000),
        ("rbf", "int16", False, 11000),
    )
    for kernel, dtype, wide, target in machines:
        x = input_spec((64,), dtype)
        op = example(np.random.default_rng(0), kernel, x, two)
        work = f"{kernel} SVM 124x64 {dtype}{' as int16' if wide else ''}"
        room = scratch_bytes(op, x, wide=wide)
        yield best(work, fast_source(op, x, wide=wide), x, 1, room, target, 56294)
    x = input_spec((256,), "uint8")
    op = example(np.random.default_rng(0), "laplacian", x, [25] * 10)
    yield best(
        "laplacian SVM 250x256 uint8, 10 classes", fast_source(op, x), x, 45,
        scratch_bytes(op, x), None, None,
    )  # fmt: skip
    for n_vectors in (64, 256):
        op = example(np.random.default_rng(0), "laplacian", x, [n_vectors], n_scores=10)
        yield best(
            f"reduced set {n_vectors}x256 uint8, 10 classes", fast_source(op, x), x, 10,
            scratch_bytes(op, x), None, None,
        )  # fmt: skip
    x = input_spec((64,), "uint8")
    op = example(np.random.default_rng(0), "laplacian", x, two)
    for cpu in ("cortex-m4", "cortex-m0"):
        target = 80000 if cpu == "cortex-m0" else None
        work = f"laplacian SVM 124x64 uint8, portable, {cpu}"
        yield best(work, portable_source(op, x), x, 1, 8, target, 1720974, cpu)


def main() -> None:
    """Print the rows."""
    print("  ".join(Row._fields))
    for row in rows():
        print(*row, sep="  ")


if __name__ == "__main__":
    main()
