"""
Who speaks: voices from one second of sound
===========================================

The sound is read speech from studios: prompts of a telephone exchange in six voices and five
languages, from Debian's packages ``asterisk-core-sounds-*-wav``. One speaker has recorded English
and Spanish. Where the packages are not installed, synthetic vowels take their place, and the
title of every picture says so.
"""

# %%
# One-second clips, split by prompt
# ---------------------------------
# A prompt is on one side of the split for all voices alike, so no sentence is on both.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import RidgeClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skconv

RATE = 8000
rng = np.random.RandomState(0)


def synthetic_voices(n_clips=600):
    """Vowels of six speakers that differ in pitch, resonances and speed."""
    y = np.arange(n_clips) % 6
    t = np.arange(RATE) / RATE
    speed = 2 + 0.7 * y + rng.normal(0, 0.2, n_clips)
    loudness = np.sin(np.pi * speed[:, None] * t + rng.uniform(0, 6, (n_clips, 1))) ** 2
    clips = np.zeros((n_clips, RATE))
    for harmonic in range(1, 25):
        frequency = harmonic * (110 + 20 * y + rng.normal(0, 8, n_clips))
        resonance = np.exp(-((frequency - 500 - 250 * y) ** 2) / 2e5) + 0.05
        clips += resonance[:, None] * np.sin(2 * np.pi * frequency[:, None] * t)
    clips = 4000 * clips * loudness + rng.normal(0, 20, clips.shape)
    return np.clip(clips, -32768, 32767).astype(np.int16), y, np.arange(n_clips) // 6


try:
    X, y, prompts = skconv.datasets.load_voices()
    sound = "recorded prompts"
except FileNotFoundError:
    X, y, prompts = synthetic_voices()
    sound = "synthetic vowels"

names = rng.permutation(np.unique(prompts))
is_test = np.isin(prompts, names[: len(names) // 3])
known = rng.permutation(np.flatnonzero(~is_test))[:360]
unknown = rng.permutation(np.flatnonzero(is_test))[:150]

# %%
# Noise, 10 dB below the speech
# -----------------------------
# Pink noise: its power falls as 1 / f.

noise = np.fft.rfft(rng.normal(size=(len(unknown), RATE)))
noise = np.fft.irfft(noise / np.sqrt(np.maximum(np.arange(noise.shape[1]), 1)))
clean = X[unknown]
power = (clean.astype(float) ** 2).mean(axis=1) / (noise**2).mean(axis=1) / 10
noisy = (clean + noise * np.sqrt(power)[:, None]).astype(np.int16)

# %%
# Two spectrograms
# ----------------
# `LogMelSpectrogram` shows noise as it is. `PowerNormalizedSpectrogram` has learnt from clean
# sound how far the power of each band swings, and takes off what hides that.

spectrograms = {
    "log-mel": skconv.LogMelSpectrogram(RATE).fit(X[known]),
    "power-normalised": skconv.PowerNormalizedSpectrogram(RATE).fit(X[known]),
}
figure, axes = plt.subplots(2, 2, figsize=(10, 6), sharex=True, sharey=True)
for row, (name, spectrogram) in zip(axes, spectrograms.items(), strict=True):
    for ax, clip, state in zip(row, (clean[0], noisy[0]), ("clean", "in noise"), strict=True):
        image = spectrogram.transform(clip[None]).reshape(spectrogram.output_shape_)
        ax.imshow(image.T, origin="lower", aspect="auto", cmap="magma")
        ax.set_title(f"{name}, {state}")
for ax in axes[:, 0]:
    ax.set_ylabel("band")
for ax in axes[1]:
    ax.set_xlabel("frame, 10 ms")
figure.suptitle(f"One second of {sound}")
figure.tight_layout()

# %%
# Filters in time and frequency
# -----------------------------
# Each of the 41 filters answers to a modulation of so many hertz and so many cycles a band, rising
# or falling. The mean of every band is removed before: it tells the microphone, not the voice.

scores = {}
for name, spectrogram in spectrograms.items():
    model = make_pipeline(
        spectrogram,
        skconv.SpectroTemporalGaborFeatures(n_bands=40, pool="mean"),
        StandardScaler(),
        RidgeClassifierCV(alphas=np.logspace(0, 4, 9)),
    ).fit(X[known], y[known])
    scores[name] = [model.score(clips, y[unknown]) for clips in (clean, noisy)]
    print(f"{name}: clean {scores[name][0]:.3f}, in noise {scores[name][1]:.3f}")

gabor = model[1]
figure, axes = plt.subplots(5, 9, figsize=(11, 6))
for ax in axes.flat:
    ax.set_axis_off()
for ax, kernel in zip(axes.flat, gabor.kernels_[..., 0], strict=False):
    ax.imshow(kernel.T, origin="lower", cmap="RdBu_r", vmin=-abs(kernel).max(), aspect="auto")
figure.suptitle("Real parts of the filters: time to the right, frequency up")

# %%
# Clean voices are no problem to either. In noise that neither has met before, the
# power-normalised spectrogram keeps more of the voice.

figure, ax = plt.subplots(figsize=(7, 4))
places = np.arange(2)
for i, (name, found) in enumerate(scores.items()):
    bars = ax.bar(places + 0.4 * i, found, 0.38, label=name)
    ax.bar_label(bars, fmt="%.2f")
ax.set_xticks(places + 0.2, ["clean", "pink noise, 10 dB"])
ax.axhline(np.bincount(y[unknown]).max() / len(unknown), color="grey", linestyle=":")
ax.set_ylabel("accuracy on held-back prompts")
ax.set_title(f"Six voices, {sound}; dotted: always the most frequent one")
ax.legend(loc="lower left")
plt.show()
