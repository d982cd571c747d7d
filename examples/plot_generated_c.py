"""
Reading the generated C, line by line
=====================================

What `to_c` prints is meant to be read. Here is the whole file of a very small model, and where each
of its numbers comes from.
"""

# %%
# A model that fits on a page
# ---------------------------
# Three kernels of 3 x 3, one number from each, a linear classifier of two classes.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import skconv

X, y = skconv.datasets.load_digits()
X, y = X[y < 2], y[y < 2]
features = skconv.RandomConvFeatures(
    n_kernels=3, kernel_size=3, pool_size=6, nonlinearity="abs", random_state=0
)
pipe = make_pipeline(features, LogisticRegression()).fit(X[:200], y[:200])
model = skconv.to_c(pipe, X[:200], name="tiny", target="portable", linear_bits=8)
print(f"accuracy of the C: {model.score(X[200:], y[200:]):.3f}")

# %%
# The header: what firmware calls
# -------------------------------

print(model.files["tiny.h"])

# %%
# The source: tables, then one function after the other
# -----------------------------------------------------
# Every function states its op. ``requantize`` is the one rounding rule of skconv: an integer
# product and a shift, in place of a division.

print(model.files["tiny.c"])

# %%
# The tables against the estimator's floats
# -----------------------------------------
# An 8-bit kernel is the float one divided by its scale, and rounded.

stage = next(node.op for node in model.graph.nodes if node.name == "linear").graph
integers = stage.nodes[0].op.weights
floats = features.kernels_
figure, axes = plt.subplots(2, 3, figsize=(6, 4), layout="constrained")
for i in range(3):
    for ax, kernel in zip(axes[:, i], [floats[i], integers[i]], strict=True):
        square = np.asarray(kernel).reshape(3, 3)
        ax.imshow(square, cmap="coolwarm", vmin=-abs(square).max(), vmax=abs(square).max())
        for (row, column), value in np.ndenumerate(square):
            text = f"{value:.2f}" if square.dtype.kind == "f" else f"{value}"
            ax.text(column, row, text, ha="center", va="center", fontsize="small")
        ax.axis("off")
axes[0, 0].set_title("floats of the estimator", loc="left")
axes[1, 0].set_title("int8 in the C", loc="left")
plt.show()
