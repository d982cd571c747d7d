"""The transform of real int16 samples on a Cortex-M4: instructions and error, beside CMSIS-DSP.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_fft.py PATH_OF_CMSIS_DSP

Executed instructions under QEMU, at -O2 and -O3; they are no cycles. The peer is
`arm_rfft_q15`, from a checkout of ARM-software/CMSIS-DSP; without a path its row is left out.
Ours weights the samples by a window in the same call, and yields the frequencies from 0 to half
the rate; the peer has no window, and writes their conjugates, too. Errors are those of the
frequencies up to half the rate against a transform in float64 of the same samples: the root of
the mean square, in decibels below that of the frequencies themselves.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[2]))

from skconv import emulator
from skconv.codegen.headers import header_texts
from skconv.codegen.text import table
from skconv.runtime import fft
from tests.mcu.spectra import LARGEST_WEIGHT, fft_shift, fft_source

N_FFT = 256
OPTIMISATIONS = ("-O2", "-O3")

# What CMSIS-DSP takes from CMSIS-Core: single instructions, by their names.
OF_TWO = (
    "smuad smusd smuadx smusdx qadd16 qsub16 shadd16 shsub16 shasx shsax qasx qsax sadd16 ssub16 "
    "qadd8 qsub8 qadd qsub"
)
OF_THREE = "smlad smladx smlsd smlsdx smmla"
OPERATION = """
#define __{upper}({names}) (__extension__({{ uint32_t sk_result; \
    __asm__("{name} %0, {places}" : "=r"(sk_result) : {operands}); sk_result; }}))
"""
OTHERS = """
#include <arm_acle.h>
#define __STATIC_FORCEINLINE __attribute__((always_inline)) static inline
#define __STATIC_INLINE static inline
#define __ALIGNED(x) __attribute__((aligned(x)))
#define __RESTRICT __restrict
#define __WEAK __attribute__((weak))
#define __SSAT(x, n) __ssat(x, n)
#define __USAT(x, n) __usat(x, n)
#define __CLZ(x) __clz(x)
#define __ROR(x, n) __ror(x, n)
#define __SXTB16(x) __sxtb16(x)
#define __SXTB16_RORn(x, n) __sxtb16(__ror(x, n))
#define __SMLALD(a, b, c) __smlald(a, b, c)
#define __SMLALDX(a, b, c) __smlaldx(a, b, c)
#define __PKHBT(a, b, n) (__extension__({ uint32_t sk_result; __asm__("pkhbt %0, %1, %2, lsl %3" \
    : "=r"(sk_result) : "r"(a), "r"(b), "I"(n)); sk_result; }))
#define __PKHTB(a, b, n) (((uint32_t)(a) & 0xFFFF0000u) \
    | ((uint32_t)((int32_t)(b) >> (n)) & 0xFFFFu))
