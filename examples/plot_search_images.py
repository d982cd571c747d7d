"""
A search that begins where a person would
=========================================

``BudgetSearchCV`` without an estimator tries settings first that did well on other images: whitened
patches under tents or boxes, heads rounded to 3, 7 or 15 levels. Each has as many kernels as
the flash holds, which its costs tell without a fit. Then it goes on around the best.
"""

# %%
# Images
# ------
# Fashion-MNIST comes with Debian's package ``dataset-fashion-mnist``. Where it is not installed,
# this page takes scikit-learn's digits and says so.

import matplotlib.pyplot as plt
import pandas as pd

import skconv

try:
    X, y = skconv.datasets.load_fashion_mnist()
    name = "Fashion-MNIST"
except FileNotFoundError:
    X, y = skconv.datasets.load_digits()
    name = "digits, as Debian's dataset-fashion-mnist is not installed"
X_train, y_train, X_test, y_test = X[:700], y[:700], X[900:1400], y[900:1400]
print(name, X_train.shape)

# %%
# The search
# ----------
# 4 kB of flash, 1 kB of RAM. Three candidates are a taste: minutes find better ones.

search = skconv.BudgetSearchCV(
    ram_bytes=1024, flash_bytes=4 * 1024, n_candidates=3, cv=2, random_state=0
)
search.fit(X_train, y_train)

found = pd.DataFrame(search.cv_results_)
columns = {
    "param_estimator__features__n_kernels": "kernels",
    "param_estimator__features__pool_size": "window",
    "param_passes": "levels",
    "flash_bytes": "flash",
    "ram_bytes": "RAM",
    "level": "level",
    "mean_test_score": "score",
}
table = found[list(columns)].rename(columns=columns)
table["levels"] = [2 * passes[0].levels + 1 if passes else "" for passes in table["levels"]]
print(table.round(4).to_string(index=False))

# %%
# How full the flash is
# ---------------------
# Scores of one level compare: the first has a ridge regression in place of the head.

figure, ax = plt.subplots(figsize=(6, 3.5), layout="constrained")
for level, rows in table.groupby("level"):
    ax.scatter(rows["flash"] / 1024, rows["score"], label=f"level {level}")
ax.axvline(4, color="gray", linestyle="--")
ax.set(xlabel="flash, kB", ylabel="score", title=name)
ax.legend()
plt.show()

# %%
# The winner is C:

print(search.best_model_.report())
print(f"accuracy of the C on other images: {search.best_model_.score(X_test, y_test):.3f}")
