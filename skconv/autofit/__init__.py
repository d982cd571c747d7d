"""A folder of samples into a model: Pipelines for what it holds, chosen and measured."""

from skconv.autofit.fit import Fitted, fit_samples

__all__ = ["Fitted", "fit_samples"]
