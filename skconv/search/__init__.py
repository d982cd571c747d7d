"""The best model for a chip: a search under limits of RAM, flash and instructions."""

from skconv.search.budget import Budget, Costs
from skconv.search.budget_search import BudgetSearchCV
from skconv.search.scaling import scaled
from skconv.search.table import ParetoFront, ParetoPoint

__all__ = ["Budget", "BudgetSearchCV", "Costs", "ParetoFront", "ParetoPoint", "scaled"]