"""


def operation(name: str, arguments: str) -> str:
    """A macro for one instruction."""
    return OPERATION.format(
        name=name,
        upper=name.upper(),
        names=", ".join(arguments),
        places=", ".join(f"%{i + 1}" for i in range(len(arguments))),
        operands=", ".join(f'"r"({argument})' for argument in arguments),
    )


COMPILER = "".join(
    [
        OTHERS,
        *(operation(name, "ab") for name in OF_TWO.split()),
        *(operation(name, "abc") for name in OF_THREE.split()),
    ]
)
PEER_FILES = (
    *(f"TransformFunctions/arm_{name}.c" for name in (
        "bitreversal2", "cfft_q15", "cfft_radix4_q15", "rfft_q15", "rfft_init_q15",
        "cfft_init_q15")),
    "BasicMathFunctions/arm_shift_q15.c",
    "CommonTables/arm_common_tables.c",
    "CommonTables/arm_const_structs.c",
)  # fmt: skip
PEER_CALLS = f"""
static arm_rfft_instance_q15 instance;
void prepare(void);
void transform(int16_t *samples, int16_t *result);
void prepare(void) {{ (void)arm_rfft_init_{N_FFT}_q15(&instance, 0, 1); }}
void transform(int16_t *samples, int16_t *result) {{ arm_rfft_q15(&instance, samples, result); }}
"""
PEER_PRELUDE = f"""
extern void prepare(void);
extern void transform(int16_t *samples, int16_t *result);
static int16_t samples[{N_FFT}], result[2 * {N_FFT} + 8];
"""


def signals() -> dict[str, NDArray[np.int16]]:
    """Samples of 16 bits, loud and quiet."""
    rng = np.random.default_rng(0)
    t = np.arange(N_FFT)
    tones = sum(np.sin(f * t + p) / (i + 1) for i, (f, p) in enumerate(rng.random((12, 2)) * 3))
    numbers = {
        "noise, full scale": rng.uniform(-32767, 32767, N_FFT),
        "tone, full scale": 32767 * np.sin(0.3217 * t),
        "12 tones, -12 dB": 8000 * tones / np.abs(tones).max(),
        "noise, -40 dB": 328 * rng.normal(size=N_FFT) / 3,
    }
    return {name: np.rint(x).astype(np.int16) for name, x in numbers.items()}


def decibels(found: NDArray[np.complex128], x: NDArray[np.int16]) -> float:
    wanted = np.fft.rfft(x.astype(np.float64))
    error, power = (np.mean(np.abs(z) ** 2) for z in (found - wanted, wanted))
    return float(10 * np.log10(max(error, 1e-30) / power))


def ours(x: NDArray[np.int16]) -> NDArray[np.complex128]:
    """By the integer definition, which the C equals byte for byte."""
    points, shift = N_FFT // 2, fft_shift(N_FFT)
    weighted = (x.astype(np.int64) * LARGEST_WEIGHT + (1 << (shift - 1))) >> shift
    order = fft.places(points)
    z = weighted[None, 2 * order], weighted[None, 2 * order + 1]
    re, im = fft.real_fft(z, fft.twiddles(points))
    im[:, points // 2 + 1 :] *= -1
    return (re[0] + 1j * im[0]) / 2 * 2.0**shift / LARGEST_WEIGHT


def count_ours(optimisation: str) -> int:
    source, prelude, statement = fft_source(N_FFT)
    files = {"fft.c": source, **header_texts(["fft.h"])}
    return emulator.count_instructions(files, statement, prelude=prelude, flags=(optimisation,))


def peer_source(folder: Path) -> str:
    """All that the peer needs, as one preprocessed file."""
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "cmsis_compiler.h").write_text(COMPILER)
        includes = "\n".join(f'#include "{folder}/Source/{file}"' for file in PEER_FILES)
        main = Path(name) / "peer.c"
        main.write_text(f'#include "arm_math.h"\n{includes}\n{PEER_CALLS}')
        paths = (name, *(str(folder / part) for part in ("Include", "PrivateInclude")))
        command = ["arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb", "-E", "-P", str(main)]
        command += [f"-I{path}" for path in paths]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    # Without a C library the compiler would call a function for every load of two lanes.
    return re.sub(r"\bmemcpy\b", "__builtin_memcpy", text)


def count_peer(source: str, optimisation: str) -> int:
    def count(statement: str) -> int:
        flags = (optimisation, "-w")
        return emulator.count_instructions(
            {"peer.c": source}, statement, prelude=PEER_PRELUDE, flags=flags
        )

    return count("(prepare(), transform(samples, result))") - count("prepare()")


def peer(source: str, x: NDArray[np.int16]) -> NDArray[np.complex128]:
    """What the peer yields on the simulated board; every step halves."""
    main = f"""#include "bench.h"
#include <stdint.h>
extern void prepare(void);
extern void transform(int16_t *samples, int16_t *result);
{chr(10).join(table("input", x)).replace("SK_TABLE", "static")}
static int16_t result[2 * {N_FFT} + 8];
int main(void)
{{
    prepare();
    transform(input, result);
    for (int i = 0; i < {N_FFT + 2}; i++) {{
        bench_print_unsigned((uint16_t)result[i]);
        bench_print(" ");
    }}
    return 0;
}}
"""
    output = emulator.run({"peer.c": source, "main.c": main}, flags=("-O2", "-w")).output
    numbers = np.array(output.split(), np.uint16).view(np.int16).astype(np.float64)
    return (numbers[0::2] + 1j * numbers[1::2]) * N_FFT


def main() -> None:
    folder = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else None
    print(f"real transform of {N_FFT} int16, Cortex-M4        instructions at -O2, -O3")
    print("  ours, with a window         ", *(f"{count_ours(o):8,}" for o in OPTIMISATIONS))
    source = None
    if folder is not None:
        source = peer_source(folder)
        counts = (count_peer(source, o) for o in OPTIMISATIONS)
        print("  CMSIS-DSP arm_rfft_q15      ", *(f"{n:8,}" for n in counts))
    else:
        print("  CMSIS-DSP: give the path of a checkout of ARM-software/CMSIS-DSP")
    print("error below the spectrum, dB        ours", "" if source is None else "CMSIS-DSP")
    for name, x in signals().items():
        errors = [decibels(ours(x), x)]
        if source is not None:
            errors.append(decibels(peer(source, x), x))
        print(f"  {name:30}", *(f"{e:9.1f}" for e in errors))


if __name__ == "__main__":
    main()
