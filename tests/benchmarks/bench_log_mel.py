"""Log-mel bands, Gabor filters and a linear head on one second of sound: instructions and bytes.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_log_mel.py [samples.npy]

The model is ``LogMelSpectrogram() -> SpectroTemporalGaborFeatures() -> StandardScaler() ->
RidgeClassifier()`` on windows of one second at 16 kHz, in integers. Printed are the instructions
of a Cortex-M4 for one second of sound under QEMU (they are no cycles), node by node, and how
many bytes of the C differ from the integer definition over 60 seconds.

The sound is synthetic unless a file holds int16 samples: harmonics of a pitch that moves, with a
spectral envelope that changes 4 times a second, in noise. Instructions hardly depend on it.
"""

from __future__ import annotations

import sys

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skconv import LogMelSpectrogram, SpectroTemporalGaborFeatures, to_c

RATE = 16000
SECONDS = 60
BUDGET = 16_000_000


def voices(seconds: int = SECONDS, seed: int = 0) -> NDArray[np.int16]:
    """One voice-like sound a row, low voices and high ones in turn."""
    rng = np.random.default_rng(seed)
    t = np.arange(RATE) / RATE
    rows = []
    for i in range(seconds):
        pitch = (110 if i % 2 else 190) * (1 + 0.1 * np.sin(2 * np.pi * rng.uniform(1, 4) * t))
        phase = 2 * np.pi * np.cumsum(pitch) / RATE
        loudness = np.abs(np.sin(2 * np.pi * 2 * t + rng.uniform(0, 3)))
        formant = 500 + 400 * np.sin(2 * np.pi * 4 * t + rng.uniform(0, 6))
        sound = sum(
            np.exp(-(((h * pitch - formant) / 400) ** 2)) * np.sin(h * phase) for h in range(1, 30)
        )
        rows.append(6000 * loudness * sound + 60 * rng.normal(size=RATE))
    return np.clip(np.rint(np.array(rows)), -32768, 32767).astype(np.int16)


def main() -> None:
    if len(sys.argv) > 1:
        samples = np.load(sys.argv[1])[: SECONDS * RATE]
        X = samples.astype(np.int16).reshape(-1, RATE)
    else:
        X = voices()
    y = np.arange(len(X)) % 2
    model = make_pipeline(
        LogMelSpectrogram(),
        SpectroTemporalGaborFeatures(n_bands=40),
        StandardScaler(),
        RidgeClassifier(),
    ).fit(X, y)
    exported = to_c(model, X, name="sound", target="cortex-m4")
    report = exported.benchmark(X=X[:2])
    print(report)
    per_second = report.per_inference
    verdict = "met" if per_second < BUDGET else "MISSED"
    print(f"\n{per_second:,} instructions a second of sound; at most {BUDGET:,}: {verdict}")
    checked = exported.verify(X)
    print(f"{checked.differing_bytes} of {checked.compared_bytes:,} bytes differ over {len(X)} s")


if __name__ == "__main__":
    main()
