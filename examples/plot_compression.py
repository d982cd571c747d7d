"""
Accuracy against flash, pass by pass
====================================

A linear classifier on convolutional features takes most of a small model's flash. Passes of
compression make it smaller, without training. Here they are tried on handwritten digits.
"""

# %%
# A model to begin with
# ---------------------
# Whitened patches as kernels, and a logistic regression on 512 features.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skconv
from skconv import PruneFeatures, SecondOrderRounding

X, y = skconv.datasets.load_digits()
X_train, y_train, X_test, y_test = X[:1200], y[:1200], X[1200:], y[1200:]
extractor = skconv.RandomConvFeatures(
    n_kernels=16, kernel_size=5, weights="patches", nonlinearity="both_signs", random_state=0
)
pipe = make_pipeline(extractor, StandardScaler(), LogisticRegression(C=0.1, max_iter=500))
pipe.fit(X_train, y_train)
print(f"accuracy in floats: {pipe.score(X_test, y_test):.3f}")

# %%
# What passes buy
# ---------------
# ``compress`` gives a fitted estimator, and a table of what the model costs after each pass. The
# score is that of the samples given. Half of the features go first, then the weights become
# ternary, five in a byte:

small = skconv.compress(
    pipe, X_train, y_train, passes=[PruneFeatures(0.5), SecondOrderRounding(levels=1)]
)
print(small.costs_)
print(f"accuracy on other digits: {small.score(X_test, y_test):.3f}")

# %%
# Chosen features against random ones
# -----------------------------------
# `PruneFeatures` asks what the classifier can best do without, and fits it anew. The same number
# of features drawn at random is what it has to beat.


def of_random_features(n_features, seed):
    """Accuracy of a classifier that is fitted on features drawn at random."""
    features = extractor.transform(X)
    chosen = np.random.default_rng(seed).permutation(features.shape[1])[:n_features]
    head = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=500))
    head.fit(features[:1200, chosen], y_train)
    return head.score(features[1200:, chosen], y_test)


numbers = [32, 64, 128, 256]
pruned = [
    skconv.compress(pipe, X_train, y_train, passes=[PruneFeatures(n)]).score(X_test, y_test)
    for n in numbers
]
drawn = [np.mean([of_random_features(n, seed) for seed in range(3)]) for n in numbers]

# %%
# Bits of the weights
# -------------------
# `SecondOrderRounding` hands the error of each weight on to those not yet rounded. The points of
# the second picture are whole models: flash is tables and code of a Cortex-M4, about.

bits = {"ternary": 1, "3 bits": 3, "4 bits": 7, "8 bits": 127}
rounded = {
    name: skconv.compress(pipe, X_train, y_train, passes=[SecondOrderRounding(levels)])
    for name, levels in bits.items()
}

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2))
left.plot(numbers, pruned, "o-", label="chosen by PruneFeatures")
left.plot(numbers, drawn, "s--", label="drawn at random, mean of 3")
left.axhline(pipe.score(X_test, y_test), color="0.6", label="all features")
left.set(xscale="log", xlabel="features", ylabel="accuracy on other digits")
left.legend()
for name, model in [*rounded.items(), ("half the features, ternary", small)]:
    flash = model.costs_[-1].all_flash_bytes
    right.plot(flash, model.score(X_test, y_test), "o")
    right.annotate(name, (flash, model.score(X_test, y_test)), (4, 6), textcoords="offset points")
as_fitted = small.costs_[0].all_flash_bytes
right.plot(as_fitted, pipe.score(X_test, y_test), "k*")
right.annotate(
    "as fitted", (as_fitted, pipe.score(X_test, y_test)), (4, 6), textcoords="offset points"
)
right.set(
    xscale="log", xlabel="flash in bytes", ylabel="accuracy on other digits", ylim=(0.9, 0.96)
)
right.margins(x=0.2)
figure.tight_layout()
plt.show()
