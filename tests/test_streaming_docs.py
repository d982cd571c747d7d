"""The page on streams: its Python runs, its C compiles and says what Python says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.exactness import output_on_host
from tests.test_readme import ENVIRONMENT, ROOT

PAGE = (ROOT / "docs" / "streaming.md").read_text()

CALLER = """
#include <stdio.h>
#include "samples.h"

int main(void)
{
    on_start();
    for (int32_t i = 0; i < N_SAMPLES; i++) {
        const int32_t index = on_sample(samples + i * GESTURE_SAMPLE_SIZE);
        if (index >= 0) {
            printf("%s ", gesture_label(index));
        }
    }
    return 0;
}
"""
WRITING = """
from pathlib import Path
from skconv.codegen.text import table
lines = ["#define N_SAMPLES 400", '#include "skconv/types.h"', *table("samples", recordings[0])]
Path("samples.h").write_text("\\n".join(lines) + "\\n")
print(" ".join(decisions))
"""


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def block(language: str) -> str:
    return blocks(language)[0]


@pytest.mark.needs("gcc")
def test_the_page_runs_and_its_c_decides_as_its_python(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", block("python") + WRITING],
        cwd=tmp_path,
        env=ENVIRONMENT,
        text=True,
        capture_output=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    wanted = done.stdout.split()
    assert len(wanted) == (400 - 100) // 10 + 1
    project = tmp_path / "gesture"
    files = {
        str(path.relative_to(project)): path.read_text()
        for path in [*project.glob("*.[ch]"), *project.glob("skconv/*.h")]
    }
    prototypes = "int32_t on_sample(const gesture_input_t *sample);\nvoid on_start(void);\n"
    caller = block("c").replace('#include "gesture.h"', f'#include "gesture.h"\n{prototypes}')
    files |= {"main.c": caller + CALLER, "samples.h": (tmp_path / "samples.h").read_text()}
    folder = tmp_path / "program"
    folder.mkdir()
    assert output_on_host(files, ("-O2", "-I."), folder).split() == wanted


def test_the_filters_of_the_page_run() -> None:
    code = "".join(blocks("python")[:2]) + "print(len(decisions), repr(model.interface.window))"
    code = code.replace('model.save("gesture")', "")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=ENVIRONMENT,
        text=True,
        capture_output=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    n_decisions = (400 // 2 - 50) // 5 + 1
    assert done.stdout.startswith(f"{n_decisions} Window(length=100, hop=10, ")
