"""`to_c` refuses what does not fit the memory that there is."""

from __future__ import annotations

import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline

from skconv import RandomConvFeatures, to_c
from skconv.exceptions import MemoryLimitError
from skconv.target.chips import Chip

X, Y = load_digits(return_X_y=True)
FEATURES = RandomConvFeatures(n_kernels=6, kernel_size=3, input_shape=(8, 8), random_state=0)


@pytest.fixture(scope="module")
def pipe():
    return make_pipeline(FEATURES, RidgeClassifier()).fit(X[:300], Y[:300])


def test_what_fits_is_taken_and_a_byte_less_is_refused(pipe):
    cost = to_c(pipe, X[:100]).report()
    ram = cost.ram_bytes + cost.input_bytes + cost.output_bytes
    flash = cost.flash_bytes + cost.code_bytes
    to_c(pipe, X[:100], ram_bytes=ram, flash_bytes=flash)
    with pytest.raises(MemoryLimitError, match=f"ram_bytes={ram - 1:,}: 1 bytes of RAM"):
        to_c(pipe, X[:100], ram_bytes=ram - 1)
    with pytest.raises(
        MemoryLimitError, match=r"about 200 bytes of flash too many\. Largest in flash: linear"
    ):
        to_c(pipe, X[:100], flash_bytes=flash - 200)


@pytest.mark.parametrize("dtype", ["int8", "float32"])
def test_a_chip(pipe, dtype):
    to_c(pipe, X[:100], chip="stm32f103c8", target="cortex-m3", dtype=dtype)
    tiny = Chip("tiny", flash_bytes=2048, ram_bytes=512)
    with pytest.raises(MemoryLimitError, match=r"model does not fit tiny: .* bytes of flash"):
        to_c(pipe, X[:100], chip=tiny, dtype=dtype)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ram_bytes": 0}, "ram_bytes=0, expected a number of bytes above 0"),
        ({"flash_bytes": -5}, "flash_bytes=-5, expected a number of bytes above 0"),
        ({"chip": "atmega328p"}, "with target='cortex-m4', expected .* Write target='avr'"),
        ({"chip": "atmega"}, "chip='atmega', expected a Chip or one of"),
    ],
)
def test_bad_input(pipe, options, message):
    with pytest.raises(ValueError, match=message):
        to_c(pipe, X[:100], **options)
