"""
What a photograph excites
=========================

`FeatureMapDisplay` draws any map that an extractor computes on its way from a sample to the
features. Here a photograph goes through a Gabor bank, through two stages that learn from it, and
through a stage that does not mind shadows.
"""

# %%
# A photograph, in the light and in the shade
# -------------------------------------------
# Every sixth pixel is enough to see what happens. The second sample is the same photograph with a
# shadow on it: from full light at the left to a tenth of it at the right.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_sample_image

import skconv
from skconv.kernels import PatchKernels, PCAKernels

photo = load_sample_image("china.jpg")[::6, ::6]
light = np.linspace(1, 0.1, photo.shape[1])[:, np.newaxis]
shaded = (photo * light).astype(np.uint8)
X = np.stack([photo, shaded])

figure, axes = plt.subplots(1, 2, figsize=(10, 3.6))
for ax, image in zip(axes, X, strict=True):
    ax.imshow(image)
    ax.set_axis_off()

# %%
# Waves of eight directions
# -------------------------
# The energy of a quadrature pair answers where the picture has stripes of its direction and
# wavelength: the first maps to vertical edges, the middle ones to the horizontal lines of the
# roof. Grey values make one map a wave; of colours there would be three.

gabor = skconv.GaborFeatures(n_orientations=8, wavelengths=(4.0,), kernel_size=9, padding="valid")
grey = X.mean(axis=3).astype(np.uint8)
display = skconv.FeatureMapDisplay.from_estimator(gabor.fit(grey), grey[0], tensor="magnitude")
display.bounding_ax_.set_title("energy of eight directions")

# %%
# Two stages
# ----------
# The kernels of the first stage are whitened patches of the photograph in colour; those of the
# second are the principal components of what the first one makes of it. Every node of the graph
# that is a map can be drawn by its name.

stack = skconv.ConvFeatures(
    [
        skconv.ConvStage(kernels=PatchKernels(n_kernels=8, kernel_size=5), pool_size=2),
        skconv.ConvStage(kernels=PCAKernels(n_kernels=8, kernel_size=5), nonlinearity="abs"),
    ],
    random_state=0,
).fit(X)
print(stack.graph_)

# %%
# The responses have both signs. The soft threshold parts them, and keeps the strong ones; the
# pooling makes them small.

for tensor in ("conv", "softthreshold", "meanpool"):
    display = skconv.FeatureMapDisplay.from_estimator(stack, photo, tensor=tensor)
    display.bounding_ax_.set_title(tensor)

# %%
# Behind the second stage are patterns of these patterns, from coarse to fine:

display = skconv.FeatureMapDisplay.from_estimator(stack, photo, tensor="abs", scale="each")
display.bounding_ax_.set_title("the second stage")

# %%
# Contrast
# --------
# With ``contrast_eps`` the response of a kernel is divided by the contrast of the patch that it
# lies on. On the left the maps of the shaded photograph fade with the light; on the right they
# do not.

figure, axes = plt.subplots(1, 2, figsize=(12, 4.2))
kernels = PatchKernels(n_kernels=4, kernel_size=5, remove_mean="patch")
for ax, contrast_eps, tensor in zip(axes, (None, 0.01), ("conv", "divide"), strict=True):
    stage = skconv.ConvStage(kernels=kernels, padding="valid", contrast_eps=contrast_eps)
    extractor = skconv.ConvFeatures([stage], random_state=0).fit(grey)
    skconv.FeatureMapDisplay.from_estimator(extractor, grey[1], tensor=tensor, ax=ax)
    ax.set_title(f"contrast_eps={contrast_eps}")
plt.show()
