"""
Where the working memory goes
=============================

A model's tensors do not all live at the same time. `to_c` lays them into one arena, and a chart
shows which tensor lies where while each node runs.
"""

# %%
# A model with several tensors
# ----------------------------
# PCANet convolves, keeps the maps of its first layer while the second runs, and counts codes.

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

model = skconv.to_c(pipe, X[:300])
skconv.MemoryPlanDisplay.from_model(model)
plt.show()

# %%
# What each node costs
# --------------------
# Of the instructions, of the tables in flash, and of the arena.

skconv.CostDisplay.from_model(model)
plt.show()

# %%
# The same as text
# ----------------
# The plan prints itself, and the C file has it in its head.

print(model.plan)
