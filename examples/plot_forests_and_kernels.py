"""
Forests against kernels on a chip
=================================

Both recognise handwritten digits. A forest reads pixels and compares; a linear classifier on
convolutional features multiplies. Which gives more accuracy for a byte of flash?
"""

# %%
# Models of several sizes
# -----------------------
# Forests grow by trees, features by kernels. A support vector machine with a Laplacian kernel
# stands for those that keep samples.

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skconv

X, y = skconv.datasets.load_digits()
X_train, y_train, X_test, y_test = X[:1200], y[:1200], X[1200:], y[1200:]


def kernels(n):
    features = skconv.RandomConvFeatures(n_kernels=n, kernel_size=3, pool_size=2, random_state=0)
    return make_pipeline(features, StandardScaler(), RidgeClassifier(alpha=30))


candidates = [
    *(("forest", n, RandomForestClassifier(n, max_depth=8, random_state=0)) for n in (5, 20, 60)),
    *(("kernels, ridge", n, kernels(n)) for n in (2, 4, 8, 16)),
    ("Laplacian machine", 0.3, skconv.LaplacianNuSVC(nu=0.3)),
]

# %%
# What each costs
# ---------------
# Accuracy is that of the C, on samples that no model has seen.

rows = []
for family, size, estimator in candidates:
    flat = X_train.reshape(len(X_train), -1) if "kernels" not in family else X_train
    unseen = X_test.reshape(len(X_test), -1) if "kernels" not in family else X_test
    model = skconv.to_c(estimator.fit(flat, y_train), flat[:500], linear_bits=8)
    report = model.report()
    rows.append(
        {
            "family": family,
            "size": size,
            "accuracy": model.score(unseen, y_test),
            "flash (kB)": (report.flash_bytes + report.code_bytes) / 1024,
            "RAM (bytes)": report.ram_bytes,
        }
    )
table = pd.DataFrame(rows)
print(table.round(3).to_string(index=False))

# %%
# Accuracy against flash
# ----------------------
# Tables and code. The bytes of code are an estimate: a small forest is printed as comparisons, and
# is nothing but code.

figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
for family, part in table.groupby("family", sort=False):
    ax.plot(part["flash (kB)"], part["accuracy"], "o-", label=family)
ax.set(xscale="log", xlabel="flash (kB)", ylabel="accuracy of the C")
ax.legend()
plt.show()
