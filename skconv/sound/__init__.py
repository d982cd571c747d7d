"""Sound: spectrograms, and features of them."""

from skconv.sound.gabor_features import SpectroTemporalGaborFeatures
from skconv.sound.log_mel import MFCC, LogMelSpectrogram

__all__ = ["MFCC", "LogMelSpectrogram", "SpectroTemporalGaborFeatures"]
