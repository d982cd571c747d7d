"""Sound: spectrograms, and features of them."""

from skconv.sound.gabor_features import SpectroTemporalGaborFeatures
from skconv.sound.log_mel import MFCC, LogMelSpectrogram
from skconv.sound.micro_frontend import MicroFrontendSpectrogram
from skconv.sound.power_normalized import PowerNormalizedSpectrogram

__all__ = [
    "MFCC",
    "LogMelSpectrogram",
    "MicroFrontendSpectrogram",
    "PowerNormalizedSpectrogram",
    "SpectroTemporalGaborFeatures",
]
