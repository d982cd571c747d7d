"""Voice identification: who speaks, from one second of recorded prompts.

Audio: read speech from studios, Debian's asterisk prompts at 8 kHz, six voices in five languages.
One speaker has recorded English and Spanish. Each voice says a prompt once, in its own language:
a part of the answer may be the language. Prompts are split by name, for all voices alike. The
mean of each band of a clip is removed in all that is compared: it tells the studio.

The floor: the standard deviation of each log-mel band over the clip (its mean is 0) and an SVC,
also with the standard deviation of differences of frames. Then Gabor features of log-mel, of
TFLite-Micro's front end and of power-normalised spectrograms with ridge regression. All are
fitted to clean clips of training prompts, and answer held-back clips, clean and with noise at
10 dB.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_voices.py [--cross-validate]
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from sklearn.linear_model import RidgeClassifierCV
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from skconv import (
    LogMelSpectrogram,
    MicroFrontendSpectrogram,
    PowerNormalizedSpectrogram,
    SpectroTemporalGaborFeatures,
)
from skconv.datasets import VOICE_RATE, load_voices

SHAPE = (98, 40)
TARGET, FLOOR_SEEN, SNR = 0.90, 0.824, 10


def deviations(spectrograms, *, of_differences):
    """Standard deviations of the bands over a clip, and of what changes in two frames."""
    maps = spectrograms.reshape(-1, *SHAPE)
    found = [maps.std(axis=1)]
    if of_differences:
        found.append((maps[:, 2:] - maps[:, :-2]).std(axis=1))
    return np.concatenate(found, axis=1)


def features_of(spectrograms):
    """Each kind of features, with the classifier that follows it."""
    gabor = SpectroTemporalGaborFeatures(n_bands=SHAPE[1]).fit(spectrograms[:10])
    return {
        "std + SVC": deviations(spectrograms, of_differences=False),
        "std, std of differences + SVC": deviations(spectrograms, of_differences=True),
        "Gabor + ridge": gabor.transform(spectrograms),
    }


def classifier(name):
    head = SVC() if "SVC" in name else RidgeClassifierCV(alphas=np.logspace(0, 5, 11))
    return make_pipeline(StandardScaler(), head)


def with_noise(X, kind, seed=0):
    """Clips with noise ``SNR`` dB below them: white, or pink (power falls as 1 / f)."""
    noise = np.random.RandomState(seed).normal(size=X.shape)
    if kind == "pink":
        spectrum = np.fft.rfft(noise)
        spectrum /= np.sqrt(np.maximum(np.arange(spectrum.shape[1]), 1))
        noise = np.fft.irfft(spectrum, X.shape[1])
    power = (X.astype(float) ** 2).mean(axis=1, keepdims=True) * 10 ** (-SNR / 10)
    noise *= np.sqrt(power / (noise**2).mean(axis=1, keepdims=True))
    return np.clip(np.rint(X + noise), -32768, 32767).astype(np.int16)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cross-validate", action="store_true", help="score training prompts too")
    parser.add_argument("--seed", type=int, default=0, help="of the split by prompt")
    arguments = parser.parse_args()
    X, y, prompts = load_voices()
    names = np.random.RandomState(arguments.seed).permutation(np.unique(prompts))
    test = np.isin(prompts, names[: len(names) // 3])
    print(
        f"{len(X)} clips of {len(names)} prompts, {test.sum()} held back; most frequent voice "
        f"{np.bincount(y[test]).max() / test.sum():.3f}"
    )
    print(
        f"target: clean >= {TARGET:.2f} (log-mel mean/std + SVC was seen at {FLOOR_SEEN}); "
        f"with {SNR} dB noise: PNS beats log-mel\n"
    )
    print(f"{'front end':10} {'features':32} {'n':>5} {'clean':>7} {'white':>7} {'pink':>7}")
    for front_name, front in {
        "log-mel": LogMelSpectrogram(VOICE_RATE),
        "TFLM": MicroFrontendSpectrogram(VOICE_RATE),
        "PNS": PowerNormalizedSpectrogram(VOICE_RATE),
        "PNCC 2016": PowerNormalizedSpectrogram(VOICE_RATE, variant="pncc2016"),
    }.items():
        start = time.process_time()
        front.fit(X[~test])
        known = features_of(front.transform(X[~test]))
        conditions = [X[test], *(with_noise(X[test], kind) for kind in ("white", "pink"))]
        unknown = [features_of(front.transform(clips)) for clips in conditions]
        for name, found in known.items():
            model = classifier(name).fit(found, y[~test])
            scores = [model.score(part[name], y[test]) for part in unknown]
            row = " ".join(f"{score:7.3f}" for score in scores)
            print(f"{front_name:10} {name:32} {found.shape[1]:5} {row}", flush=True)
            if arguments.cross_validate:
                folds = cross_val_score(
                    classifier(name), found, y[~test], groups=prompts[~test], cv=GroupKFold(3)
                )
                print(f"{'':10} by prompt, training prompts alone: {folds.mean():.3f}", flush=True)
        print(f"{'':10} {time.process_time() - start:.0f} s of processor time")


if __name__ == "__main__":
    main()
