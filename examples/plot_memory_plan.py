"""
Where the working memory goes
=============================

A model's tensors do not all live at the same time. `to_c` lays them into one arena, and a chart
shows which tensor lies where while each node runs.
"""

# %%
# Two ways to compute the same numbers
# ------------------------------------
# PCANet convolves twice and keeps the maps of its first layer while the second runs. With
# ``optimize="size"`` the C computes them again where that saves memory; with ``"speed"`` it
# keeps what saves instructions.

import matplotlib.pyplot as plt
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline

import skconv

X, y = skconv.datasets.load_digits()
pipe = make_pipeline(skconv.PCANetFeatures(n_kernels=(4, 4)), RidgeClassifier(alpha=10))
pipe.fit(X[:1200], y[:1200])
print(f"accuracy {pipe.score(X[1200:], y[1200:]):.3f}")

# %%
# The arena over time
# -------------------
# From left to right the nodes run; a block is a tensor, from the node that writes it to the last
# one that reads it. White is free.

figure, axes = plt.subplots(1, 2, figsize=(11, 4), layout="constrained", sharey=True)
for ax, optimize in zip(axes, ["size", "speed"], strict=True):
    model = skconv.to_c(pipe, X[:300], optimize=optimize)
    skconv.MemoryPlanDisplay.from_model(model, ax=ax)
    ax.set_title(f'optimize="{optimize}": {ax.get_title()}')
plt.show()

# %%
# The same as text
# ----------------
# The plan prints itself, and the C file has it in its head.

print(model.plan)
