"""Pictures in scikit-learn's manner of displays: kernels, maps, losses, costs, streams, searches.

And which kernels are alike.
"""

from skconv.inspection.costs import CostDisplay
from skconv.inspection.kernels import KernelDisplay
from skconv.inspection.maps import FeatureMapDisplay
from skconv.inspection.memory import MemoryPlanDisplay
from skconv.inspection.pareto import ParetoDisplay
from skconv.inspection.quantization import QuantizationDisplay
from skconv.inspection.similarity import KernelDictionary, kernel_similarity
from skconv.inspection.stream import StreamDisplay

__all__ = [
    "CostDisplay",
    "FeatureMapDisplay",
    "KernelDictionary",
    "KernelDisplay",
    "MemoryPlanDisplay",
    "ParetoDisplay",
    "QuantizationDisplay",
    "StreamDisplay",
    "kernel_similarity",
]
