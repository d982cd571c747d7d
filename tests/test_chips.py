"""Whether a model fits a microcontroller, and what is the largest in it."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from skconv.graph import Graph, Linear, Relu, TensorSpec
from skconv.target.chips import CHIPS, Chip, get_chip
from skconv.target.cost import report
from skconv.target.targets import TARGETS, get_target

RNG = np.random.default_rng(0)


def linear(n_out: int, n_in: int) -> Linear:
    return Linear(RNG.normal(size=(n_out, n_in)).astype("f4"), np.zeros(n_out, "f4"))


# Tables of 4 * 8 * 5 = 160 and 4 * 3 * 9 = 108 bytes; an arena of 4 * 8 = 32 bytes, written over
# by the Relu; 16 bytes of input and 12 of output.
GRAPH = Graph(TensorSpec((4,))).append(linear(8, 4)).append(Relu()).append(linear(3, 8))
FLASH, RAM = 268, 32 + 16 + 12


def test_the_largest_nodes():
    cost = report(GRAPH)
    assert (cost.flash_bytes, cost.ram_bytes) == (FLASH, 32)
    assert cost.largest_in_flash.name == "linear"
    assert cost.largest_in_ram.ram_bytes == 32
    assert "largest: linear in flash (160 bytes), linear in RAM (32 bytes)" in str(cost)


@pytest.mark.parametrize(
    ("flash", "ram", "verdict"),
    [
        (FLASH, RAM, "fits mine: leaves 0 bytes of flash to code, 0 bytes of RAM"),
        (FLASH + 1000, RAM + 2, "fits mine: leaves 1,000 bytes of flash to code, 2 bytes of RAM"),
        (FLASH - 1, RAM, "does not fit mine: 1 bytes of flash too many"),
        (FLASH, RAM - 8, "does not fit mine: 8 bytes of RAM too many"),
        (0, 0, "does not fit mine: 268 bytes of flash too many, 60 bytes of RAM too many"),
    ],
)
def test_it_fits_to_the_byte(flash, ram, verdict):
    cost = report(GRAPH, chip=Chip("mine", flash_bytes=flash, ram_bytes=ram))
    assert cost.fits == verdict.startswith("fits")
    assert (cost.spare_flash_bytes, cost.spare_ram_bytes) == (flash - FLASH, ram - RAM)
    assert str(cost).splitlines()[-1].startswith(verdict)
    assert verdict in cost._repr_html_()


def test_chips_by_name():
    assert all(chip.name == name for name, chip in CHIPS.items())
    assert get_chip("nrf52840").ram_bytes == 256 * 1024
    assert report(GRAPH, chip="atmega328p").fits


def test_without_a_chip_nothing_is_said_of_fitting():
    cost = report(GRAPH)
    assert "fit" not in str(cost)
    with pytest.raises(ValueError, match=r"made without a chip: write report\(chip=...\)"):
        assert cost.fits


def test_refused():
    with pytest.raises(ValueError, match=r"chip='z80', expected a Chip or one of 'atmega328p'"):
        report(GRAPH, chip="z80")
    with pytest.raises(ValueError, match="ram_bytes=-1 of 'mine', expected 0 or more"):
        Chip("mine", flash_bytes=1, ram_bytes=-1)


def test_sizes_are_given_by_keyword():
    with pytest.raises(TypeError, match=r"by position, \(2048, 32768\).*Write Chip\('mine', flash"):
        Chip("mine", 2048, 32768)
    chip = Chip("mine", flash_bytes=1, ram_bytes=2)
    assert pickle.loads(pickle.dumps(chip)) == copy.deepcopy(chip) == chip


def test_a_chip_that_is_no_chip_is_told_what_to_write():
    for wrong in ({"flash": 1024}, 3, ("a", 1, 2)):
        with pytest.raises(ValueError, match=r"chip=.*For another chip write chip=Chip\('mine', f"):
            report(GRAPH, chip=wrong)


def test_the_esp32_family_is_named():
    assert {"esp32", "esp32-s3", "esp32-c3"} < CHIPS.keys()
    assert get_chip("esp32").flash_bytes == 4 * 1024 * 1024


def test_a_chip_says_what_to_export_for():
    assert {chip.target for chip in CHIPS.values()} <= set(TARGETS)
    found = [
        str(report(GRAPH, chip="atmega328p", target=target)) for target in ("cortex-m4", "avr")
    ]
    advice = "these figures are for cortex-m4: for atmega328p export with to_c(..., target='avr')"
    assert found[0].splitlines()[-1] == advice
    assert found[1].splitlines()[-1].startswith("fits atmega328p")
    # Routines and tables are the same: an FPU changes nothing.
    assert "export with" not in str(report(GRAPH, chip="nrf52840", target="cortex-m4"))


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("ATmega328P", r"For the chip atmega328p write target='avr'\."),
        ("esp32", r"For the chip esp32 write target='portable'\."),
        ("stm32f401", r"For the chip stm32f401re write target='cortex-m4f'\."),
        ("Cortex-M4", r"Write target='cortex-m4'\."),
        ("z80", r"For another processor write target='portable'\."),
    ],
)
def test_a_target_that_is_none_gets_advice(name, advice):
    with pytest.raises(
        ValueError, match=rf"target is '{name}', expected one of .*'avr'\. {advice}"
    ):
        get_target(name)


def test_a_chip_that_is_spelt_otherwise():
    with pytest.raises(
        ValueError, match=r"chip='ATmega328P', expected .* Write chip='atmega328p'\."
    ):
        report(GRAPH, chip="ATmega328P")
