"""Given kernels: arrays, and layers of torch modules, whose standardising of inputs folds."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import ParameterGrid

from skconv.kernels import ArrayKernels, PretrainedKernels
from tests.patch_matrix import random_maps, responses

MAPS = random_maps(2, 8, 9, 3)
KERNELS = random_maps(4, 3, 5, 3, seed=1)


def network() -> Any:
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, (3, 5)),
        torch.nn.ReLU(),
        torch.nn.Conv2d(4, 2, 3, bias=False),
        torch.nn.Conv1d(3, 2, 5),
        torch.nn.Linear(7, 2),
    )


def test_array_is_taken_as_it_is() -> None:
    source = ArrayKernels(kernels=KERNELS.tolist(), biases=[1, 2, 3, 4]).fit(MAPS)
    assert_array_equal(source.kernels_, KERNELS.astype(np.float32))
    assert_array_equal(source.biases_, [1, 2, 3, 4])
    assert not ArrayKernels(kernels=KERNELS).fit(MAPS).biases_.any()


@pytest.mark.parametrize("whole", [True, False])
def test_response_is_the_layer(whole: bool) -> None:
    module = network()
    mean, std = np.array([0.4, 0.5, 0.6]), np.array([0.2, 0.3, 0.25])
    weights = module if whole else module.state_dict()
    source = PretrainedKernels(weights=weights, layer="0", mean=mean, std=std).fit(MAPS)
    inputs = torch.from_numpy((MAPS - mean) / std).float().permute(0, 3, 1, 2)
    with torch.no_grad():
        wanted = module[0](inputs).permute(0, 2, 3, 1).reshape(-1, 4).numpy()
    assert_allclose(responses(source, MAPS), wanted, atol=1e-5)


def test_layers_without_bias_and_of_signals() -> None:
    module = network()
    source = PretrainedKernels(weights=module, layer="2").fit(random_maps(1, 6, 6, 4))
    assert not source.biases_.any()
    weight = module[2].weight.detach().numpy()
    assert_array_equal(source.kernels_, weight.transpose(0, 2, 3, 1))
    signals = PretrainedKernels(weights=module, layer="3").fit(random_maps(1, 1, 6, 3))
    weight = module[3].weight.detach().numpy()
    assert_array_equal(signals.kernels_, weight.transpose(0, 2, 1)[:, None])


def test_kernels_do_not_follow_the_network() -> None:
    module = network()
    source = PretrainedKernels(weights=module, layer="0").fit(MAPS)
    before = source.kernels_.copy()
    with torch.no_grad():
        module[0].weight.zero_()
    assert_array_equal(source.kernels_, before)


def test_layer_is_a_parameter_to_search() -> None:
    source = PretrainedKernels(weights=network(), layer="2")
    maps = {"0": MAPS, "2": random_maps(1, 6, 6, 4)}
    for parameters in ParameterGrid({"layer": ["0", "2"]}):
        fitted = clone(source).set_params(**parameters).fit(maps[parameters["layer"]])
        assert fitted.kernels_.shape[0] == {"0": 4, "2": 2}[parameters["layer"]]


def test_a_file_holds_arrays_of_one_layer_and_no_network(tmp_path: Path) -> None:
    source = PretrainedKernels(weights=network(), layer="0", std=0.5).fit(MAPS)
    copy = pickle.loads(pickle.dumps(source))
    assert set(copy.weights) == {"0.weight", "0.bias"}
    assert all(type(array) is np.ndarray for array in copy.weights.values())
    assert_array_equal(clone(copy).fit(MAPS).kernels_, source.kernels_)
    assert isinstance(source.weights, torch.nn.Module)
    joblib.dump(source, tmp_path / "source.joblib")
    code = (
        "import joblib, sys; "
        f"source = joblib.load({str(tmp_path / 'source.joblib')!r}); "
        "print(source.kernels_.shape, 'torch' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        cwd=Path(__file__).parent.parent,
    )  # fmt: skip
    assert run.stdout.split("\n")[0] == "(4, 3, 5, 3) False"


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"kernels": KERNELS[0]}, r"kernels has shape \(3, 5, 3\), expected \(n_kernels, height"),
        ({"kernels": KERNELS[:0]}, "kernels"),
        ({"kernels": KERNELS * np.nan}, "NaN"),
        ({"kernels": KERNELS[..., :2]}, r"kernels has 2 channel\(s\), expected the 3 of the maps"),
        ({"kernels": np.ones((1, 9, 1, 3))}, r"kernel_size=\(9, 1\) is larger than the 8x9 maps"),
        ({"kernels": KERNELS, "biases": [1, 2]}, r"biases has shape \(2,\), expected \(4,\)"),
        ({"kernels": KERNELS, "biases": [1, 2, 3, np.inf]}, "infinity"),
        ({"kernels": "sobel"}, "kernels"),
    ],
)
def test_bad_arrays(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ArrayKernels(**parameters).fit(MAPS)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"layer": "7"}, r"layer='7' has no weight, expected one of \['0', '2', '3', '4'\]"),
        (
            {"layer": "4"},
            r"layer='4' has weights of shape \(2, 7\), expected those of a convolution",
        ),
        ({"layer": "2"}, r"weights has 4 channel\(s\), expected the 3 of the maps"),
        ({"layer": 0}, "layer"),
        ({"layer": "0", "weights": 5}, "weights=5 is neither a module nor a mapping"),
        ({"layer": "0", "std": 0.0}, "std=0.0 must be one positive number"),
        ({"layer": "0", "mean": [1.0, 2.0]}, r"mean=\[1.0, 2.0\] must be one number, or one for"),
    ],
)
def test_bad_layers(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PretrainedKernels(**{"weights": network(), **parameters}).fit(MAPS)
