"""USPSNet, the whole network with its own last layer, on simulated Cortex-M7 and M4."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

from skconv import PretrainedFeatures, to_c
from skconv.emulator import tools

N_SAMPLES = 100
FLASH, RAM = 170_000, 12_000


@pytest.fixture(scope="module")
def digits():
    """Images of 0 to 255, as the network wants them, and labels."""
    X, y = load_digits(return_X_y=True)
    return np.rint(X.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8), y


@pytest.fixture(scope="module")
def features(pretrained, digits):
    pretrained("uspsnet")
    return PretrainedFeatures("uspsnet", layer="output", interpolation="bicubic").fit(digits[0])


@pytest.fixture(scope="module")
def model(features, digits):
    return to_c(
        features, digits[0][:N_SAMPLES], classes=range(10), linear_bits=8, target="cortex-m7"
    )


@pytest.mark.needs("cc")
@pytest.mark.computes_much
def test_bytes_and_accuracy(model, features, digits):
    images, y = digits
    assert model.verify(images[-N_SAMPLES:]).differing_bytes == 0
    exact = np.mean(features.transform(images).argmax(axis=1) == y)
    assert exact > 0.8
    assert abs(np.mean(model.predict(images) == y) - exact) <= 0.01


@pytest.mark.parametrize(
    "target",
    [pytest.param(name, marks=pytest.mark.needs(*tools(name))) for name in ("cortex-m7",)],
)
def test_flash_ram_and_results_on_the_board(model, digits, target):
    found = model.benchmark(target, X=digits[0][:N_SAMPLES], n_samples=N_SAMPLES)
    cost = model.report()
    assert (found.n_samples, found.wrong) == (N_SAMPLES, 0)
    assert found.table_bytes == cost.flash_bytes
    assert found.code_bytes + found.table_bytes <= FLASH
    callers = cost.input_bytes + cost.output_bytes
    assert found.static_bytes + found.stack_bytes + callers <= RAM
    # The first convolution and the linear layers have routines, too: without them 6 million.
    assert found.per_inference < 1_600_000


def test_two_thirds_of_it_are_the_first_linear_layer(model):
    cost = model.report(chip="stm32f746ng")
    assert cost.largest_in_flash.op.startswith("QLinear 1024->128")
    assert cost.largest_in_ram.op.startswith("QConv 3x3 32->64")
    assert cost.fits
    assert not model.report(chip="stm32f103c8").fits


@pytest.mark.needs("cc")
@pytest.mark.computes_much
def test_lines_of_digits_are_read_in_one_pass(pretrained, digits):
    """Its convolutions pad, so a window is not quite the crop alone: most classes are equal."""
    pretrained("uspsnet")
    single = digits[0][:100].repeat(2, axis=1).repeat(2, axis=2)
    framed = np.pad(single, ((0, 0), (4, 4), (4, 4)))
    lines = framed.reshape(25, 4, 24, 24).swapaxes(1, 2).reshape(25, 24, 96)
    slid = PretrainedFeatures("uspsnet", layer="output", window_size=16, pool=None)
    scores = slid.fit_transform(lines).reshape(25, 3, 21, 10)
    assert slid.window_strides_ == [(4, 4)]
    alone = PretrainedFeatures("uspsnet", layer="output").fit_transform(single).argmax(axis=1)
    assert np.mean(scores[:, 1, 1::6].argmax(axis=2).ravel() == alone) > 0.8
    assert to_c(slid, lines, linear_bits=8).verify(lines[:2]).differing_bytes == 0
