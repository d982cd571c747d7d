"""
Do dictionaries of kernels carry over?
======================================

Thousands of 3 x 3 kernels of a trained network are close to a few, once flips, quarter turns, the
sign and the scale do not count (Son, Nah, Lee, ECCV 2018). Are these few the network's own, or does
another network have the same? Here the dictionary of each bank of kernels is held against the
kernels of all the others.
"""

# %%
# Banks of kernels
# ----------------
# Of every convolution of 3 x 3 each plane is a kernel: one for each pair of channels, and one for
# each channel of a depthwise convolution. Networks whose weights are not installed are left out;
# the message says what to install.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_sample_images

import skconv
from skconv.inspection import KernelDictionary, kernel_similarity
from skconv.kernels import PatchKernels
from skconv.pretrained import load


def planes(network):
    """Every plane of every kernel of 3 x 3 of a network, ``(n_planes, 3, 3, 1)``."""
    weights = [w.numpy() for w in network.state_dict().values() if w.shape[2:] == (3, 3)]
    return np.concatenate([w.reshape(-1, 3, 3, 1) for w in weights])


banks = {}
for name in ("efficientnet_lite0", "mobilenet_v2", "uspsnet"):
    try:
        banks[name] = planes(load(name).module)
    except ImportError as error:
        print(error)

# %%
# Two banks that nobody trained are beside them: whitened patches of two photographs, and normal
# numbers.

photos = np.stack(load_sample_images().images).mean(axis=3, keepdims=True)
patches = PatchKernels(n_kernels=2000, kernel_size=3, random_state=0).fit(photos)
banks["whitened patches"] = patches.kernels_
banks["normal numbers"] = np.random.default_rng(0).normal(size=(2000, 3, 3, 1))
for name, bank in banks.items():
    print(f"{name}: {len(bank):,} kernels")

# %%
# Sixteen kernels for thousands
# -----------------------------
# `KernelDictionary` clusters the kernels of a bank. Below are the centroids of each, the one that
# most kernels belong to first.

dictionaries = {
    name: KernelDictionary(n_centroids=16, n_init=2, random_state=0).fit(bank)
    for name, bank in banks.items()
}
figure, axes = plt.subplots(1, len(banks), figsize=(3 * len(banks), 3.4))
for ax, (name, dictionary) in zip(axes, dictionaries.items(), strict=True):
    order = np.argsort(-np.bincount(dictionary.labels_, minlength=16))
    skconv.KernelDisplay(dictionary.centroids_[order]).plot(ax, scale="each")
    ax.set_title(name)

# %%
# Each dictionary on each bank
# ----------------------------
# What a dictionary leaves of a kernel is what no centroid, turned and scaled, explains. The table
# shows the share that is explained: rows are dictionaries, columns are kernels. The diagonal is the
# best that 16 centroids of its own do for a bank.

explained = np.array(
    [[dictionary.score(bank) for bank in banks.values()] for dictionary in dictionaries.values()]
)
print(explained.round(2))
figure, ax = plt.subplots(figsize=(7, 5.5), layout="constrained")
ax.imshow(explained, vmin=0, vmax=1, cmap="Greys")
for (row, column), share in np.ndenumerate(explained):
    ax.text(column, row, f"{share:.3f}", ha="center", color="w" if share > 0.5 else "k")
ax.set_xticks(range(len(banks)), banks, rotation=30, ha="right")
ax.set_yticks(range(len(banks)), banks)
ax.set_xlabel("kernels of")
ax.set_ylabel("dictionary of")

# %%
# The dictionaries of EfficientNet-Lite0 and MobileNetV2, most of whose 3 x 3 convolutions are
# depthwise, carry over: each explains 87 to 89 % of the other's kernels, 90 to 91 % of its own. A
# dictionary of normal numbers explains 53 to 55 % of both, one of patches 62 %. The kernels of the
# little network for digits are closer to normal numbers, which no dictionary of 16 explains well.
#
# One number
# ----------
# How far a dictionary goes from what normal numbers explain to what the bank's own one does: 0 % is
# chance, 100 % is as good as its own.

own, chance, names = np.diag(explained), explained[-1], list(banks)
if len(names) > 2:
    for i, j in ((0, 1), (1, 0)):
        share = (explained[i, j] - chance[j]) / (own[j] - chance[j])
        print(f"the dictionary of {names[i]} goes {share:.0%} of the way for {names[j]}")

# %%
# What they share
# ---------------
# Pairs of centroids of the first two banks that are most similar, one below the other.

first, second = (dictionaries[name].centroids_ for name in names[:2])
similarity = kernel_similarity(first, second)
best = np.argsort(-similarity.max(axis=1))[:8]
pairs = np.concatenate([first[best], second[similarity[best].argmax(axis=1)]])
display = skconv.KernelDisplay(pairs).plot(n_columns=8)
display.bounding_ax_.set_title(f"centroids of {names[0]}, and the nearest of {names[1]}")
print("cosines:", similarity[best].max(axis=1).round(3))
plt.show()
