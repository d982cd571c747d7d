"""
Features and classifier on a cluster
====================================

The machines of a cluster fit what they have: some sums over their samples. Merged, these are the
fit to all samples. This example starts a cluster of two workers on this machine; on a real one the
address of its scheduler is all that changes.
"""

# %%
# A cluster
# ---------
# Workers are threads here, so that the example needs no second process. Where dask's
# ``distributed`` is not installed, the parts are computed one after the other.

from functools import reduce
from itertools import accumulate

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone

import skconv

try:
    from dask.distributed import Client

    client = Client(processes=False, n_workers=2, threads_per_worker=1, dashboard_address=None)
except ImportError:
    print("distributed is not installed (skconv[cluster]): the parts are computed in this process")
    client = None


def compute_all(run, parts):
    """A task for each part."""
    if client is None:
        return [run(part) for part in parts]
    return client.gather(client.map(run, parts, pure=False))


X, y = skconv.datasets.load_digits()
X_train, y_train, X_test, y_test = X[:1400], y[:1400], X[1400:], y[1400:]
shards = np.array_split(np.arange(1400), 8)

# %%
# Kernels from eight parts
# ------------------------
# A task fits a clone to its shard. What it sends back is the second moment of 5 x 5 patches, 625
# numbers, and the kernels made of them. Pixels are whole numbers, so their sums are not rounded:
# the kernels are equal to the last bit.

features = skconv.PCAConvFeatures(n_kernels=8, kernel_size=5, pool_size=2, n_jobs=1)


def learnt(rows):
    return clone(features).partial_fit(X_train[rows])


parts = compute_all(learnt, shards)
merged = reduce(skconv.merge, parts)
whole = clone(features).fit(X_train)
difference = np.abs(merged.kernels_ - whole.kernels_).max()
print(f"merged and fitted at once: kernels differ by at most {difference:.1e}")

# %%
# A classifier from eight parts
# -----------------------------
# A second pass over the shards: the features of each, and a ridge classifier of those.

ridge = skconv.BatchRidgeClassifier(alpha=100.0, standardize=True)


def fitted(rows):
    return clone(ridge).partial_fit(merged.transform(X_train[rows]), y_train[rows])


classifiers = compute_all(fitted, shards)

# %%
# What more machines are good for
# -------------------------------
# The first part alone, the first two merged, and so on.

F_test = merged.transform(X_test)
merges = list(accumulate(classifiers, skconv.merge))
seen = [each.n_samples_seen_ for each in merges]
accuracies = [each.score(F_test, y_test) for each in merges]
for n, accuracy in zip(seen, accuracies, strict=True):
    print(f"{n:5d} samples: accuracy {accuracy:.3f}")

fig, axis = plt.subplots(figsize=(6, 3), layout="constrained")
axis.plot(seen, accuracies, "o-")
axis.set(xlabel="samples in the parts merged", ylabel="accuracy", title="One merge after another")
plt.show()

if client is not None:
    client.close()
