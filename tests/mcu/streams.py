"""Routines with sizes as arguments: arrays go in by a pipe, results come out."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from skconv.codegen.text import table
from tests.exactness import SANITIZERS
from tests.exactness import build as build_program

# Every array is allocated to the byte, so that the sanitizer sees any access beyond.
READER = """\
#include <stdio.h>
#include <stdlib.h>

static void *array(void)
{
    int32_t bytes;
    if (fread(&bytes, 4, 1, stdin) != 1) {
        exit(3);
    }
    void *to = malloc((size_t)bytes);
    if (bytes > 0 && fread(to, (size_t)bytes, 1, stdin) != 1) {
        exit(4);
    }
    return to;
}
"""

COMPARING = """\
int main(void)
{{
    int differing = 0;
    for (int i = 0; i < {n_samples}; i++) {{
        machine((const char *)samples + {stride} * i, (int32_t *)output);
        for (int j = 0; j < {n_results}; j++) {{
            differing += output[j] != wanted[{n_results} * i + j];
        }}
    }}
    return differing;
}}
"""


def build(folder: Path, sources: Mapping[str, str], header: str, main: str) -> Path:
    """A program that reads its arrays by ``array()``, with sanitizers."""
    text = f'#include "{header}"\n{READER}\n{main}'
    for name, content in {**sources, "driver.c": text}.items():
        (folder / name).write_text(content)
    return build_program(folder, ["driver.c"], SANITIZERS)


def feed(driver: Path, arrays: Sequence[np.ndarray]) -> bytes:
    """What the program writes."""
    stream = b"".join(np.int32(a.nbytes).tobytes() + a.tobytes() for a in arrays)
    environment = {"ASAN_OPTIONS": "detect_leaks=0"}
    done = subprocess.run([driver], input=stream, capture_output=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def comparing_main(batch: np.ndarray, answers: np.ndarray) -> str:
    """A C file that counts the results of ``machine`` that differ."""
    n_samples, n_results = answers.shape
    lines = [
        '#include "machine.h"',
        *table("samples", batch),
        *table("wanted", answers),
        f"static {answers.dtype.name}_t output[{n_results}];",
        COMPARING.format(n_samples=n_samples, stride=batch[0].nbytes, n_results=n_results),
    ]
    return "\n".join(lines)
