"""Signals: extractors of features along time."""

from skconv.signals.hydra import HydraFeatures as HydraFeatures
from skconv.signals.quant import QuantFeatures as QuantFeatures
