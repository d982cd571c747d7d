"""Errors for arguments that are not a fitted estimator; they say what to write instead."""

from __future__ import annotations

import os
from pathlib import PurePath
from typing import Any

_TORCH = (
    "Write features = PretrainedFeatures(module, layer='output').fit(X), then "
    "to_c(features, X, classes=labels)."
)
_OTHER_NETWORKS = (
    "skconv reads torch modules only. Build the network in torch, then write "
    "features = PretrainedFeatures(module, layer='output').fit(X) and to_c(features, X)."
)
_SUFFIXES = {
    ".npy": ("an array file", "Write to_c(pipe, np.load(path)): the estimator comes first."),
    ".npz": ("an array file", "Write to_c(pipe, np.load(path)['X']): the estimator comes first."),
    ".onnx": ("an ONNX file", _OTHER_NETWORKS),
    ".keras": ("a Keras file", _OTHER_NETWORKS),
    ".h5": ("a Keras file", _OTHER_NETWORKS),
    ".tflite": ("a TensorFlow Lite file", _OTHER_NETWORKS),
    ".pt": ("a torch file", "Write to_c(PretrainedFeatures(path).fit(X), X)."),
    ".pt2": ("a torch file", "Write to_c(PretrainedFeatures(path).fit(X), X)."),
    ".pth": ("a torch file", f"Load its module with torch.load. {_TORCH}"),
}
_PACKAGES = {
    "onnx": "an ONNX network",
    "onnxruntime": "an ONNX network",
    "keras": "a Keras network",
    "tf_keras": "a Keras network",
    "tensorflow": "a TensorFlow network",
}


def check_given(estimator: Any) -> None:
    """Raise TypeError if the first argument is not an estimator; the error says what to write.

    Classes of scikit-learn's kind have `fit`; whether it was called is seen later.
    """
    if found := _network(estimator) or _value(estimator):
        what, advice = found
        raise TypeError(f"estimator is {what}, expected a fitted estimator or Pipeline. {advice}")


def _network(value: Any) -> tuple[str, str] | None:
    """Networks, and files that hold one."""
    if isinstance(value, str | os.PathLike):
        path = PurePath(value)
        joblib = f"Write to_c(joblib.load({str(path)!r}), X)."
        kind, advice = _SUFFIXES.get(path.suffix.lower(), ("a str or path", joblib))
        return f"{str(path)!r}, {kind}", advice
    for base in type(value).__mro__:
        package = base.__module__.partition(".")[0]
        if (base.__module__, base.__name__) == ("torch.nn.modules.module", "Module"):
            return f"the torch module {type(value).__name__}", _TORCH
        if (package, base.__name__) == ("torch", "ExportedProgram"):
            return "a torch.export program", _TORCH
        if package in _PACKAGES:
            return _PACKAGES[package], _OTHER_NETWORKS
    return None


def _value(value: Any) -> tuple[str, str] | None:
    """Anything else without `fit`, and classes."""
    if isinstance(value, type):
        name = value.__name__
        return f"the class {name}", f"Write to_c({name}().fit(X, y), X)."
    if type(value).__name__ == "CModel":
        return "a CModel, which is C already", "Write model.save(folder) or to_c(pipe, X)."
    if hasattr(value, "fit"):
        return None
    if hasattr(value, "shape") or isinstance(value, list | tuple):
        shape = f" of shape {tuple(value.shape)}" if hasattr(value, "shape") else ""
        name = type(value).__name__
        return f"a {name}{shape}", "Write to_c(pipe, X): the estimator comes first."
    if isinstance(value, dict):
        keys = ", ".join(map(repr, list(value)[:5]))
        return f"a dict with the keys {keys}", "Write to_c(pipe, X), with pipe out of the dict."
    if value is None:
        return "None", "Write to_c(pipe, X), with pipe the result of pipe.fit(X, y)."
    name = getattr(value, "__name__", repr(value)[:60])
    return f"{name}, of type {type(value).__name__}", "Write to_c(pipe.fit(X, y), X)."
