"""Pictures of kernels and of the maps that they make, in scikit-learn's manner of displays.

And which kernels are alike, and where the integers of an exported model lose.
"""

from skconv.inspection.kernels import KernelDisplay
from skconv.inspection.maps import FeatureMapDisplay
from skconv.inspection.pareto import ParetoDisplay
from skconv.inspection.quantization import QuantizationDisplay
from skconv.inspection.similarity import KernelDictionary, kernel_similarity

__all__ = [
    "FeatureMapDisplay",
    "KernelDictionary",
    "KernelDisplay",
    "ParetoDisplay",
    "QuantizationDisplay",
    "kernel_similarity",
]
