"""
The best model of signals for a chip
====================================

Gun or finger: 150 samples of a hand's place, 50 recordings to learn from. Which extractor and which
head are best in 2 kB of RAM and 8 kB of flash? MiniRocket, quantiles of intervals and kernels over
time are tried, with heads as they are and rounded.
"""

# %%
# The data
# --------
# The set comes with the package aeon (``pip install aeon``), which is not imported. Where it is
# not installed, this page takes synthetic signals and says so.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import skconv


def synthetic(seed):
    """A bump that is wide or narrow, somewhere, in noise."""
    rng = np.random.default_rng(seed)
    y = np.arange(60) % 2
    middle, width = rng.uniform(50, 100, (60, 1)), np.where(y, 8, 14)[:, None]
    bump = np.exp(-(((np.arange(150) - middle) / width) ** 2))
    return (bump + 0.1 * rng.normal(size=bump.shape)).astype(np.float32), y


try:
    X, y = skconv.datasets.load_ucr("GunPoint")
    X_test, y_test = skconv.datasets.load_ucr("GunPoint", "test")
    name = "GunPoint"
except FileNotFoundError:
    (X, y), (X_test, y_test) = synthetic(0), synthetic(1)
    name = "synthetic bumps, as aeon is not installed"
print(name, X.shape)

# %%
# The search
# ----------

search = skconv.BudgetSearchCV(
    ram_bytes=2048, flash_bytes=8 * 1024, n_candidates=4, cv=2, random_state=0
)
search.fit(X, y)
print(search.pareto_front_)

# %%
# Which extractor is worth its flash
# ----------------------------------
# Grey ones came to the first level alone, where a ridge regression stands in place of the head.

found = pd.DataFrame(search.cv_results_).query("level >= 0")
kinds = [type(each).__name__ for each in found["param_estimator__features"]]
figure, ax = plt.subplots(figsize=(6, 3.5), layout="constrained")
for kind, marker in zip(sorted(set(kinds)), "os^", strict=False):
    rows = found[[each == kind for each in kinds]]
    colors = np.where(rows["level"] == rows["level"].max(), "C0", "gray")
    ax.scatter(rows["flash_bytes"] / 1024, rows["mean_test_score"], c=colors, marker=marker)
    ax.scatter([], [], c="C0", marker=marker, label=kind)
ax.set(xlabel="flash, kB", ylabel="accuracy", title=name)
ax.legend()
plt.show()

# %%
# The winner is C:

print(search.best_model_.report())
print(f"accuracy of the C on other signals: {search.best_model_.score(X_test, y_test):.3f}")
