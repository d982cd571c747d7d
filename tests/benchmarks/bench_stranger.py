"""The way of a stranger: from a clean virtual environment to firmware that runs, in three commands.

1. A new virtual environment, and skconv from this checkout in it.
2. ``skconv fit`` on 300 images of three textures (brick, grass and gravel of scikit-image), cut
   from places that do not overlap.
3. ``skconv bench``: the C on a simulated Cortex-M4, compared with its definition.

Cutting the images out is not counted: a stranger has images. The commands and the seconds of each
are printed; QEMU is to find no result that differs, within `MOST_SECONDS`.

    python tests/benchmarks/bench_stranger.py [--time-limit 45] [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
TEXTURES = ("brick", "grass", "gravel")
N_IMAGES, SIDE = 300, 48
MOST_COMMANDS, MOST_SECONDS = 3, 180


def write_images(folder: Path) -> np.ndarray:
    """Tiles of each texture as PNG files; returns some of them, for calibration."""
    from PIL import Image
    from skimage import data

    kept = []
    for name in TEXTURES:
        texture = getattr(data, name)()
        across = texture.shape[1] // SIDE
        (folder / name).mkdir(parents=True)
        for i in range(N_IMAGES // len(TEXTURES)):
            row, column = (SIDE * place for place in divmod(i, across))
            tile = texture[row : row + SIDE, column : column + SIDE]
            Image.fromarray(tile).save(folder / name / f"{i:03d}.png")
            kept.append(tile)
    return np.stack(kept)


def run(command: str, folder: Path) -> tuple[float, str]:
    """Seconds of a command of a shell, and what it printed."""
    print(f"$ {command}", flush=True)
    ours = ("PYTHONPATH", "VIRTUAL_ENV")
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    start = time.perf_counter()
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
    )
    seconds = time.perf_counter() - start
    print(f"{done.stdout}{seconds:.1f} s\n", flush=True)
    if done.returncode:
        sys.exit(f"ended with {done.returncode}: {command}")
    return seconds, done.stdout


def commands(time_limit: float) -> list[str]:
    """What a stranger types."""
    install = f"pip install -q -c {ROOT / 'constraints.txt'} '{ROOT}[images]'"
    return [
        f"{sys.executable} -m venv venv && . venv/bin/activate && {install}",
        f"venv/bin/skconv fit textures -o model.joblib --time-limit {time_limit:g}",
        "venv/bin/skconv bench model.joblib --calibration X.npy --json",
    ]


def stranger(folder: Path, time_limit: float) -> int:
    X = write_images(folder / "textures")
    np.save(folder / "X.npy", X[:: max(1, len(X) // 100)])
    wanted = commands(time_limit)
    done = [run(command, folder) for command in wanted]
    seconds = sum(each for each, _ in done)
    found = json.loads(done[-1][1])
    print(
        f"{len(wanted)} commands (at most {MOST_COMMANDS}), {seconds:.0f} seconds (at most "
        f"{MOST_SECONDS}), {found['per_inference']:,} instructions an inference, "
        f"{found['wrong']} results that differ"
    )
    return int(len(wanted) > MOST_COMMANDS or seconds > MOST_SECONDS or found["wrong"] > 0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--time-limit", type=float, default=45, help="seconds of skconv fit")
    parser.add_argument("--keep", type=Path, help="a new folder for all files; else they go")
    arguments = parser.parse_args()
    if arguments.keep is not None:
        arguments.keep.mkdir(parents=True)
        return stranger(arguments.keep, arguments.time_limit)
    with tempfile.TemporaryDirectory() as folder:
        return stranger(Path(folder), arguments.time_limit)


if __name__ == "__main__":
    sys.exit(main())
