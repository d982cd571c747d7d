"""Signals: extractors of features along time, windows of recordings, filters."""

from skconv.signals.events import EventDetector as EventDetector
from skconv.signals.events import count_events as count_events
from skconv.signals.filters import Decimate as Decimate
from skconv.signals.filters import RemoveMean as RemoveMean
from skconv.signals.filters import VectorMagnitude as VectorMagnitude
from skconv.signals.hydra import HydraFeatures as HydraFeatures
from skconv.signals.iir_filter import IIRFilter as IIRFilter
from skconv.signals.iir_filter import dc_blocker as dc_blocker
from skconv.signals.minirocket import MiniRocketFeatures as MiniRocketFeatures
from skconv.signals.quant import QuantFeatures as QuantFeatures
from skconv.signals.recordings import filter_recordings as filter_recordings
from skconv.signals.sliding import SlidingWindow as SlidingWindow
from skconv.signals.sliding import Windows as Windows
from skconv.signals.smoothing import SmoothedClassifier as SmoothedClassifier
from skconv.signals.temporal_conv import TemporalConvFeatures as TemporalConvFeatures
