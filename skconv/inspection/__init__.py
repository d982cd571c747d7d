"""Pictures in scikit-learn's manner of displays: kernels, maps, losses, memory, searches.

And which kernels are alike.
"""

from skconv.inspection.kernels import KernelDisplay
from skconv.inspection.maps import FeatureMapDisplay
from skconv.inspection.memory import MemoryPlanDisplay
from skconv.inspection.pareto import ParetoDisplay
from skconv.inspection.quantization import QuantizationDisplay
from skconv.inspection.similarity import KernelDictionary, kernel_similarity

__all__ = [
    "FeatureMapDisplay",
    "KernelDictionary",
    "KernelDisplay",
    "MemoryPlanDisplay",
    "ParetoDisplay",
    "QuantizationDisplay",
    "kernel_similarity",
]
