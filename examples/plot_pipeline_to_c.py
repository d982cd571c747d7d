"""
From a Pipeline to C, step by step
==================================

Handwritten digits: features of 16 random kernels, a scaler, logistic regression. We fit it,
look at the graph that it becomes, turn it into C for a microcontroller, and hold the C against
Python.
"""

# %%
# An ordinary Pipeline
# --------------------
# The images are 8 x 8 pixels, uint8, as a camera would deliver them.

from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skconv

X, y = skconv.datasets.load_digits()
X_train, y_train, X_test, y_test = X[:1200], y[:1200], X[1200:], y[1200:]

pipe = make_pipeline(
    skconv.RandomConvFeatures(n_kernels=16, kernel_size=3, pool_size=2, random_state=0),
    StandardScaler(),
    LogisticRegression(C=0.1, max_iter=300),
)
pipe.fit(X_train, y_train)
print(f"accuracy in floats: {pipe.score(X_test, y_test):.3f}")

# %%
# What it is: one graph
# ---------------------
# The scaler is an ``Affine`` here. In the export it disappears into the linear layer.

print(skconv.to_graph(pipe))

# %%
# Integers, and C
# ---------------
# The calibration samples say between which limits each tensor moves. The report is exact, and
# known before any compiler runs.

model = skconv.to_c(pipe, X_train[:300], name="digits", dtype="int8")
print(model.report())
print(model.plan)

# %%
# The same answers
# ----------------
# ``verify`` compiles the C and compares every byte of every tensor with the integer definition;
# without a compiler it says so.

print(model.verify(X_test))
accuracy = (model.predict(X_test) == y_test).mean()
print(f"accuracy in C: {accuracy:.3f}")

# %%
# ``model.save("firmware/")`` writes ``digits.c``, ``digits.h``, the routines that they call, a
# test with known samples, ``CMakeLists.txt`` and a README. This is what calls it:

print(model.files["digits.h"])
