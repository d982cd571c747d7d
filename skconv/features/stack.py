"""Stages fitted one after the other, each to the maps of the one before."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from skconv.features.base import naming
from skconv.features.conv_stage import ConvStage
from skconv.features.graph_maps import channels_of, maps_behind
from skconv.features.triangle import triangle
from skconv.graph import Conv, Graph, TensorSpec
from skconv.kernels.base import KernelSource
from skconv.kernels.kmeans import KMeansKernels
from skconv.kernels.moments import Maps
from skconv.kernels.random_patches import PatchKernels
from skconv.stages.spec import Thresholds
from skconv.stages.windows import fit_window
from skconv.utils.progress import report

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class FittedStage:
    """A stage as it was fitted.

    Parameters
    ----------
    stage : ConvStage
        Its parameters, unfitted.
    map_shape : tuple of int
        ``(height, width, channels)`` of the maps that it was fitted to.
    kernels : ndarray of float32 of shape (n_kernels, height, width, channels // groups)
        Or of one channel: then each channel of the maps is convolved alone, by all.
    biases : ndarray of float32 of shape (n_kernels,)
    thresholds : ndarray of float32 of shape (n_maps,) or None
    centroids : KMeansKernels or None
        The fitted source, for the triangle. No other is kept: some hold large sums.
    contrast_eps : float or None
        What is added to the variance of every patch.
    """

    stage: ConvStage
    map_shape: tuple[int, ...]
    kernels: Floats
    biases: Floats
    thresholds: Thresholds = None
    centroids: KMeansKernels | None = None
    contrast_eps: float | None = None

    @property
    def parts(self) -> int:
        """Runs of maps that have a bank each, or share one: groups, or all channels."""
        shared = self.stage.groups == 1 and self.kernels.shape[3] == 1
        return self.map_shape[2] if shared else self.stage.groups

    def conv(self, *, signal: bool) -> Conv:
        """The convolution alone."""
        groups = self.stage.groups
        return self.stage.spec().conv(
            self.kernels, self.biases, signal=signal, groups=groups, shared=self.parts > groups
        )

    def responses(self, graph: Graph, *, signal: bool) -> Graph:
        """``graph`` with what the nonlinearity sees behind it."""
        spec = self.stage.spec()
        if self.centroids is not None:
            return triangle(graph, spec, self.centroids)
        return spec.responses(graph, self.conv(signal=signal), self.contrast_eps)

    def behind(self, graph: Graph, *, signal: bool, clip: bool) -> Graph:
        """``graph`` with this stage behind it."""
        graph = self.responses(graph, signal=signal)
        return self.stage.spec().finish(graph, self.thresholds, signal=signal, clip=clip)


@dataclass
class StackFit:
    """Stages being fitted to samples: the graph in the making.

    `clip` cuts windows that are larger than the maps to them, with a warning.
    """

    maps: NDArray[Any]
    y: Any
    clip: bool
    device: str
    batch_size: Any
    graph: Graph = field(init=False)

    def __post_init__(self) -> None:
        self.graph = Graph(TensorSpec(self.maps.shape[1:]))

    @property
    def signal(self) -> bool:
        return self.maps.shape[1] == 1

    def check(self, stages: Sequence[ConvStage]) -> None:
        """ValueError where a window does not fit its map, as far as can be told before."""
        graph = self.graph
        for i, stage in enumerate(stages):
            with inside(i), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # What is cut is told when it is.
                if stage.pool_size == "pyramid" and i + 1 < len(stages):
                    raise ValueError(
                        "pool_size='pyramid' gives no map: expected it in the last stage"
                    )
                parameters = self._sized(stage, graph.output.shape).get_params(deep=False)
                # Of the maps only height and width are known, as a rule.
                size = parameters.get("kernel_size", (1, 1))
                kernels = np.zeros((1, *size, graph.output.shape[2]), np.float32)
                n_kernels = parameters.get("n_kernels")
                spec = stage.spec()
                spec.check(None if n_kernels is None else n_kernels * stage.groups)
                conv = spec.conv(kernels, np.zeros(1, np.float32), signal=self.signal)
                graph = spec.pooled(graph.append(conv), signal=self.signal, clip=self.clip)

    def fit(self, stages: Sequence[ConvStage], before: Sequence[FittedStage]) -> list[FittedStage]:
        """Fit stages; those that `before` begins with are kept, the last of it may grow."""
        fitted: list[FittedStage] = []
        for i, stage in enumerate(stages):
            with inside(i):
                old = before[i] if i < len(before) else None
                result = self._kept_or_fitted(stage, old, may_grow=i + 1 == len(before))
                if result is not old:
                    before = ()
                fitted.append(result)
                self.graph = result.behind(self.graph, signal=self.signal, clip=self.clip)
                report(f"stage {i + 1} of {len(stages)}")
        return fitted

    def _kept_or_fitted(
        self, stage: ConvStage, old: FittedStage | None, *, may_grow: bool
    ) -> FittedStage:
        if old is None or old.map_shape != self.graph.output.shape:
            return self._fitted(stage)
        if _same(old.stage, stage):
            return old
        # Distances are compared with their mean over all centroids: a triangle does not grow.
        may_grow = may_grow and stage.nonlinearity != "triangle"
        return self._fitted(stage, old if may_grow and _same_but_number(old.stage, stage) else None)

    def _fitted(self, stage: ConvStage, old: FittedStage | None = None) -> FittedStage:
        """A stage fitted to the maps that the graph makes; the kernels of `old` stay."""
        maps = maps_behind(self.graph, self.maps, device=self.device, batch_size=self.batch_size)
        sources = self._fitted_sources(stage, maps)
        centroids = _centroids(stage, sources[0])
        kernels = np.concatenate([source.kernels_ for source in sources])
        biases = np.concatenate([source.biases_ for source in sources])
        if old is not None:
            kernels = _grown(old.kernels, kernels, stage.groups)
            biases = _grown(old.biases, biases, stage.groups)
        fitted = FittedStage(clone(stage), maps.shape[1:], kernels, biases, None, centroids)
        conv = fitted.conv(signal=self.signal)
        eps = stage.spec().learn_contrast(self.graph, conv, self.maps, self.device)
        fitted = replace(fitted, contrast_eps=eps)
        responses = fitted.responses(self.graph, signal=self.signal)
        thresholds = stage.spec().learn_thresholds(responses, self.maps, self.device)
        if old is not None and old.thresholds is not None and thresholds is not None:
            thresholds = _grown(old.thresholds, thresholds, fitted.parts)
        return replace(fitted, thresholds=thresholds)

    def _fitted_sources(self, stage: ConvStage, maps: Maps) -> tuple[KernelSource, ...]:
        """A source for each group of channels."""
        channels, groups = maps.shape[3], stage.groups
        if channels % groups:
            raise ValueError(f"groups={groups} does not divide the {channels} channels of the maps")
        step = channels // groups
        sources = []
        for start in range(0, channels, step):
            part = maps if groups == 1 else channels_of(maps, slice(start, start + step))
            with naming(self.maps.shape):
                sources.append(self._sized(stage, part.shape[1:]).fit(part, self.y))
        return tuple(sources)

    def _sized(self, stage: ConvStage, map_shape: tuple[int, ...]) -> Any:
        """The source of a stage, unfitted, its kernels no larger than the maps."""
        source = PatchKernels() if stage.kernels is None else stage.kernels
        return sized(source, map_shape, clip=self.clip)


def sized(source: Any, map_shape: tuple[int, ...], *, clip: bool) -> Any:
    """A clone of a source, its kernels no larger than the maps; ValueError where they are.

    With `clip` kernels that are too large or too many are cut, with a warning.
    """
    source, signal = clone(source), map_shape[0] == 1
    for name, value in source.get_params().items():
        parameter = name.rpartition("__")[2]
        if parameter == "kernel_size":
            size = fit_window(value, map_shape, name, signal=signal, clip=clip)
            source.set_params(**{name: size})
        elif parameter == "clip" and clip:
            source.set_params(**{name: True})
    return source


@contextmanager
def inside(stage: int) -> Iterator[None]:
    """A ValueError that leaves this block names the stage."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"stage{stage + 1}: {error}") from error


def _centroids(stage: ConvStage, source: KernelSource) -> KMeansKernels | None:
    """The source, for the triangle; ValueError where it has no centroids."""
    if stage.nonlinearity != "triangle":
        return None
    if not isinstance(source, KMeansKernels) or stage.groups > 1:
        raise ValueError(
            "nonlinearity='triangle' needs kernels=KMeansKernels(...) and groups=1, got "
            f"{type(source).__name__} and groups={stage.groups}"
        )
    return source


def _same(one: ConvStage, other: ConvStage) -> bool:
    return bool(joblib.hash(clone(one)) == joblib.hash(clone(other)))


def _same_but_number(one: ConvStage, other: ConvStage) -> bool:
    """Whether two stages differ in their number of kernels at most."""
    stages = []
    for stage in (one, other):
        numbers = [name for name in stage.get_params() if name.endswith("__n_kernels")]
        stages.append(clone(stage).set_params(**dict.fromkeys(numbers, 1)))
    return _same(*stages)


def _grown(old: Floats, new: Floats, parts: int) -> Floats:
    """`old`, and what `new` has more of in each part."""
    old, new = (array.reshape(parts, -1, *array.shape[1:]) for array in (old, new))
    if new.shape[1] < old.shape[1]:
        raise ValueError(
            f"{new.shape[1]} kernels with warm_start=True, expected at least the {old.shape[1]} "
            "that there are"
        )
    grown = np.concatenate([old, new[:, old.shape[1] :]], axis=1)
    return grown.reshape(-1, *grown.shape[2:])
