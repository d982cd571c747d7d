"""
Fitting on a file larger than memory
====================================

Kernels are learnt from sums over patches, and a ridge from sums over features. So both can read a
file part by part: no step holds all samples.
"""

# %%
# A file of images
# ----------------
# A memory map stands for a file that is too large. Here it has the digits, over and over, with
# noise.

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import skconv

digits, labels = skconv.datasets.load_digits()
rng = np.random.default_rng(0)
folder = tempfile.TemporaryDirectory()
path = Path(folder.name, "images.npy")
n = 12_000
X = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=(n, 8, 8))
chosen = rng.integers(0, 1200, n)
for part in np.array_split(np.arange(n), 10):
    noise = rng.integers(0, 4, (len(part), 8, 8), dtype=np.uint8)
    X[part] = digits[chosen[part]] + noise
y = labels[chosen]
print(f"{path.stat().st_size / 1024:,.0f} kB on disk")

# %%
# One pass for the kernels, one for the classifier
# ------------------------------------------------
# ``fit`` takes the map as it takes an array. `BatchRidgeClassifier` takes the features batch by
# batch, and has the answer of one fit on all of them.

features = skconv.PCAConvFeatures(n_kernels=8, kernel_size=3, pool_size=2).fit(X)
classifier = skconv.BatchRidgeClassifier(alpha=100, standardize=True)
seen, accuracy = [], []
for part in np.array_split(np.arange(n), 12):
    classifier.partial_fit(features.transform(X[part]), y[part], classes=np.arange(10))
    seen.append(part[-1] + 1)
    accuracy.append(classifier.score(features.transform(digits[1200:]), labels[1200:]))

# %%
# What more of the file is worth
# ------------------------------

figure, axes = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
axes[0].plot(seen, accuracy, "o-")
axes[0].set(xlabel="images read", ylabel="accuracy on clean, unseen digits")
skconv.KernelDisplay.from_estimator(features, ax=axes[1])
plt.show()
del X
folder.cleanup()
