"""The front end of TFLite-Micro beside its own code, and the instructions of front ends.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_micro_frontend.py

1. Features that differ from those of ``pymicro-features``, which compiles TFLite-Micro's sources
   (``pip install pymicro-features``; without it this part is left out): noise, tones, sweeps,
   silence, full scale, and recorded prompts where Debian's are installed.
2. Instructions of a Cortex-M4 for a second of sound at 16 kHz under QEMU (they are no cycles), of
   each front end alone.
3. A whole model, ``MicroFrontendSpectrogram() -> SpectroTemporalGaborFeatures() ->
   StandardScaler() -> RidgeClassifier()``: its bytes in C against the integer definition.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

sys.path.insert(0, str(Path(__file__).parents[2]))

from skconv import (
    LogMelSpectrogram,
    MicroFrontendSpectrogram,
    PowerNormalizedSpectrogram,
    SpectroTemporalGaborFeatures,
    to_c,
)
from skconv.datasets import load_prompts
from tests.benchmarks.bench_log_mel import RATE, voices

SECONDS = 5
MOST_PROMPTS = 300


def sounds() -> Iterator[tuple[str, NDArray[np.int16]]]:
    """Kinds of sound of ten seconds each."""
    rng = np.random.default_rng(0)
    t = np.arange(10 * RATE) / RATE
    loudness = 10 ** rng.uniform(0, 4.5, len(t) // 400).repeat(400)
    made = {
        "white noise": 3000 * rng.normal(size=len(t)),
        "noise at full scale": 30000 * rng.normal(size=len(t)),
        "bursts of noise": loudness * rng.normal(size=len(t)),
        "tones": 9000 * (np.sin(2 * np.pi * 1000 * t) + np.sin(2 * np.pi * 3300 * t)),
        "sweep": 20000 * np.sin(2 * np.pi * (100 * t + 370 * t * t)),
        "square wave at full scale": 32767 * np.sign(np.sin(2 * np.pi * 440 * t)),
        "extremes": rng.choice([-32768, 32767], len(t)),
        "least": np.full(len(t), -32768),
        "silence": np.zeros(len(t)),
        "last bit": rng.integers(-1, 2, len(t)),
    }
    for name, sound in made.items():
        yield name, np.clip(np.rint(sound), -32768, 32767).astype(np.int16)
    yield "like voices", voices(10).ravel()
    try:
        prompts = load_prompts().data
    except FileNotFoundError as error:
        print(f"no recorded prompts: {error}")
        return
    long = [sound for sound in prompts if len(sound) >= 480]
    yield "recorded prompts", np.concatenate(long[:: max(1, len(long) // MOST_PROMPTS)])


def of_peer(sound: NDArray[np.int16]) -> NDArray[np.int64]:
    """The frames of ``pymicro-features``: it takes ten milliseconds at a time."""
    front = import_module("pymicro_features").MicroFrontend()
    data, rows, place = sound.astype("<i2").tobytes(), [], 0
    while place + 320 <= len(data):
        found = front.process_samples(data[place : place + 320])
        place += 2 * found.samples_read
        if found.features:
            rows.append(np.rint(np.array(found.features) * 25.6).astype(np.int64))
    return np.array(rows)


def compare() -> None:
    try:
        import_module("pymicro_features")
    except ImportError:
        print("pymicro-features is not installed: pip install pymicro-features")
        return
    total = different = 0
    for name, sound in sounds():
        spectrogram = MicroFrontendSpectrogram()
        wanted = of_peer(sound)
        found = spectrogram.fit_transform(sound[None]).reshape(spectrogram.output_shape_)
        differs = int((found[: len(wanted)] != wanted).sum())
        print(f"{name:28} {differs} of {wanted.size:,} features differ")
        total, different = total + wanted.size, different + differs
    print(f"{different} of {total:,} features differ from pymicro-features; target 0\n")


def instructions() -> None:
    X = voices(2)
    for front in (
        LogMelSpectrogram(),
        MicroFrontendSpectrogram(),
        PowerNormalizedSpectrogram(),
        PowerNormalizedSpectrogram(variant="pncc2016"),
    ):
        exported = to_c(front.fit(X), X, name="front", target="cortex-m4")
        count = exported.benchmark(X=X[:1]).per_inference
        name = type(front).__name__ + (" of 2016" if "variant='pncc" in repr(front) else "")
        print(f"{name:34} {count:12,} instructions of a Cortex-M4 for a second of sound")


def whole_model() -> None:
    X = voices(SECONDS)
    model = make_pipeline(
        MicroFrontendSpectrogram(),
        SpectroTemporalGaborFeatures(n_bands=40),
        StandardScaler(),
        RidgeClassifier(),
    ).fit(X, np.arange(len(X)) % 2)
    exported = to_c(model, X, name="sound", target="cortex-m4")
    count = exported.benchmark(X=X[:1]).per_inference
    print(f"\n{count:,} instructions for a second of sound through the whole model")
    checked = exported.verify(X)
    print(f"{checked.differing_bytes} of {checked.compared_bytes:,} bytes differ over {len(X)} s")


if __name__ == "__main__":
    compare()
    instructions()
    whole_model()
