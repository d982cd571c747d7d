"""Pictures of kernels and of the maps that they make, in scikit-learn's manner of displays."""

from skconv.inspection.kernels import KernelDisplay
from skconv.inspection.maps import FeatureMapDisplay

__all__ = ["FeatureMapDisplay", "KernelDisplay"]
