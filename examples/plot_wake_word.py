"""
A wake word in a stream of sound
================================

A detector listens to a stream, decides ten times a second, and reports a phrase once. The sound
is made of recorded prompts of a telephone exchange, from Debian's packages
``asterisk-core-sounds-*-wav``: read speech from a studio; the phrase is "hello world" in six
voices and five languages, one take each, mixed anew with other prompts. Where the packages are
not installed, synthetic chirps take their place, and the title of the picture says so.
"""

# %%
# Prompts, and takes of the phrase
# --------------------------------

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skconv
from skconv.signals.events import count_events

RATE, WINDOW, HOP = 8000, 9600, 800
rng = np.random.RandomState(0)


def chirp(*frequencies):
    """A tone that goes from one frequency to the next, louder and softer."""
    n = 1600 * len(frequencies)
    frequency = np.interp(
        np.linspace(0, len(frequencies) - 1, n), range(len(frequencies)), frequencies
    )
    loudness = 0.2 + np.sin(np.linspace(0, 9, n)) ** 2
    return 5000 * loudness * np.sin(2 * np.pi * np.cumsum(frequency) / RATE)


try:
    found = skconv.datasets.load_prompts()
    takes = [
        x[abs(x.astype(float)) > 0]
        for x, n in zip(found.data, found.names, strict=True)
        if n == "hello-world"
    ]
    prompts = [
        x
        for x, n in zip(found.data, found.names, strict=True)
        if n != "hello-world" and len(x) > 4000
    ]
    sound = "recorded prompts"
except FileNotFoundError:
    takes = [chirp(400 + 50 * i, 1500, 600, 2000) for i in range(6)]
    prompts = [chirp(*rng.uniform(300, 2500, rng.randint(2, 9))) for _ in range(60)]
    sound = "synthetic chirps"
order = rng.permutation(len(prompts))
known = [prompts[i] for i in order[::2]]
unknown = [prompts[i] for i in order[1::2]]

# %%
# A stream with the phrase in it
# ------------------------------


def recording(prompts, seconds):
    """Prompts at new gains and speeds, the phrase after every two of them, noise under all."""
    parts, spans, length = [], [], 0
    while length < seconds * RATE:
        is_phrase = len(parts) % 3 == 2
        sound = takes[rng.randint(6)] if is_phrase else prompts[rng.randint(len(prompts))][:16000]
        places = np.arange(0, len(sound) - 1, rng.uniform(0.92, 1.08))
        sound = rng.uniform(0.5, 1.5) * np.interp(places, np.arange(len(sound)), sound)
        if is_phrase:
            spans.append((length, length + len(sound)))
        parts.append(np.concatenate([sound, np.zeros(rng.randint(1600, 6400))]))
        length += len(parts[-1])
    samples = np.concatenate(parts)
    samples = samples + rng.normal(0, 200, len(samples))
    return np.clip(samples, -32768, 32767).astype(np.int16), np.array(spans)


def windows(samples, spans):
    """Windows, and 1 where one has just heard the phrase; those that hold a part are left out."""
    ends = np.arange(WINDOW, len(samples) + 1, HOP)
    label = np.zeros(len(ends), int)
    for start, stop in spans:
        label[(ends > start + 0.4 * (stop - start)) & (ends < stop + WINDOW / 2)] = -1
        label[(ends >= stop) & (ends < stop + RATE / 4)] = 1
    return np.stack([samples[e - WINDOW : e] for e in ends[label >= 0]]), label[label >= 0]


X, y = windows(*recording(known, 120))
print(f"{y.sum()} windows with the phrase, {len(y) - y.sum()} without")

# %%
# From sound to events
# --------------------
# Log-mel bands, filters in time and frequency whose means over quarters of the window keep the
# order of what was said, and a linear classifier. A phrase is long, and several windows hear it:
# `EventDetector` takes the mean of two scores, and is deaf for 1.2 seconds after it has reported.

detector = skconv.EventDetector(
    LogisticRegression(C=0.01, class_weight="balanced"), threshold=0.5, refractory=12, n_smooth=2
)
pipe = make_pipeline(
    skconv.LogMelSpectrogram(RATE, n_bands=24),
    skconv.SpectroTemporalGaborFeatures(n_bands=24, pool="quarters"),
    StandardScaler(),
    detector,
).fit(X, y)

# %%
# The same answers in C, sample by sample
# ---------------------------------------
# ``input="samples"`` makes C that takes one sample at a time and decides on the last window every
# ``hop`` samples: ``wake_result`` returns 1 where the phrase was heard, else -1. In Python
# ``model.stream()`` gives the decisions of that C.

model = skconv.to_c(pipe, X[::25], name="wake", input="samples", window=WINDOW, hop=HOP)

samples, spans = recording(unknown, 40)
found, scores = model.stream().push(samples, return_scores=True)
events = np.flatnonzero(found >= 0)

# %%
# How well the phrase is heard
# ----------------------------

seconds = (WINDOW + HOP * np.arange(len(scores))) / RATE
counts = count_events(seconds[events], spans / RATE + [0.3, 0.8])
print(counts)

figure, (top, bottom) = plt.subplots(2, 1, figsize=(11, 5), sharex=True)
top.plot(np.arange(0, len(samples), 20) / RATE, samples[::20], color="grey", linewidth=0.5)
for start, stop in spans / RATE:
    top.axvspan(start, stop, color="gray", alpha=0.25, linewidth=0)
top.set_ylabel("sound")
top.set_title(
    f"{sound}, held back: {counts.hits} hits, {counts.misses} misses, "
    f"{counts.false_alarms} false alarms (the phrase in grey)"
)
display = skconv.StreamDisplay(
    seconds, scores, found, classes=["other", "hello world"], events=True
)
display.plot(bottom, spans=spans / RATE, threshold=detector.threshold)
plt.show()
