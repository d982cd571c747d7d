"""Sound: spectrograms, and features of them."""

from skconv.sound.gabor_features import SpectroTemporalGaborFeatures

__all__ = ["SpectroTemporalGaborFeatures"]
