"""Signals: extractors of features along time."""

from skconv.signals.hydra import HydraFeatures as HydraFeatures
