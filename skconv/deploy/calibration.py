"""Checks of calibration samples, and of the integers' agreement on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skconv.convert.fitted_range import Seen, seen
from skconv.deploy.verification import Agreement, measure_agreement
from skconv.exceptions import CalibrationWarning, warn
from skconv.graph import Conv, Graph
from skconv.utils.whole import is_whole

if TYPE_CHECKING:
    from skconv.deploy.model import CModel

# The largest number whose square float32 holds.
LARGEST_NUMBER = float(np.sqrt(np.finfo(np.float32).max))

# A range counts as far too narrow below this share of the range seen in fit ...
NARROW = 1 / 4
# ... or, with a range for each feature, which few samples cannot fill, below this share.
NARROW_FEATURES, FEWEST_SAMPLES = 1 / 8, 20
# A range is far off where it reaches beyond the range of fit by more than that range's width.
FAR = 1.0
# This share of all entries, or of the entries of one feature, has to be far off.
FAR_SHARE, FAR_FEATURE_SHARE = 0.05, 0.5
# Fractions are lost when they are rounded to fewer whole numbers than this.
FEWEST_LEVELS = 8

ENOUGH_AGREEMENT = 0.95
# The integer definition runs on up to this many samples, on fewer where each takes long.
FEWEST_COMPARED, MOST_COMPARED = 25, 500
MOST_MACS = 1e8
# Two wrong samples, or three of another class, are more than chance.
FEWEST_WRONG, FEWEST_OTHERS = 2, 3


# ----------------------------------------------------------------------------- the range


def check_range(estimator: Any, samples: NDArray[Any]) -> None:
    """Warn if calibration samples differ from those of fit; ValueError if they cannot work."""
    low, high = float(samples.min()), float(samples.max())
    largest = max(high, -low)
    if largest > LARGEST_NUMBER:
        value = high if high >= -low else low
        raise ValueError(
            f"X_calibration holds {value:g}, expected numbers of at most {LARGEST_NUMBER:.1e}; "
            "scale the samples before fit and to_c"
        )
    known = seen(estimator)
    if low == high and samples.size > 1 and not (known and np.all(known.low == known.high)):
        raise ValueError(
            f"X_calibration holds only the number {low:g}, expected samples like those that the "
            "device will see; give to_c samples from training, such as X_train[:300]"
        )
    if known and (fault := _fault(known, samples)):
        warn(
            f"{fault}. The integers are right in the range of X_calibration only; give to_c "
            "samples in the same units as in fit, such as X_train[:300]",
            CalibrationWarning,
        )


def _fault(known: Seen, samples: NDArray[Any]) -> str:
    """How calibration samples differ from those of fit; empty where they do not."""
    fitted = f"{known.by} was fitted on {known.low.min():g} to {known.high.max():g}"
    ranges = f"X_calibration reaches from {samples.min():g} to {samples.max():g}, but {fitted}"
    width = known.high - known.low
    if not np.any(width > 0):
        return ""
    if _is_narrow(width, samples) or _is_far(known, width, samples):
        return ranges
    levels = float(samples.max()) - float(samples.min())
    if known.is_whole is False and levels < FEWEST_LEVELS and is_whole(samples):
        return f"X_calibration holds whole numbers only, but {known.by} was fitted on fractions"
    return ""


def _is_narrow(width: NDArray[np.float64], samples: NDArray[Any]) -> bool:
    if width.ndim == 0:
        return bool(float(samples.max()) - float(samples.min()) < NARROW * width)
    if len(samples) < FEWEST_SAMPLES:
        return False
    varied = width > 0
    found = np.ptp(samples.astype(np.float64), axis=0)[varied]
    return bool(np.minimum(found / width[varied], 1).mean() < NARROW_FEATURES)


def _is_far(known: Seen, width: NDArray[np.float64], samples: NDArray[Any]) -> bool:
    beyond = FAR * width
    if width.ndim == 0:
        return bool(samples.min() < known.low - beyond or samples.max() > known.high + beyond)
    far = ((samples < known.low - beyond) | (samples > known.high + beyond))[:, width > 0]
    return bool(far.mean() > FAR_SHARE or (far.mean(axis=0) > FAR_FEATURE_SHARE).any())


# ------------------------------------------------------------------------- the agreement


def checked(model: CModel, X: Any, samples: NDArray[Any], advice: str) -> CModel:
    """The model with its agreement measured; warns if that is low.

    Parameters
    ----------
    model : CModel
    X : array-like
        Calibration samples as they were given.
    samples : ndarray of shape (n_samples, n_features)
        The same, flat.
    advice : str
        What may help.
    """
    n_rows = np.clip(MOST_MACS // max(model.graph.macs, 1), FEWEST_COMPARED, MOST_COMPARED)
    rows = np.unique(np.linspace(0, len(samples) - 1, int(n_rows)).astype(int))
    given = X.iloc[rows] if hasattr(X, "iloc") else samples[rows]
    found = measure_agreement(model, given, samples[rows], engine="fixed")
    if fault := _disagreement(model, found):
        warn(f"{fault}. {advice}", CalibrationWarning)
    model.calibration_agreement = found.value
    return model


def _disagreement(model: CModel, agreement: Agreement) -> str:
    """What is wrong with the integers on the calibration samples; empty where nothing is."""
    found, wanted = agreement.found, agreement.wanted
    on = f"on {len(wanted):,} calibration samples"
    if model.graph.decisions is not None:
        return _other_labels(found == wanted, on)
    if not model.graph.is_classifier:
        if agreement.value >= ENOUGH_AGREEMENT or np.isnan(agreement.value):
            return ""
        which = "" if agreement.worst_output is None else f" of output {agreement.worst_output}"
        return f"R^2{which} between the integers and the estimator is {agreement.value:.3f} {on}"
    others = wanted != found
    n_wrong = int(others.sum())
    if n_wrong >= FEWEST_OTHERS and len(np.unique(found)) == 1:
        return (
            f"the integers put all {len(wanted):,} calibration samples in class {found[0]!s}, "
            f"but the estimator puts {n_wrong:,} of them in other classes"
        )
    if n_wrong >= FEWEST_WRONG and agreement.value < ENOUGH_AGREEMENT:
        share = f"{agreement.value:.1%} of {len(wanted):,} calibration samples"
        return f"the integers agree with the estimator on only {share}"
    return ""


def _other_labels(same: NDArray[np.bool_], on: str) -> str:
    """What is wrong with the decisions on several outputs."""
    if (~same).sum() < FEWEST_WRONG or same.mean() >= ENOUGH_AGREEMENT:
        return ""
    return f"only {same.mean():.1%} of the labels of the integers are those of the estimator {on}"


def advice(
    graph: Graph,
    samples: NDArray[Any],
    calibration: str,
    input_type: str | None,
    *,
    conv_bits: int,
    linear_bits: int,
) -> str:
    """A sentence that names options of `to_c` that could raise the agreement."""
    convolves = any(isinstance(node.op, Conv) for node in graph.nodes)
    helpful = {
        "conv_bits=16": convolves and conv_bits == 8,
        "linear_bits=16": linear_bits == 8,
        "input_type='int16'": input_type in ("int8", "uint8") and not is_whole(samples),
        "calibration='percentile'": calibration == "minmax",
    }
    tried = " or ".join(option for option, helps in helpful.items() if helps)
    compare = (
        "model.compare(X) shows which layer loses most; "
        "if it is the last one, fit it with a stronger penalty"
    )
    return f"Try to_c(..., {tried}); {compare}" if tried else f"Look closer: {compare}"
