"""The values of the parameter ``model``."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, is_zipfile

from skconv.graph import Graph, Permute, Reshape
from skconv.pretrained import loaders
from skconv.pretrained.packing import AbsentModule, is_module
from skconv.pretrained.preprocessing import Preprocessing, stated_by_model
from skconv.pretrained.sliding import slid
from skconv.runtime.engine import require_torch
from skconv.torch_import.network import Network

_FACTORY = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")


@dataclass(frozen=True)
class Source:
    """A network before it is imported.

    Attributes
    ----------
    module : torch.nn.Module or torch.export.ExportedProgram
        With weights.
    preprocessing : Preprocessing
        What is stated for it.
    """

    module: Any
    preprocessing: Preprocessing

    @property
    def is_program(self) -> bool:
        """Whether it is a ``torch.export`` program."""
        return not is_module(self.module)

    @property
    def name(self) -> str:
        return type(self.module).__name__

    def input_axes(self) -> tuple[int, int]:
        """How many channels a sample has, and how many axes of space.

        A dense network has no axis of space: it reads a vector, of so many numbers as its
        first linear layer or normalisation takes.

        Raises
        ------
        ValueError
            Where the network has no layer that tells.
        """
        if self.is_program:
            from skconv.torch_import.tracing import sample_shape

            channels, *space = sample_shape(self.module)
            return channels, len(space)
        for axes in (_AXES, _DENSE):
            for part in self.module.modules():
                name = next((c.__name__ for c in type(part).__mro__ if c.__name__ in axes), None)
                if name:
                    return int(getattr(part, axes[name][0])), axes[name][1]
        raise ValueError(
            f"model: {self.name} has no Conv1d, Conv2d or Linear that tells what it reads. Write "
            "model=torch.nn.Sequential(...) with one of these, or give a torch.export program."
        )

    @property
    def reads_vectors(self) -> bool:
        """Whether a sample is a vector to the network, and no map."""
        return self.input_axes()[1] == 0

    def input_graph(self, prepared: Preprocessing, shape: tuple[int, int, int]) -> Graph:
        """From a sample to what the network reads: a map, or a vector in torch's order.

        Raises
        ------
        ValueError
            Where samples do not fit the network.
        """
        n_numbers = self.input_axes()[0]
        if not self.reads_vectors:
            return prepared.graph(shape, n_numbers)
        graph = prepared.graph(shape, shape[2])
        if graph.output.size != n_numbers:
            raise ValueError(
                f"model: {self.name} reads vectors of {n_numbers} numbers, samples have "
                f"{graph.output.size}. Write fit(X) with X of shape (n_samples, {n_numbers})."
            )
        if graph.output.shape[2] > 1:
            graph = graph.append(Permute((2, 0, 1)))
        return graph.append(Reshape((n_numbers,)))

    def fixed_size(self) -> tuple[int, int] | None:
        """Height and width, where the network takes no other."""
        if not self.is_program:
            return None
        from skconv.torch_import.tracing import sample_shape

        space = sample_shape(self.module)[1:]
        if not space:
            return None
        return (1, space[0]) if len(space) == 1 else (space[0], space[1])

    def fingerprint(self) -> str:
        """sha256 of the weights."""
        from skconv.torch_import.importing import weights_fingerprint

        state = self.module.state_dict
        return weights_fingerprint(state if self.is_program else state())

    def network(self, space: tuple[int, ...], window: tuple[int, int] | None = None) -> Network:
        """The network as a graph, for maps of height and width ``space``.

        With a ``window`` it is a network for maps of that size, slid over them.
        """
        if self.reads_vectors:
            return self._dense(window)
        if window is not None:
            window = window if space[0] > 1 else (1, window[1])
            if self.fixed_size() not in (None, window):
                raise ValueError(f"window_size={window}, the program takes {self.fixed_size()}")
            return slid(self.network(window), (space[0], space[1]))
        from skconv.torch_import import importing

        channels, n_space = self.input_axes()
        height, width = space
        if n_space == 1 and height != 1:
            raise ValueError(f"the network reads signals, samples are maps of height {height}")
        shape = (channels, width) if n_space == 1 else (channels, height, width)
        if self.is_program:
            return importing.import_program(self.module)
        return importing.import_module(self.module, shape)

    def _dense(self, window: tuple[int, int] | None) -> Network:
        if window is not None:
            raise ValueError(
                f"window_size={window} slides a network over maps, {self.name} reads vectors. "
                "Write window_size=None."
            )
        from skconv.torch_import import importing

        if self.is_program:
            return importing.import_program(self.module)
        return importing.import_module(self.module, (self.input_axes()[0],))


# Layers that tell what a network reads: where they say how much, and how many axes of space.
_AXES = {"Conv1d": ("in_channels", 1), "Conv2d": ("in_channels", 2)}
_DENSE = {"Linear": ("in_features", 0), "BatchNorm1d": ("num_features", 0)}


def source_of(model: Any) -> Source:
    """Find the network that a parameter stands for.

    Raises
    ------
    ValueError, TypeError
        Where it stands for none.
    ImportError
        Where torch or a package is not installed.
    """
    if isinstance(model, AbsentModule):
        raise ValueError(
            f"model: {model.name} with weights {model.fingerprint} is not kept in a pickle of "
            "a fitted extractor; set_params(model=...) before fitting it again"
        )
    require_torch("A torch network")
    if isinstance(model, str) and model in loaders.NAMES:
        return Source(*loaders.load(model))
    if isinstance(model, str) and _FACTORY.fullmatch(model):
        model = _made_by(model)
    if isinstance(model, str | os.PathLike):
        return Source(_program(Path(model)), Preprocessing())
    if not is_module(model):
        raise TypeError(
            f"model={model!r}: expected a torch.nn.Module, 'module:factory', the path of a saved "
            f"torch.export program, or one of {sorted(loaders.NAMES)}"
        )
    return Source(model, stated_by_model(model))


def _made_by(factory: str) -> Any:
    made = _named(factory)()
    if not is_module(made):
        raise TypeError(f"model={factory!r} made {made!r}, expected a torch.nn.Module")
    return made


def _named(factory: str) -> Any:
    """What ``package.module:factory`` names: something to call without arguments."""
    module, _, name = factory.partition(":")
    try:
        value: Any = import_module(module)
        for part in name.split("."):
            value = getattr(value, part)
    except ModuleNotFoundError as error:
        raise ImportError(
            f"model={factory!r} needs the module {error.name}, which is not installed. Install its "
            f"package, for example with `pip install {str(error.name).split('.')[0]}`."
        ) from error
    except AttributeError as error:
        raise ValueError(
            f"model={factory!r}: {error}. Write 'package.module:factory' with a function that "
            "makes the network."
        ) from error
    if not callable(value):
        raise TypeError(
            f"model={factory!r} is {value!r}, which is not callable. Write "
            "'package.module:factory' with a function that makes the network."
        )
    try:
        signature(value).bind()
    except TypeError as error:
        raise TypeError(
            f"model={factory!r} is called without arguments, but {error}. Call it yourself, and "
            "write model=module."
        ) from error
    return value


def _program(path: Path) -> Any:
    if not path.is_file():
        raise ValueError(_unknown(str(path)))
    import torch

    try:
        if not is_zipfile(path):  # Torch takes seconds to say so.
            raise BadZipFile
        return torch.export.load(path)
    except Exception as error:
        raise ValueError(
            f"model={str(path)!r} is not a program of torch.export ({type(error).__name__}). Write "
            "torch.export.save(torch.export.export(module, (images,)), path), or give the module."
        ) from error


def _unknown(name: str) -> str:
    """What a string that stands for no network might have been meant for."""
    if name.endswith((".onnx", ".keras", ".h5", ".tflite")):
        return (
            f"model={name!r} is a file of another framework, expected a torch network. Build it in "
            "torch, load its weights there, and write model=module."
        )
    known = ", ".join(map(repr, sorted(loaders.NAMES)))
    return (
        f"model={name!r} is not a file (a saved torch.export program), not "
        f"'package.module:factory' and not one of the names {known}. {_meant(name)}"
    )


def _meant(name: str) -> str:
    if close := get_close_matches(name, loaders.NAMES, n=1):
        return f"Write model={close[0]!r}."
    if name.isidentifier():
        return (
            f"Write model=module with the torch module, such as torchvision's {name}"
            f"(weights='DEFAULT'), or model='torchvision.models:{name}'."
        )
    return "Write model=module with the torch module."
