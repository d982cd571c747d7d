"""Feature extractors: scikit-learn transformers that become a graph."""

from skconv.features.autoencoder_conv import AutoencoderFeatures
from skconv.features.conv_features import ConvFeatures
from skconv.features.conv_stage import ConvStage
from skconv.features.fixed_conv import FixedConvFeatures
from skconv.features.gabor import GaborFeatures
from skconv.features.greedy_conv import GreedyConvFeatures
from skconv.features.kmeans_conv import KMeansConvFeatures
from skconv.features.pca_conv import PCAConvFeatures
from skconv.features.pcanet import PCANetFeatures
from skconv.features.random_conv import RandomConvFeatures

__all__ = [
    "AutoencoderFeatures",
    "ConvFeatures",
    "ConvStage",
    "FixedConvFeatures",
    "GaborFeatures",
    "GreedyConvFeatures",
    "KMeansConvFeatures",
    "PCAConvFeatures",
    "PCANetFeatures",
    "RandomConvFeatures",
]
