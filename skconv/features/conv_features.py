"""A stack of stages, each fitted to the maps of the one before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import _BaseComposition

from skconv.features.base import ConvExtractor
from skconv.features.conv_stage import ConvStage
from skconv.features.seeds import seeded
from skconv.features.stack import FittedStage, StackFit, inside
from skconv.graph import Graph
from skconv.kernels.random_patches import PatchKernels
from skconv.utils.progress import reporting


def default_stage() -> ConvStage:
    """The default stage of `ConvFeatures`."""
    return ConvStage(nonlinearity="abs", pool_size="overlapping", root=True)


class ConvFeatures(ConvExtractor, _BaseComposition):
    """Stages of convolution, nonlinearity and pooling, learnt one after the other.

    Each stage is fitted to the maps of the one before (layer-wise greedy learning), without
    back-propagation. Its source of kernels may be any of `skconv.kernels`; a supervised one
    sees ``y``. Maps of a deeper stage are never held in memory: they are made in batches
    each time that the source goes through them.

    The features are those of the last stage, row by row, kernels fastest.

    Parameters
    ----------
    stages : sequence of ConvStage, default=None
        From the input on; they are called ``stage1``, ``stage2``, ... Parameters are reached
        as ``stage1__pool_size``, ``stage1__kernels__n_kernels``; a stage or a source is
        replaced by ``set_params(stage1=...)``, ``set_params(stage1__kernels=...)``. None is
        one stage, whose parameters are reached as well: ``ConvStage(nonlinearity="abs",
        pool_size="overlapping", root=True)``.
    warm_start : bool, default=False
        In `fit`, keep the stages that are fitted already and have the same parameters. The
        last of them may get more kernels, and stages may follow it: only these are learnt.
        From a stage with other changes on all are fitted anew. More kernels are those that
        the source, fitted with the new ``n_kernels``, gives beyond the number there are.
    input_shape : tuple of int, default=None
        Shape of one sample: ``(length,)``, ``(height, width)``, ``(height, width,
        channels)``, ``(1, length, channels)``. ``None`` takes that of ``X``; a flat row is
        then a signal of one channel.
    data_format : {"channels_last", "channels_first"}, default="channels_last"
        Where the channels lie in ``X`` and in ``input_shape``.
    device : {"cpu", "cuda", "auto"}, default="cpu"
        Where `transform` computes, and `fit` the maps of deeper stages.
    batch_size : int or "auto", default="auto"
        Samples computed at a time; ``"auto"`` takes as many as fit the cache.
    n_jobs : int or None, default=None
        Jobs of joblib that `transform` shares the samples out among. ``None`` is 1, unless
        a `joblib.parallel_config` says otherwise; -1 takes all processors. With 1 torch
        uses all of them itself.
    verbose : int, default=0
        1 prints a line for each stage that is fitted, with the seconds since the start.
    random_state : int, RandomState instance or None, default=None
        Seeds the sources that have ``random_state=None``: an int makes all kernels
        reproducible, and those of a stage independent of the stages behind it.

    Attributes
    ----------
    stages_ : tuple of FittedStage
        Each with ``stage``, its parameters; ``kernels``, ``biases`` and ``thresholds``; and
        ``map_shape`` of the maps that it saw.
    kernels_, biases_ : tuple of ndarray of float32
        Those of every stage.
    thresholds_ : tuple of (ndarray of float32 or None)
        Those of every stage, for the soft threshold.
    graph_ : Graph
        From a flat sample to its features.
    map_shape_ : tuple of int
        ``(height, width, channels)`` of a sample.
    n_features_in_ : int
        Numbers in one sample.
    feature_names_in_ : ndarray of str
        Columns of ``X``, where it is a data frame.

    See Also
    --------
    PCANetFeatures : Two stages that share one bank over all maps, hashed and counted.

    Examples
    --------
    >>> from skconv import ConvFeatures, ConvStage
    >>> from skconv.kernels import PatchKernels, PCAKernels
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import RidgeClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> X, y = load_digits(return_X_y=True)
    >>> features = ConvFeatures(
    ...     [
    ...         ConvStage(kernels=PatchKernels(n_kernels=16, kernel_size=3, random_state=0)),
    ...         ConvStage(kernels=PCAKernels(n_kernels=16, kernel_size=3), pool_size="quadrants"),
    ...     ],
    ...     input_shape=(8, 8),
    ... )
    >>> model = make_pipeline(features, StandardScaler(), RidgeClassifier(alpha=100.0))
    >>> model.fit(X[:1000], y[:1000]).score(X[1000:], y[1000:]) > 0.93
    True
    >>> features.set_params(stage1__kernels__n_kernels=8).stages[0].kernels.n_kernels
    8
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **ConvExtractor._parameter_constraints,
        "stages": [list, tuple, None],
        "warm_start": ["boolean"],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
    }

    _fit_reads_maps = False

    stages_: tuple[FittedStage, ...]
    kernels_: Any
    biases_: Any
    thresholds_: tuple[Any, ...]

    def __init__(
        self,
        stages: Sequence[ConvStage] | None = None,
        *,
        warm_start: bool = False,
        input_shape: Any = None,
        data_format: str = "channels_last",
        device: str = "cpu",
        batch_size: Any = "auto",
        n_jobs: int | None = None,
        verbose: int = 0,
        random_state: Any = None,
    ) -> None:
        self.stages = stages
        self.warm_start = warm_start
        self.input_shape = input_shape
        self.data_format = data_format
        self.device = device
        self.batch_size = batch_size
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.random_state = random_state

    @property
    def _named_stages(self) -> list[tuple[str, Any]]:
        stages = [default_stage()] if self.stages is None else self.stages
        if not isinstance(stages, list | tuple):
            return []
        return [(f"stage{i}", stage) for i, stage in enumerate(stages, 1)]

    @_named_stages.setter
    def _named_stages(self, named: list[tuple[str, Any]]) -> None:
        self.stages = [stage for _, stage in named]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters by name.

        Parameters
        ----------
        deep : bool, default=True
            Also the stages and their parameters.

        Returns
        -------
        params : dict
            ``stage1__n_kernels`` is a parameter of the first stage.
        """
        return self._get_params("_named_stages", deep=deep)

    def set_params(self, **params: Any) -> ConvFeatures:
        """Set parameters, replace stages, or set parameters of stages.

        Parameters
        ----------
        **params : dict
            By name: ``stage1`` is the first stage, ``stage1__n_kernels`` a parameter of it.

        Returns
        -------
        self : object
            This estimator.
        """
        if "stages" in params:
            self.stages = params.pop("stages")
        if self.stages is None and any(name.partition("__")[0] == "stage1" for name in params):
            self.stages = [default_stage()]
        self._set_params("_named_stages", **params)
        return self

    def _checked_stages(self) -> list[ConvStage]:
        if self.stages is None:
            return [default_stage()]
        if not self.stages or not all(isinstance(stage, ConvStage) for stage in self.stages):
            raise ValueError(
                f"stages={self.stages!r}, expected at least one ConvStage. "
                "Write stages=[ConvStage(kernels=PCAKernels(n_kernels=8))]."
            )
        for i, stage in enumerate(self.stages):
            with inside(i):
                if isinstance(stage.kernels, type):
                    name = stage.kernels.__name__
                    raise ValueError(
                        f"kernels={name} is a class, expected an instance. Write kernels={name}()."
                    )
                stage._validate_params()
        return list(self.stages)

    def _seeded(self, stages: list[ConvStage]) -> list[ConvStage]:
        """The stages with a seed in every source that has none, where there is one to give."""
        if self.random_state is None:
            return stages
        random_state = check_random_state(self.random_state)
        sources = [PatchKernels() if stage.kernels is None else stage.kernels for stage in stages]
        return [
            clone(stage).set_params(kernels=seeded(source, random_state))
            for stage, source in zip(stages, sources, strict=True)
        ]

    def _fit_graph(self, maps: NDArray[Any], y: Any) -> Graph:
        stages = self._seeded(self._checked_stages())
        before = getattr(self, "stages_", ()) if self.warm_start else ()
        stack = StackFit(
            maps,
            y,
            clip=self._may_cut("stages"),
            device=self.device,
            batch_size=self.batch_size,
        )
        stack.check(stages)
        with reporting(type(self).__name__, self.verbose):
            self.stages_ = tuple(stack.fit(stages, before))
        self.kernels_ = tuple(stage.kernels for stage in self.stages_)
        self.biases_ = tuple(stage.biases for stage in self.stages_)
        self.thresholds_ = tuple(stage.thresholds for stage in self.stages_)
        return stack.graph
