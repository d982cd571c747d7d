"""
Looking at kernels, and at what they see
========================================

Where kernels come from is one word in skconv. Here three sources look at the same handwritten
digits, and one digit is looked at through each of them.
"""

# %%
# Three sources of kernels
# ------------------------
# A kernel source is fitted to maps: images with an axis of channels. `PatchKernels` draws patches
# of the images and whitens them, `PCAKernels` takes the principal directions of all patches,
# `GaborKernels` follows a formula and looks at no image.

import matplotlib.pyplot as plt

import skconv
from skconv.kernels import GaborKernels, PatchKernels, PCAKernels

X, y = skconv.datasets.load_digits()
sources = [
    PatchKernels(n_kernels=16, kernel_size=5, random_state=0),
    PCAKernels(n_kernels=16, kernel_size=5),
    GaborKernels(n_orientations=8, wavelengths=(4.0,), kernel_size=5),
]

# %%
# Kernels side by side
# --------------------
# Red is positive, blue negative, white is zero. Whitened patches are differences of close
# pixels. The principal directions begin with edges and bars and go on to finer and finer
# patterns. The Gabor kernels are waves by design: the even ones first, then the odd ones.

figure, axes = plt.subplots(1, 3, figsize=(12, 4.4))
for ax, source in zip(axes, sources, strict=True):
    skconv.KernelDisplay.from_estimator(source.fit(X[..., None]), ax=ax)
    ax.set_title(type(source).__name__)

# %%
# One digit through each of them
# ------------------------------
# An extractor keeps its graph as plain data. Every map that the graph computes can be drawn by
# the name of its node:

extractors = [
    skconv.ConvFeatures([skconv.ConvStage(kernels=source, nonlinearity="abs", pool_size=2)]).fit(X)
    for source in sources
]
print(extractors[0].graph_)

# %%
# The responses of the kernels to the first digit, a zero:

figure, axes = plt.subplots(1, 4, figsize=(14, 3.9))
axes[0].imshow(X[0], cmap="gray_r")
axes[0].set_axis_off()
axes[0].set_title(f"the digit {y[0]}")
for ax, source, extractor in zip(axes[1:], sources, extractors, strict=True):
    skconv.FeatureMapDisplay.from_estimator(extractor, X[0], tensor="conv", ax=ax)
    ax.set_title(type(source).__name__)

# %%
# What a classifier gets
# ----------------------
# Behind the absolute value and the pooling the maps are small and have no sign. ``scale="each"``
# gives each map its own colours, so that weak ones show too.

display = skconv.FeatureMapDisplay.from_estimator(
    extractors[0], X[0], tensor="meanpool", scale="each"
)
display.bounding_ax_.set_title("pooled magnitudes of the whitened patches")
plt.show()
