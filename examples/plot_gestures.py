"""
Gestures from six channels of a wrist
=====================================

BasicMotions holds standing, walking, running and badminton: 100 samples of an accelerometer and
a gyroscope, three axes each. Temporal convolutions tell them apart, and the whole model becomes C
that takes one sample at a time.
"""

# %%
# The data
# --------
# The set comes with the package aeon (``pip install aeon``), which is not imported. Where it is
# not installed, this page takes synthetic signals and says so.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import RidgeClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skconv


def synthetic(seed):
    """Four swings of six channels, in noise."""
    rng = np.random.default_rng(seed)
    y = np.arange(40) % 4
    turns = np.arange(100) * np.array([0, 0.05, 0.09, 0.2])[y, None] + rng.random((40, 1))
    swing = (y[:, None] * np.sin(2 * np.pi * turns))[..., None]
    return (swing + rng.normal(size=(40, 100, 6))).astype(np.float32), y.astype(str)


try:
    X, y = skconv.datasets.load_ucr("BasicMotions")
    X_test, y_test = skconv.datasets.load_ucr("BasicMotions", "test")
    name = "BasicMotions"
except FileNotFoundError:
    (X, y), (X_test, y_test) = synthetic(0), synthetic(1)
    name = "synthetic gestures, as aeon is not installed"
print(name, X.shape)

figure, axes = plt.subplots(1, 4, figsize=(13, 3), sharey=True)
for ax, label in zip(axes, np.unique(y), strict=True):
    ax.plot(X[y == label][0])
    ax.set_title(label)
figure.suptitle(name)

# %%
# Shares of the time
# ------------------
# Every kernel answers at every step of time. A feature is the share of the time that its
# answer is above a level. Signals lie as ``(n_samples, length, channels)``.

features = skconv.TemporalConvFeatures(n_kernels=16, random_state=0)
model = make_pipeline(features, StandardScaler(), RidgeClassifierCV()).fit(X, y)
print(f"dilations {model[0].dilations_}, accuracy {model.score(X_test, y_test):.3f}")

# %%
# What two kernels of the widest dilation answer, and their levels:

stage = model[0].stages_[-1]
graph = skconv.Graph(skconv.graph.TensorSpec((1, *X.shape[1:]))).append(stage.conv)
figure, axes = plt.subplots(1, 2, figsize=(13, 3), sharey=True)
for ax, label in zip(axes, np.unique(y)[[0, -1]], strict=True):
    answers = skconv.runtime.reference.run(graph, X[y == label][:1, None])[0, 0, :, :2]
    for kernel in range(2):
        (line,) = ax.plot(answers[:, kernel])
        ax.hlines(stage.levels[:, kernel], 0, len(answers), line.get_color(), lw=0.3)
    ax.set_title(f"{label}: answers of two kernels")

# %%
# C that takes one sample at a time
# ---------------------------------
# An answer every 10 samples. The bytes are those of the integer definition.

stream = skconv.to_c(model, X, input="samples", hop=10)
print(stream.verify(X_test[:5]))
print(f"RAM {stream.report().ram_bytes} bytes")
