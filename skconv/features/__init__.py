"""Feature extractors: scikit-learn transformers that become a graph."""

from skconv.features.gabor import GaborFeatures
from skconv.features.pca_conv import PCAConvFeatures
from skconv.features.pcanet import PCANetFeatures
from skconv.features.random_conv import RandomConvFeatures

__all__ = ["GaborFeatures", "PCAConvFeatures", "PCANetFeatures", "RandomConvFeatures"]
