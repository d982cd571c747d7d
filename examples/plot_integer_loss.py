"""
Where integers lose
===================

The exported C computes in integers. Their loss is hardly ever seen in the accuracy, but sometimes
it is, and then a chart of the signal-to-noise ratio of every tensor shows where.
"""

# %%
# A model, and its integers
# -------------------------
# Two layers of kernels learned from the images, and an SVM with a Laplacian kernel.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler

import skconv

X, y = skconv.datasets.load_digits()
X_train, y_train, X_test, y_test = X[:600], y[:600], X[1000:], y[1000:]
pipe = make_pipeline(
    skconv.PCAConvFeatures(n_kernels=8, kernel_size=3, pool_size=2),
    MaxAbsScaler(),
    skconv.LaplacianNuSVC(nu=0.05, max_support_vectors=80, random_state=0),
)
pipe.fit(X_train, y_train)
model = skconv.to_c(pipe, X_train[:500])
accuracies = pipe.score(X_test, y_test), model.score(X_test, y_test)
print("accuracy: {:.3f} floats, {:.3f} integers".format(*accuracies))

# %%
# Tensor by tensor
# ----------------
# `compare` runs the float graph and the integers side by side. Ten decibels are about one and a
# half bits. The first tensor is the image, which loses nothing.

print(model.compare(X_test[:200]))

# %%
# Calibrated on the wrong samples
# -------------------------------
# The range of every tensor is that of the samples for calibration. Here they are four times as
# dark as those that the device sees. What is brighter is clipped: it ends at the limits.

dark = (X_train[:500] // 4).astype(np.uint8)
clipped = skconv.to_c(pipe, dark)
print(clipped.compare(X_test[:200]))
print(f"accuracy: {clipped.score(X_test, y_test):.3f} calibrated on dark images")

# %%
# Side by side
# ------------
# A bar that is shorter than its neighbours names the tensor to look at.

figure, axes = plt.subplots(1, 2, figsize=(11, 3.6), sharex=True)
for ax, found, title in zip(axes, (model, clipped), ("like the samples", "too dark"), strict=True):
    skconv.QuantizationDisplay.from_model(found, X_test[:200], ax=ax)
    ax.set_title(f"calibration {title}")
figure.tight_layout()
plt.show()
