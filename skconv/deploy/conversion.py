"""``to_c``: from a fitted Pipeline to C, in one call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from skconv.codegen.emit import emit
from skconv.codegen.interface import Arena, Input, Interface, Unpack, Window
from skconv.codegen.names import check_name
from skconv.codegen.routines.base import Optimize
from skconv.codegen.unpack import check_unpack
from skconv.convert import NotConvertibleError
from skconv.convert.step_of_node import refused
from skconv.deploy.arguments import OldInput, check_option, check_samples, current_input
from skconv.deploy.calibration import advice, check_range, checked
from skconv.deploy.front import device_of, front_of, with_front
from skconv.deploy.limits import Limits
from skconv.deploy.model import CModel
from skconv.deploy.smoothed import without_smoothing
from skconv.deploy.stored_bytes import warn_of_bytes
from skconv.deploy.stream_arguments import check_windows, sample_size, windows_of
from skconv.deploy.wanted import Wanted
from skconv.graph import Graph, Quantized
from skconv.passes.calibrate import Method
from skconv.passes.device import centred
from skconv.passes.integers import integer_graph
from skconv.passes.lowering import Bits
from skconv.passes.quantize import InputType
from skconv.passes.refusal import NoIntegerFormError
from skconv.target.chips import Chip
from skconv.target.targets import Target, get_target
from skconv.utils.progress import report, reporting

DType = Literal["int8", "float32"]

OPTIONS: dict[str, tuple[Any, ...]] = {
    "dtype": get_args(DType),
    "calibration": get_args(Method),
    "linear_bits": get_args(Bits),
    "conv_bits": get_args(Bits),
    "optimize": get_args(Optimize),
    "input_type": (None, *get_args(InputType)),
    "input": get_args(Input),
    "arena": get_args(Arena),
    "unpack": get_args(Unpack),
}


def to_c(
    estimator: Any,
    X_calibration: Any = None,
    *,
    name: str = "model",
    dtype: DType = "int8",
    target: str = "cortex-m4",
    calibration: Method = "minmax",
    linear_bits: Bits = 16,
    conv_bits: Bits = 8,
    optimize: Optimize = "balanced",
    input: Input | OldInput = "whole",  # A builtin's name, and the word for what a model reads.
    window: int | None = None,
    hop: int | None = None,
    front: Sequence[Any] | None = None,
    input_type: InputType | None = None,
    arena: Arena = "static",
    unpack: Unpack = "inference",
    probabilities: bool = False,
    scores: bool = False,
    classes: Any = None,
    chip: str | Chip | None = None,
    flash_bytes: int | None = None,
    ram_bytes: int | None = None,
    verbose: int = 0,
) -> CModel:
    """Turn a fitted estimator into C.

    Parameters
    ----------
    estimator : estimator
        A fitted Pipeline, or a single estimator, that `skconv.to_graph` converts.
    X_calibration : array-like of shape (n_samples, ...), optional
        Samples like those that the device will see, in the type that it delivers: uint8,
        int8 and int16 are taken as they are, whole numbers in another type as uint8 or
        int16, and bytes divided by 255 as uint8. Other numbers are int16 with a scale: one
        for all where it tells the values of every feature apart, else a scale and a zero
        point for all or for each, which the first layer absorbs and the header states
        (``NAME_INPUT_SCALES``). Needed for int8; a few hundred are enough. The
        first of them become the test vectors of `CModel.save`.
    name : str
        Prefix of all C symbols and of the files: a C identifier of at most 63 letters. A name
        that would hide a header, such as ``"string"``, is refused.
    dtype : {"int8", "float32"}
        Integers only (no FPU needed, the same bytes on every target), or float32.
    target : str
        For example ``"cortex-m4"``: see `skconv.target.targets`. It decides which routines are
        called and how their tables lie. It does not change the integers: the C compiles and
        gives the same bytes on other targets, too, except that an AVR cannot compile what
        is printed for a core with the DSP extension.
    calibration : {"minmax", "percentile", "mse"}
        How the range of each tensor is chosen, see `skconv.passes.calibrate.calibrate`.
    linear_bits : {8, 16}
        Size of the weights of linear layers and linear classifiers. Their input has 8 bits,
        or up to 16 where 8 would change decisions.
    conv_bits : {8, 16}
        Size of the maps that convolutions read. The first one always reads 16 bits where the
        device delivers int16. A deep network loses less accuracy with 16; the maps then take
        twice the memory, and the weights stay int8.
    optimize : {"size", "balanced", "speed"}
        Whether to save memory or instructions. ``"size"`` takes the least RAM, ``"speed"``
        the fewest instructions. ``"balanced"`` takes more than twice the RAM of ``"size"``
        only where that saves more than a third of the instructions: see
        `skconv.codegen.select`. `CModel.report` says what the other choices would cost.
    input : {"whole", "rows", "samples"}
        How the C takes a sample: as a whole, or row by row through ``NAME_push``. By rows,
        only those that a kernel covers are in memory. ``"samples"``: the C takes an endless
        stream, one sample in time of all channels at a time, and decides on every window of it.
        The answers are those of whole windows. `CModel.stream` does the same in Python.
    window : int, optional
        With ``input="samples"``: samples in a window. By default what the estimator was fitted
        on; flat windows of several channels have to say it.
    hop : int, optional
        With ``input="samples"``: samples from one window to the next.
    front : sequence of filters, optional
        With ``input="samples"``: `skconv.IIRFilter`, `skconv.Decimate` and
        `skconv.VectorMagnitude` that run on over the stream, in front of the windows. They need
        not be fitted. The estimator was fitted on windows of recordings that went through
        `skconv.signals.filter_recordings`; ``window`` and ``hop`` count samples behind the
        filters. ``X_calibration`` is then a list of raw recordings ``(length, channels)``, each
        at least as long as a window. The samples of `CModel.predict`, ``verify`` and ``NAME_run``
        are raw windows, at which the filters begin from rest.
    input_type : {"uint8", "int8", "int16"}, optional
        What the device delivers, where the calibration samples do not tell it: by default
        int16 for numbers that are not whole. 8 bits have one scale for all features.
    arena : {"static", "caller"}
        Where working memory lives: static in the C, or in a ``NAME_arena_t`` that the caller
        passes to every function.
    unpack : {"inference", "boot"}
        ``"boot"``: tables lie in flash as a Huffman code, where that is smaller, and are unpacked
        to RAM once, by ``NAME_unpack`` or in the first inference; coded weights are expanded as a
        whole. The memory of tables is a part of the arena. An AVR unpacks int8 weights alone.
    probabilities : bool
        Print ``NAME_probabilities``, too: what ``predict_proba`` of a classifier makes of its
        scores, or the softmax of those that belong to ``classes``, by a table.
        `CModel.predict_proba` then gives the same numbers. Scores saturate on samples far
        beyond the calibration samples, and so do their probabilities.
    scores : bool
        Let the scores be the numbers that ``decision_function`` of a classifier or an outlier
        detector returns, or ``score_samples`` of a density; else their order is all that counts.
        `CModel.decision_function` or `CModel.score_samples` then gives the same numbers, the
        header states their scale, and ``verify`` prints their error. A density, and pairs of more
        than two classes, leave the decision to the caller.
    classes : array-like of shape (n_classes,), optional
        Labels, for a transformer whose features are the scores of classes, such as the last
        layer of a network. ``NAME_predict`` then chooses the largest score. A single score
        decides between two classes: it is positive for the second.
    chip : str or Chip, optional
        Refuse a model that does not fit: a name in `skconv.target.chips.CHIPS`, or a
        `skconv.target.chips.Chip`. Flash has to hold tables and code, which is an estimate; RAM
        the arena, the input and the output.
    flash_bytes, ram_bytes : int, optional
        The same by numbers, where the model may have a share of the chip.
    verbose : int
        1 prints a line for each pass, with the seconds since the start.

    Returns
    -------
    model : CModel
        The C, its costs, and what runs and checks it.

    Raises
    ------
    NotConvertibleError
        Where a step cannot be exported: it names the step, class, parameter and advice.
    MemoryLimitError
        Where the model does not fit ``chip``, ``flash_bytes`` or ``ram_bytes``: it names the
        largest nodes.
    ValueError
        Where a parameter or the calibration samples are not what is wanted.

    Warns
    -----
    CalibrationWarning
        If the range of the calibration samples is far from the range seen in fit, or if the
        integers disagree with the estimator on them: agreement, or R^2, below .95.
    StorageWarning
        If support vectors that were made for 4 bits a feature take more.

    References
    ----------
    Jacob et al., "Quantization and Training of Neural Networks for Efficient
    Integer-Arithmetic-Only Inference", CVPR 2018.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> import skconv
    >>> X, y = load_digits(return_X_y=True)
    >>> features = skconv.RandomConvFeatures(
    ...     n_kernels=8, kernel_size=3, pool_size=2, input_shape=(8, 8), random_state=0
    ... )
    >>> pipe = make_pipeline(features, LogisticRegression(max_iter=2000)).fit(X, y)
    >>> model = skconv.to_c(pipe, X[:200], name="digits")
    >>> model.verify(X[:50]).differing_bytes
    0
    """
    check_name(name)
    estimator, smoothed = without_smoothing(estimator, input)
    input_ = check_windows(current_input(input), window, hop)
    bits: dict[str, Any] = {"linear_bits": linear_bits, "conv_bits": conv_bits}
    rest = {"calibration": calibration, "input_type": input_type, "arena": arena}
    _check_options(optimize=optimize, input=input_, unpack=unpack, dtype=dtype, **rest, **bits)
    chosen, limits = get_target(target), Limits.of(chip, flash_bytes, ram_bytes, target)
    check_unpack(unpack, arena, dtype)
    wanted = Wanted(dtype, probabilities, scores, classes, smoothed)
    floats = wanted.graph(estimator)
    running = front_of(front, X_calibration, input_, dtype, calibration, input_type)
    X_calibration = X_calibration if running is None else running.windows(floats, hop)
    stream = windows_of(floats, X_calibration, window, hop)
    interface = Interface(input_, arena, None, stream, unpack=unpack)
    if dtype == "float32":
        model = _float_model(estimator, floats, X_calibration, name, chosen, interface, wanted)
        return limits.require(model)
    samples = _checked_samples(estimator, X_calibration, floats.input.size)
    options = bits | wanted.options(estimator) | {"device": device_of(running), "window": stream}
    graph = _integers(verbose, estimator, floats, samples, calibration, input_type, **options)
    interface = wanted.completed(interface, estimator, graph)
    model = limits.require(CModel(estimator, graph, name, chosen, samples, optimize, interface))
    told = advice(floats, samples, calibration, input_type, **bits)
    return with_front(running, checked(model, X_calibration, samples, told))


def _checked_samples(estimator: Any, X_calibration: Any, n_features: int) -> NDArray[Any]:
    samples = check_samples("X_calibration", X_calibration, n_features)
    check_range(estimator, samples)
    return samples


def _check_options(**given: Any) -> None:
    for name, value in given.items():
        check_option(name, value, OPTIONS[name])


def _integers(
    verbose: int, estimator: Any, floats: Graph, *more: Any, window: Window | None, **options: Any
) -> Graph:
    """What `integer_graph` makes of the arguments; its errors name the estimator."""
    options["sample_size"] = sample_size(floats, window)
    with reporting("to_c", verbose):
        try:
            graph = integer_graph(floats, *more, **options)
        except NoIntegerFormError as error:
            raise refused(estimator, error) from error
        report("integers chosen")
    warn_of_bytes(floats, graph)
    return graph


def _float_model(
    estimator: Any,
    floats: Graph,
    X_calibration: Any,
    name: str,
    target: Target,
    interface: Interface,
    wanted: Wanted,
) -> CModel:
    _check_float(estimator, floats)
    samples = _samples_of_floats(X_calibration, floats.input.size)
    graph = centred(floats, samples)
    interface = wanted.completed(interface, estimator, graph)
    return CModel(estimator, graph, name, target, samples, interface=interface)


def _samples_of_floats(X_calibration: Any, n_features: int) -> NDArray[Any]:
    """Calibration samples, which a float model can do without."""
    given = np.empty((0, n_features)) if X_calibration is None else X_calibration
    return check_samples("X_calibration", given, n_features, at_least=0)


def _check_float(estimator: Any, graph: Graph) -> None:
    if any(isinstance(node.op, Quantized) for node in graph.nodes):
        raise NotConvertibleError(
            type(estimator).__name__,
            "QuantizedFeatures yields integers, dtype='float32' has none",
            "use dtype='int8'",
            "dtype",
        )
    for node in graph.nodes:
        if emit.dispatch(type(node.op)) is emit.dispatch(object):
            error = NoIntegerFormError(f"{type(node.op).__name__} has no C", "use another step")
            error.node = node.name
            raise refused(estimator, error)
