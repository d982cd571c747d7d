"""Layers of a pretrained network as features (DeCAF)."""

from __future__ import annotations

import copy
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from skconv.convert.core import check
from skconv.exceptions import NotConvertibleError, SkconvWarning, warn
from skconv.features.base import ConvExtractor, naming
from skconv.features.graph_maps import row_chunks
from skconv.features.shapes import Shape3, checked_input_shape, with_three_axes
from skconv.graph import Conv, Graph, TensorSpec
from skconv.pretrained.heads import Pool, features_graph, head
from skconv.pretrained.packing import AbsentModule, PackedModule, is_module, packed, remember
from skconv.pretrained.preprocessing import (
    INTERPOLATIONS,
    Preprocessing,
    height_width,
    stated_by,
)
from skconv.pretrained.sources import Source, source_of
from skconv.torch_import.network import Layer, Layers

_POSITIVE = Interval(Real, 0, None, closed="neither")


class PretrainedFeatures(ConvExtractor):
    """Layers of a pretrained convolutional network as features of images or signals.

    The network becomes a graph once: batch normalisations are folded, what the layer does not
    need is left out, and nothing of torch stays in the fitted estimator. A layer at a third
    of the network costs a third of it. A layer in the middle, pooled to 2 x 2, is usually
    better for new kinds of images than the last one: search over ``layer`` and ``pool``.

    A dense network, one of linear layers without a convolution, reads samples as vectors:
    ``X`` of shape ``(n_samples, n_features)``, or maps, flattened as torch does it.

    Parameters
    ----------
    model : torch.nn.Module, str or path, default="efficientnet_lite0"
        The network: a module that takes one batch; ``"package.module:factory"``, a function
        without arguments that makes one; the path of a program saved by
        ``torch.export.save``; or a name: ``"efficientnet_lite0"``, ``"mobilenet_v2"``,
        ``"uspsnet"`` (see `skconv.pretrained.load`). A pickle of a fitted estimator does not
        hold the module.
    layer : str, int, Layer, list of these or None, default=None
        Qualified name of a module, whose output is taken (``"name:2"`` of its second run);
        ``"output"`` is that of the network. An int counts the rows of `layers`. Several
        layers stand one behind the other. None: the last layer that returns a map; of a dense
        network, and of the engine ``"module"``, the output.
    tap : {"output", "before_activation", "after_activation"}, default="output"
        Take exactly what the module returns; or, where that is an activation's output, what
        goes into the activation; or go on to the activation that follows, if nothing but a
        batch normalisation stands between.
    pool : str or None, default="2x2"
        Means over a grid of windows that covers the map, such as ``"2x2"``; ``"max 2x2"``
        takes the largest number of each. ``"mean"`` and ``"max"`` are one window. None:
        every pixel is a feature. Layers that return vectors are not pooled.
    normalize : bool, default=False
        Divide the features of every layer by their Euclidean length.
    preset : "auto", mapping, object or None, default="auto"
        Where it is stated what the network wants done to its input: a dict like timm's
        ``pretrained_cfg``, or torchvision's weights or their ``transforms()``. ``"auto"``
        reads what the model brings along; None is nothing. The parameters below override
        single facts.
    input_size : int, (int, int) or None, default=None
        Height and width that samples are resized to. None: as stated, else as they come.
    window_size : int, (int, int) or None, default=None
        The network is slid over samples that are larger than its input, which has this
        height and width: a vector becomes a map, with a pixel for every window. Samples
        then come at any size; they are resized only where ``input_size`` is given.
    interpolation : str or None, default=None
        ``"bilinear"`` (if nothing is stated), ``"bicubic"``, ``"area"``, ``"nearest"`` or
        ``"nearest-exact"``, as torch defines them.
    antialias : bool or None, default=None
        Smooth before an image gets smaller; True if nothing is stated.
    crop : float or None, default=None
        Resize the shorter side to ``input_size / crop`` and take the centre. None: as
        stated, else the whole image, stretched where its proportions differ.
    scale : float or None, default=None
        Pixels are multiplied by this before ``mean`` and ``std``. Stated scales are for
        pixels of 0 to 255: give 1.0 where yours are of 0 to 1. 1 if nothing is stated.
    mean, std : float, array-like or None, default=None
        ``(scale * x - mean) / std``, a number for each channel or one for all. 0 and 1 if
        nothing is stated.
    engine : {"auto", "graph", "module"}, default="auto"
        ``"module"`` runs a copy of the torch module; the estimator then needs torch and the
        module's code, and `skconv.to_c` refuses it. ``"auto"`` does so, with a warning, where
        the network has no form as a graph.
    input_shape : tuple of int, default=None
        Shape of one sample: ``(length,)``, ``(height, width)``, ``(height, width,
        channels)``, ``(1, length, channels)``. ``None`` takes that of ``X``; a flat row is
        then a signal of one channel.
    data_format : {"channels_last", "channels_first"}, default="channels_last"
        Where the channels lie in ``X`` and in ``input_shape``.
    device : {"cpu", "cuda", "auto"}, default="cpu"
        Where `transform` computes.
    batch_size : int or "auto", default="auto"
        Samples computed at a time; ``"auto"`` takes as many as fit the cache.
    n_jobs : int or None, default=None
        Jobs of joblib that `transform` shares the samples out among. ``None`` is 1, unless
        a `joblib.parallel_config` says otherwise; -1 takes all processors. With 1 torch
        uses all of them itself.

    Attributes
    ----------
    graph_ : Graph
        From a flat sample to its features. Not with the engine ``"module"``.
    engine_ : {"graph", "module"}
        What `transform` runs.
    fingerprint_ : str
        sha256 of the weights of the whole network.
    layers_ : list of str
        Names of the layers that are taken.
    window_strides_ : list of (int, int)
        With ``window_size``, of every layer: pixels from a window to the next one.
    preprocessing_ : Preprocessing
        What is done to a sample first.
    kernels_ : ndarray of float32 of shape (n_kernels, kernel_height, kernel_width, channels)
        Kernels of the first convolution, batch normalisation folded into them. Not of a
        dense network.
    biases_ : ndarray of float32 of shape (n_kernels,)
        Its biases.
    map_shape_ : tuple of int
        ``(height, width, channels)`` of a sample.
    n_features_in_ : int
        Numbers in one sample.
    feature_names_in_ : ndarray of str
        Columns of ``X``, where it is a data frame.

    See Also
    --------
    skconv.pretrained.import_module : The graph of a module alone.

    Notes
    -----
    Features stand row by row of the map, channels fastest, layer behind layer. With several
    layers `normalize` keeps one from drowning the others; a `StandardScaler` behind does it
    too.

    References
    ----------
    Donahue, Jia, Vinyals, Hoffman, Zhang, Tzeng, Darrell, "DeCAF: a deep convolutional
    activation feature for generic visual recognition", ICML 2014.

    Razavian, Azizpour, Sullivan, Carlsson, "CNN features off-the-shelf: an astounding
    baseline for recognition", CVPR workshops 2014.

    Examples
    --------
    >>> import torch
    >>> from skconv import PretrainedFeatures
    >>> from skconv.datasets import load_digits
    >>> from torch import nn
    >>> X, y = load_digits()
    >>> _ = torch.manual_seed(0)
    >>> net = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Conv2d(8, 16, 3), nn.ReLU())
    >>> features = PretrainedFeatures(net, layer="1", pool="max 2x2", input_shape=(8, 8))
    >>> features.layers()
    layer  shape         MACs  parameter bytes
    0      (6, 6, 8)    2,592              320
    1      (6, 6, 8)    2,592              320
    2      (4, 4, 16)  21,024            4,992
    3      (4, 4, 16)  21,024            4,992
    >>> features.fit_transform(X[:100]).shape
    (100, 32)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **ConvExtractor._parameter_constraints,
        "model": "no_validation",  # type: ignore[dict-item]
        "layer": [str, Integral, Layer, list, tuple, None],
        "tap": [StrOptions({"output", "before_activation", "after_activation"})],
        "pool": [str, None],
        "normalize": ["boolean"],
        "preset": "no_validation",  # type: ignore[dict-item]
        "input_size": [Interval(Integral, 1, None, closed="left"), "array-like", None],
        "window_size": [Interval(Integral, 1, None, closed="left"), "array-like", None],
        "interpolation": [StrOptions(set(INTERPOLATIONS)), None],
        "antialias": ["boolean", None],
        "crop": [Interval(Real, 0, 1, closed="right"), None],
        "scale": [_POSITIVE, None],
        "mean": [Real, "array-like", None],
        "std": [_POSITIVE, "array-like", None],
        "engine": [StrOptions({"auto", "graph", "module"})],
    }

    _fit_reads_maps, _names_say_places = False, False

    engine_: str
    fingerprint_: str
    layers_: list[str]
    preprocessing_: Preprocessing
    window_strides_: list[tuple[int, int]]

    def __init__(
        self,
        model: Any = "efficientnet_lite0",
        *,
        layer: Any = None,
        tap: str = "output",
        pool: str | None = "2x2",
        normalize: bool = False,
        preset: Any = "auto",
        input_size: Any = None,
        window_size: Any = None,
        interpolation: str | None = None,
        antialias: bool | None = None,
        crop: float | None = None,
        scale: float | None = None,
        mean: Any = None,
        std: Any = None,
        engine: str = "auto",
        input_shape: Any = None,
        data_format: str = "channels_last",
        device: str = "cpu",
        batch_size: Any = "auto",
        n_jobs: int | None = None,
    ) -> None:
        self.model = model
        self.layer = layer
        self.tap = tap
        self.pool = pool
        self.normalize = normalize
        self.preset = preset
        self.input_size = input_size
        self.window_size = window_size
        self.interpolation = interpolation
        self.antialias = antialias
        self.crop = crop
        self.scale = scale
        self.mean = mean
        self.std = std
        self.engine = engine
        self.input_shape = input_shape
        self.data_format = data_format
        self.device = device
        self.batch_size = batch_size
        self.n_jobs = n_jobs

    # ------------------------------------------------------------------------- the network

    def layers(self, depth: int | None = 2) -> Layers:
        """Layers of the network, and the cost up to each.

        Before `fit` the size of a sample must be known: from ``input_size``, from what is
        stated for the network, or from ``input_shape``.

        Parameters
        ----------
        depth : int or None, default=2
            List modules whose qualified names have up to so many parts; None: all.

        Returns
        -------
        layers : list of Layer
            In the order in which they run: ``name``, ``shape``, ``macs`` and
            ``parameter_bytes``. Each is a value for ``layer``.

        Raises
        ------
        ValueError
            Where the size of a sample is not known.
        NotConvertibleError
            Where the network has no form as a graph.
        """
        source = source_of(self.model)
        prepared = self._prepared(source)
        if hasattr(self, "map_shape_"):
            space = self.map_shape_[:2]
        elif self.input_shape is not None:
            space = self._given_shape()[:2]
        elif prepared.input_size is not None:
            space = prepared.input_size
        elif source.reads_vectors:
            space = (1, 1)
        else:
            raise ValueError(
                "layers() before fit must know the size of a sample: give input_size or input_shape"
            )
        return source.network(prepared.size_of(space), self._window()).layers(depth)

    def _given_shape(self) -> Shape3:
        first = self.data_format == "channels_first"
        axes = with_three_axes(checked_input_shape(self.input_shape) or (), channels_first=first)
        return (axes[1], axes[2], axes[0]) if first else axes

    def _window(self) -> tuple[int, int] | None:
        return None if self.window_size is None else height_width(self.window_size, "window_size")

    def _prepared(self, source: Source) -> Preprocessing:
        """What is done to a sample first."""
        automatic = isinstance(self.preset, str) and self.preset == "auto"
        stated = source.preprocessing if automatic else stated_by(self.preset)
        if self.window_size is not None:
            stated = stated.as_they_come()
        elif self.input_size is None and source.fixed_size():
            stated = stated.changed(input_size=source.fixed_size())
        return stated.changed(
            input_size=self.input_size,
            interpolation=self.interpolation,
            antialias=self.antialias,
            crop=self.crop,
            scale=self.scale,
            mean=self.mean,
            std=self.std,
        )

    # -------------------------------------------------------------------------------- fit

    def fit(self, X: Any, y: Any = None) -> PretrainedFeatures:
        """Import the network for samples of the shape of ``X``; nothing is learnt.

        Parameters
        ----------
        X : array-like
            Samples, shaped as the class says.
        y : array-like, default=None
            Ignored.

        Returns
        -------
        self : object
            The fitted extractor.

        Raises
        ------
        ValueError
            Where ``X`` is not as the network wants it, or a parameter is not.
        ImportError
            Where ``model`` is a name and its package is not installed.
        NotConvertibleError
            With ``engine="graph"``, where the network has no form as a graph.
        """
        super().fit(X, y)
        if self.engine_ == "module":
            self.preprocessing_graph_ = self.graph_
            del self.graph_
        return self

    def _fit_graph(self, maps: NDArray[Any], y: Any) -> Graph:
        self._forget()
        if self.pool is not None:
            Pool.parsed(self.pool)
        source = source_of(self.model)
        with naming(maps.shape):
            self.preprocessing_ = self._prepared(source)
            before = source.input_graph(self.preprocessing_, maps.shape[1:])
        self.fingerprint_ = source.fingerprint()
        if not source.is_program:
            remember(source.module, self.fingerprint_)
        if self.engine == "module":
            return self._fit_module(source, before)
        try:
            graph = before.extend(self._network_graph(source, before, maps.shape))
        except NotConvertibleError as error:
            if self.engine == "graph" or source.is_program or self.window_size is not None:
                raise
            return self._fit_instead(source, before, error)
        self.engine_ = "graph"
        return graph

    def _reads_rows(self) -> bool:
        return source_of(self.model).reads_vectors

    def _forget(self) -> None:
        """What the other engine left behind."""
        for name in ("module_", "heads_", "n_space_", "preprocessing_graph_", "window_strides_"):
            if hasattr(self, name):
                delattr(self, name)

    def _network_graph(self, source: Source, before: Graph, shape: tuple[int, ...]) -> Graph:
        network = source.network(before.output.shape[:2], self._window())
        is_output = self.layer is None and source.reads_vectors
        self.layers_ = network.names("output" if is_output else self.layer)
        tensors = [network.tensor(name, self.tap) for name in self.layers_]  # type: ignore[arg-type]
        if network.strides:
            self.window_strides_ = [network.strides[tensor] for tensor in tensors]
        with naming(shape):
            graph = features_graph(network, tensors, self.pool, self.normalize)
        convs = (node.op for node in graph.nodes if isinstance(node.op, Conv))
        first = next(convs, None)
        if first is not None:
            self.kernels_, self.biases_ = first.weights, first.bias
        return graph

    # ------------------------------------------------------------------- the module itself

    def _fit_instead(self, source: Source, before: Graph, error: NotConvertibleError) -> Graph:
        """Run the module, as it has no graph; where it does not run either, say why."""
        try:
            graph = self._fit_module(source, before)
        except RuntimeError as by_torch:
            raise error from by_torch
        warn(f"the module itself is run (engine='module'): {error}", SkconvWarning)
        return graph

    def _fit_module(self, source: Source, before: Graph) -> Graph:
        if source.is_program:
            raise ValueError("engine='module' needs a module, not a torch.export program")
        if self.window_size is not None:
            raise ValueError("engine='module' slides no network: window_size must be None")
        if self.tap != "output":
            raise ValueError(f"tap={self.tap!r} needs a graph: name another module as layer")
        several = isinstance(self.layer, list | tuple)
        chosen = self.layer if several else [self.layer]
        names = ["output" if one is None else one for one in chosen]
        if not names or not all(isinstance(name, str | Layer) for name in names):
            raise ValueError(f"layer={self.layer!r}: engine='module' needs names of modules")
        self.engine_, self.module_ = "module", copy.deepcopy(source.module).eval()
        self.layers_ = [str(name) for name in names]
        self.n_space_ = source.input_axes()[1]
        outputs = self._outputs(np.zeros((1, *before.output.shape), np.float32))
        self.heads_ = [
            head(TensorSpec(maps.shape[1:]), self.pool, self.normalize) for maps in outputs
        ]
        return before

    def _outputs(self, maps: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        from skconv.pretrained.module_engine import run_module

        return run_module(
            self.module_, maps, self.layers_, n_space=self.n_space_, device=self.device
        )

    def _run(self, flat: NDArray[Any]) -> NDArray[np.float32]:
        if self.engine_ == "graph":
            return super()._run(flat)
        return np.concatenate([self._run_module(flat[rows]) for rows in self._chunks(flat)])

    def _chunks(self, flat: NDArray[Any]) -> Any:
        if self.batch_size == "auto":
            return row_chunks(len(flat), 16 * self.preprocessing_graph_.output.nbytes)
        return (slice(i, i + self.batch_size) for i in range(0, len(flat), self.batch_size))

    def _run_module(self, flat: NDArray[Any]) -> NDArray[np.float32]:
        from skconv.runtime import engine

        before = engine.run(self.preprocessing_graph_, flat, device=self.device)
        outputs = self._outputs(before.reshape(len(flat), *self._network_input))
        features = [
            engine.run(branch, maps, device=self.device)
            for branch, maps in zip(self.heads_, outputs, strict=True)
        ]
        return np.concatenate(features, axis=1)

    @property
    def _network_input(self) -> tuple[int, ...]:
        """Shape of the maps before they were made flat; of a dense network it is flat."""
        shapes = [spec.shape for spec in self.preprocessing_graph_.specs.values()]
        return shapes[-1] if self.n_space_ == 0 else [s for s in shapes if len(s) == 3][-1]

    @property
    def _n_features_out(self) -> int:
        if self.engine_ == "graph":
            return self.graph_.output.size
        return sum(branch.output.size for branch in self.heads_)

    # ------------------------------------------------------------------------------ pickles

    def __getstate__(self) -> dict[str, Any]:
        """Once fitted without the module that came in; weights of what is run as arrays."""
        state = dict(super().__getstate__())
        if is_module(self.model):
            fitted = hasattr(self, "fingerprint_")
            name = type(self.model).__name__
            state["model"] = AbsentModule(name, self.fingerprint_) if fitted else packed(self.model)
        if hasattr(self, "module_"):
            state["module_"] = packed(self.module_)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = {
            name: value.unpacked() if isinstance(value, PackedModule) else value
            for name, value in state.items()
        }
        if isinstance(state["model"], AbsentModule):
            found = state["model"].found()
            state["model"] = state.get("module_", found) if found is state["model"] else found
        super().__setstate__(state)


@check.register
def _(features: PretrainedFeatures) -> None:
    check_is_fitted(features)
    if features.engine_ == "module":
        raise NotConvertibleError(
            type(features).__name__,
            "the network is run as a torch module and has no graph",
            "fit with engine='graph' to see why, and tap a layer that has one",
            "engine",
        )
