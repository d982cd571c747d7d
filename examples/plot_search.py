"""
The best model for a chip
=========================

How good can a model be in 2 kB of RAM and 8 kB of flash, and what would more memory buy? A search
tries Pipelines, turns each into C before it is fitted to all samples, and leaves out what does not
fit.
"""

# %%
# A space of Pipelines
# --------------------
# A dict for each kind of extractor, with the parameters that belong to it, as
# ``RandomizedSearchCV`` takes them. ``Compressed`` has passes of compression among its parameters:
# the head as it is, or rounded to seven or three levels.

import matplotlib.pyplot as plt
import pandas as pd
from scipy.stats import loguniform
from sklearn.pipeline import make_pipeline

import skconv
from skconv import SecondOrderRounding

X, y = skconv.datasets.load_digits()
X_train, y_train, X_test, y_test = X[:1000], y[:1000], X[1000:], y[1000:]

pipeline = make_pipeline(skconv.RandomConvFeatures(), skconv.BatchRidgeClassifier(standardize=True))
common = {
    "passes": [(), (SecondOrderRounding(3),), (SecondOrderRounding(1),)],
    "estimator__batchridgeclassifier__alpha": loguniform(1, 300),
    "estimator__randomconvfeatures__kernel_size": [3, 4, 5],
    "estimator__randomconvfeatures__pool_size": [2, 4, "quadrants", "sixteenths"],
}
extractors = [
    skconv.RandomConvFeatures(weights="patches", random_state=0),
    skconv.RandomConvFeatures(nonlinearity="both_signs", random_state=0),
]
spaces = [
    {
        "estimator__randomconvfeatures": [extractor],
        "estimator__randomconvfeatures__n_kernels": [2, 4, 8, 16, 32, 64],
        **common,
    }
    for extractor in extractors
]

# %%
# The search
# ----------
# What is not limited is an objective: here the instructions.

search = skconv.BudgetSearchCV(
    skconv.Compressed(pipeline, passes=()),
    spaces,
    ram_bytes=2048,
    flash_bytes=8 * 1024,
    n_candidates=9,
    cv=2,
    random_state=0,
)
search.fit(X_train, y_train)
print(search.pareto_front_)

# %%
# A candidate over the limits cost no more than a fit to 80 samples.

found = pd.DataFrame(search.cv_results_)
print(f"{len(found)} candidates, {search.n_refused_} over the budget")
print(found.groupby("level").size())

# %%
# What memory buys
# ----------------

skconv.ParetoDisplay.from_search(search)
plt.show()

# %%
# The winner, fitted to all samples, is C already:

print(search.best_model_.report())
print(f"accuracy of the C on other digits: {search.best_model_.score(X_test, y_test):.3f}")
