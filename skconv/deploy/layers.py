"""The cost as C of the features of each layer: where to cut a network so that it fits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from skconv.deploy.conversion import to_c
from skconv.target.chips import Chip, get_chip
from skconv.target.cost import CostReport
from skconv.utils.columns import aligned

HEADER = ("layer", "MACs", "flash bytes", "RAM bytes", "fits")


@dataclass(frozen=True)
class LayerCost:
    """The features of one layer as C.

    Attributes
    ----------
    layer : str
        A value for ``layer`` of the extractor.
    report : CostReport
        Of everything from a sample to the features.
    """

    layer: str
    report: CostReport

    @property
    def fits(self) -> bool:
        """Whether it fits the chip; without a chip everything fits."""
        return self.report.chip is None or self.report.fits

    def _row(self) -> tuple[str, ...]:
        cost = self.report
        numbers = (f"{n:,}" for n in (cost.macs, cost.flash_bytes, cost.ram_bytes))
        verdict = "" if cost.chip is None else "yes" if self.fits else "no"
        return self.layer, *numbers, verdict


class LayerCosts(list[LayerCost]):
    """Costs in the order in which layers run; prints as a table."""

    @property
    def fitting(self) -> list[str]:
        """The layers that fit."""
        return [cost.layer for cost in self if cost.fits]

    def __repr__(self) -> str:
        return "\n".join(aligned([HEADER, *(cost._row() for cost in self)], numbers={1, 2, 3}))


def layer_costs(
    features: Any, X: Any, chip: str | Chip | None = None, **options: Any
) -> LayerCosts:
    """Cost as C of the features of each layer of a network, to choose where to cut it.

    Parameters
    ----------
    features : PretrainedFeatures
        Fitted or not; with the pooling, input size and so on that are wanted. It stays as it
        is, and so does its ``layer``.
    X : array-like
        A few samples like those that the device will see.
    chip : str or Chip, optional
        What has to be large enough: see `CModel.report`. It must also hold a classifier.
    **options
        For `to_c`, such as ``target`` and ``linear_bits``.

    Returns
    -------
    costs : list of LayerCost
        For each of ``features.layers()`` that has no fewer pixels than ``pool`` wants
        windows. Flash is that of tables; code counts, too, in what fits. ``costs.fitting`` are
        the names of those that fit, as a search over ``layer`` takes them.

    Raises
    ------
    ValueError
        Where there is no such chip, or ``X`` is not what the network takes.
    NotConvertibleError
        Where the network has no form as a graph.

    Examples
    --------
    >>> import torch
    >>> from skconv import PretrainedFeatures, layer_costs
    >>> from skconv.target.chips import Chip
    >>> from skconv.datasets import load_digits
    >>> from torch import nn
    >>> X, y = load_digits()
    >>> _ = torch.manual_seed(0)
    >>> net = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Conv2d(8, 16, 3), nn.ReLU())
    >>> chip = Chip("2 kB", flash_bytes=2048, ram_bytes=1024)
    >>> costs = layer_costs(PretrainedFeatures(net, pool="2x2"), X[:10], chip)
    >>> costs
    layer    MACs  flash bytes  RAM bytes  fits
    0       2,880          256         96  yes
    1       2,880          256         96  yes
    2      21,280        1,536        832  no
    3      21,280        1,536        832  no
    >>> costs.fitting
    ['0', '1']
    """
    wanted = None if chip is None else get_chip(chip)
    parameters = features.get_params(deep=False)
    extractor = type(features)(**parameters).set_params(engine="graph", layer=0)
    costs = LayerCosts()
    for layer in extractor.fit(X).layers():
        try:
            extractor.set_params(layer=layer.name).fit(X)
        except ValueError:  # X and the rest were fine for the first layer: it is the pooling.
            continue
        costs.append(LayerCost(layer.name, to_c(extractor, X, **options).report(wanted)))
    return costs
