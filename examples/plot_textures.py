"""
Textures by kernels that nobody trained
=======================================

Brick, grass and gravel from scikit-image, cut into tiles. Pixels tell little: no pixel of grass is
always dark. What tells is how often, and how strongly, small patterns occur.
"""

# %%
# Tiles of three pictures
# -----------------------
# The left part of each picture is for training, the right part for testing: no tile of one part
# touches the other.

import matplotlib.pyplot as plt
import numpy as np
from skimage.data import brick, grass, gravel
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import skconv

SIZE = 32
NAMES = ["brick", "grass", "gravel"]


def tiles(image):
    rows, columns = (side // SIZE for side in image.shape)
    cut = image[: rows * SIZE, : columns * SIZE].reshape(rows, SIZE, columns, SIZE)
    return cut.swapaxes(1, 2).reshape(-1, SIZE, SIZE)


pictures = [brick(), grass(), gravel()]
left = [tiles(picture[:, :320]) for picture in pictures]
right = [tiles(picture[:, 320:]) for picture in pictures]
X_train, X_test = np.concatenate(left), np.concatenate(right)
y_train = np.repeat(NAMES, [len(part) for part in left])
y_test = np.repeat(NAMES, [len(part) for part in right])
print(f"{len(X_train)} tiles to fit, {len(X_test)} to score")

figure, axes = plt.subplots(1, 6, figsize=(9, 1.8), layout="constrained")
for ax, i in zip(axes, [0, 5, 170, 175, 330, 335], strict=False):
    ax.imshow(X_train[i % len(X_train)], cmap="gray")
    ax.set_title(y_train[i % len(X_train)])
    ax.axis("off")
plt.show()

# %%
# Extractors as they come
# -----------------------
# Each with the same classifier behind it, beside a support vector machine on the pixels.

flat, unseen = X_train.reshape(len(X_train), -1) / 255, X_test.reshape(len(X_test), -1) / 255
scores = {"pixels, SVC": SVC().fit(flat, y_train).score(unseen, y_test)}
for extractor in [
    skconv.RandomConvFeatures(random_state=0),
    skconv.GaborFeatures(),
    skconv.FixedConvFeatures(),
    skconv.PCAConvFeatures(),
]:
    pipe = make_pipeline(extractor, StandardScaler(), RidgeClassifier(alpha=300))
    scores[type(extractor).__name__] = pipe.fit(X_train, y_train).score(X_test, y_test)

figure, ax = plt.subplots(figsize=(6, 3), layout="constrained")
bars = ax.barh(list(scores), list(scores.values()))
ax.bar_label(bars, fmt="%.3f", padding=2)
ax.set(xlim=(0, 1.1), xlabel="accuracy on tiles of the other part")
ax.invert_yaxis()
plt.show()
