"""
Which layer of a trained network
================================

A trained network has many layers to take features from. Late ones know the classes that it was
trained for; others carry over. Here a network learns the digits 0 to 4, and its layers tell 5 to
9 apart.
"""

# %%
# A network
# ---------
# It learns for a second or two, by back-propagation. Any trained torch module will do.

import matplotlib.pyplot as plt
import torch
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

import skconv

X, y = skconv.datasets.load_digits()
is_known = y < 5
torch.manual_seed(0)
network = nn.Sequential(
    *(nn.Conv2d(1, 12, 3, padding=1), nn.ReLU()),
    *(nn.Conv2d(12, 24, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
    *(nn.Conv2d(24, 32, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1)),
    *(nn.Flatten(), nn.Linear(32, 5)),
)
images = torch.from_numpy(X[is_known, None] / 16).float()
labels = torch.from_numpy(y[is_known]).long()
optimizer = torch.optim.Adam(network.parameters(), lr=5e-3)
for _ in range(8):
    for batch in torch.randperm(len(labels)).split(64):
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(images[batch]), labels[batch]).backward()
        optimizer.step()
network.eval()
right = (network(images).argmax(1) == labels).float().mean()
print(f"digits 0 to 4, on which it was trained: {right:.3f}")

# %%
# What each layer costs on a chip
# -------------------------------
# `layers` lists what may be named. `layer_costs` exports each of them, with a 2 x 2 pooling.

features = skconv.PretrainedFeatures(network, layer="5", pool="2x2", scale=1 / 16)
costs = skconv.layer_costs(features, X[:200], "stm32f103c8")
print(costs)

# %%
# What each layer knows
# ---------------------
# A ridge classifier on the features of a layer, cross-validated on the digits 5 to 9, which the
# network has never seen. The pixels themselves are what it has to beat.

new, new_labels = X[~is_known], y[~is_known]
head = make_pipeline(StandardScaler(), RidgeClassifier(100))
pixels = cross_val_score(head, new.reshape(len(new), -1), new_labels).mean()
layers = {"1": "first ReLU", "3": "second ReLU", "6": "third ReLU", "9": "scores"}
accuracies = {}
for layer in layers:
    pool = None if layer == "9" else "2x2"
    features = skconv.PretrainedFeatures(network, layer=layer, pool=pool, scale=1 / 16)
    accuracies[layer] = cross_val_score(head, features.fit_transform(new), new_labels).mean()
    print(f"{layers[layer]:12}  {accuracies[layer]:.3f}")

# %%
# Accuracy against flash
# ----------------------
# The scores, for which the network was trained, are the worst: cut before them, and the rest of
# the network is neither kept nor run.

flash = {row.layer: row.report.flash_bytes for row in costs}
figure, ax = plt.subplots(figsize=(7, 4.2))
for layer, name in layers.items():
    ax.plot(flash[layer], accuracies[layer], "o", color="C0")
    ax.annotate(name, (flash[layer], accuracies[layer]), (6, 4), textcoords="offset points")
ax.axhline(pixels, color="0.6", linestyle="--", label="pixels")
ax.set(xscale="log", xlabel="flash of the layers in bytes", ylabel="accuracy on digits 5 to 9")
ax.margins(x=0.2, y=0.1)
ax.legend()
figure.tight_layout()
plt.show()
