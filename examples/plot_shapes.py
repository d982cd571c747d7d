"""
The shape of a signal
=====================

GunPoint follows the hand of people who draw a gun, or only point. Both are one slow curve; what
differs is a small dip. Kernels learnt from the signals themselves find it.
"""

# %%
# The data
# --------
# The set comes with the package aeon (``pip install aeon``), which is not imported. Where it is
# not installed, this page takes synthetic curves and says so.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import RidgeClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import skconv


def synthetic(seed):
    """A wide bump; in one class with a dip on each side."""
    rng = np.random.default_rng(seed)
    y = np.arange(50) % 2
    time = np.arange(150) - 75 - rng.integers(-10, 11, (50, 1))
    bump = 1 / (1 + np.exp((np.abs(time) - 35) / 4))
    dips = np.exp(-(((np.abs(time) - 50) / 4) ** 2))
    X = bump - 0.15 * y[:, None] * dips + 0.02 * rng.normal(size=(50, 150))
    return X.astype(np.float32), np.array(["point", "gun"])[y]


try:
    X, y = skconv.datasets.load_ucr("GunPoint")
    X_test, y_test = skconv.datasets.load_ucr("GunPoint", "test")
    name = "GunPoint"
except FileNotFoundError:
    (X, y), (X_test, y_test) = synthetic(0), synthetic(1)
    name = "synthetic curves, as aeon is not installed"
print(name, X.shape)

figure, ax = plt.subplots(figsize=(8, 3))
for label, colour in zip(np.unique(y), ("C0", "C1"), strict=True):
    ax.plot(X[y == label][:8].T, colour, lw=0.7)
ax.set_title(name)

# %%
# Kernels learnt from patches of each dilation
# --------------------------------------------
# A stage with dilation 16 sees every sixteenth sample: its principal directions are slow waves.

features = skconv.TemporalConvFeatures(kernels="kmeans", n_kernels=8, random_state=0)
model = make_pipeline(features, StandardScaler(), RidgeClassifierCV()).fit(X, y)
figure, axes = plt.subplots(1, len(model[0].dilations_), figsize=(13, 2.6), sharey=True)
for ax, kernels, dilation in zip(axes, model[0].kernels_, model[0].dilations_, strict=True):
    shapes = kernels[:3, 0, :, 0]
    ax.plot(dilation * np.arange(shapes.shape[1]), (shapes / np.abs(shapes).max()).T)
    ax.set_title(f"dilation {dilation}")

# %%
# Against raw samples
# -------------------

print(f"raw samples and SVC {SVC().fit(X, y).score(X_test, y_test):.3f}")
print(f"temporal convolutions and ridge {model.score(X_test, y_test):.3f}")
