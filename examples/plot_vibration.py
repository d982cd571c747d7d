"""
An anomaly in vibration
=======================

A bearing with a damaged race rings each time that a ball passes the damage. The signal here is
synthetic: noise of the machine, its rotation, and for damage a train of ringing impulses whose
strength follows the load. Only sound signals are seen in ``fit``.
"""

# %%
# The signals
# -----------

import matplotlib.pyplot as plt
import numpy as np
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skconv

SAMPLES = 384


def bearing(n, damage, seed):
    """`n` windows at 12 kHz: rotation, noise, and impulses of this strength."""
    rng = np.random.default_rng(seed)
    time = np.arange(SAMPLES) / 12_000
    turn = 2 * np.pi * (30 * time + rng.random((n, 1)))
    impulses = np.zeros((n, SAMPLES))
    for row in impulses:
        row[rng.integers(0, 110) :: 110] = 1
    ringing = np.exp(-900 * time[:96]) * np.sin(2 * np.pi * 3_000 * time[:96])
    rung = np.stack([np.convolve(row, ringing)[:SAMPLES] for row in impulses])
    load = 1 + 0.5 * np.cos(turn)
    signal = 0.5 * np.sin(turn) + 0.3 * rng.normal(size=(n, SAMPLES)) + damage * load * rung
    return (4_000 * signal).astype(np.int16)


healthy, held = bearing(60, 0, 0), bearing(60, 0, 1)
strengths = (0.5, 1.0, 2.0)
damaged = {strength: bearing(60, strength, 2) for strength in strengths}
figure, axes = plt.subplots(1, 2, figsize=(12, 2.8), sharey=True)
axes[0].plot(held[0])
axes[0].set_title("sound")
axes[1].plot(damaged[2.0][0])
axes[1].set_title("damaged (synthetic)")

# %%
# How far from what is known
# --------------------------
# The score of a window is the distance of its features to the nearest sound window. An alarm is
# a score above those of the sound windows kept back: no damaged window is needed for that.

features = make_pipeline(skconv.TemporalConvFeatures(n_kernels=8, random_state=0), StandardScaler())
known = NearestNeighbors(n_neighbors=1).fit(features.fit_transform(healthy[:40]))


def score(windows):
    return known.kneighbors(features.transform(windows))[0].ravel()


limit = score(healthy[40:]).max()
figure, ax = plt.subplots(figsize=(8, 3))
ax.hist(score(held), 20, alpha=0.6, label="sound")
for strength, windows in damaged.items():
    alarms = (score(windows) > limit).mean()
    ax.hist(score(windows), 20, alpha=0.6, label=f"damage {strength}: {alarms:.0%} alarms")
    print(f"damage {strength}: {alarms:.0%} of the windows raise an alarm")
ax.axvline(limit, color="k")
ax.legend()
print(f"false alarms: {(score(held) > limit).mean():.0%}")

# %%
# The features on the device
# --------------------------
# The transformer becomes C: the distance to what is known is a few sums on its output.

model = skconv.to_c(features, healthy)
print(model.verify(held[:2]))
