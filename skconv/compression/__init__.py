"""Fitted estimators made smaller, by passes over their graphs."""

from skconv.compression.compressed import Compressed, compress
from skconv.compression.table import PassCost, PassTable

__all__ = ["Compressed", "PassCost", "PassTable", "compress"]
