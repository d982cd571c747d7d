"""Microcontrollers and their memory, which a model must fit."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

KIB = 1024
HOW_TO = "Chip('mine', flash_bytes=32 * 1024, ram_bytes=2 * 1024)"


@dataclass(frozen=True)
class Chip:
    """A microcontroller, or the share of one that a model may take.

    Attributes
    ----------
    name : str
        The name to print.
    flash_bytes, ram_bytes : int
        Its memory, by keyword only, since two numbers in a row are easily swapped.
    target : str
        What to export for, as `to_c` takes it; empty where that is not known.

    Raises
    ------
    TypeError
        Where sizes are given by position.
    ValueError
        Where a size is negative.

    Examples
    --------
    >>> from skconv.target.chips import CHIPS, Chip
    >>> CHIPS["stm32f103c8"]
    Chip(name='stm32f103c8', flash_bytes=65536, ram_bytes=20480, target='cortex-m3')
    >>> share = Chip("half of it", flash_bytes=32 * 1024, ram_bytes=10 * 1024)
    """

    name: str
    flash_bytes: int = field(kw_only=True)
    ram_bytes: int = field(kw_only=True)
    target: str = field(default="", kw_only=True)

    def __new__(cls, *arguments: Any, **sizes: Any) -> Chip:
        if len(arguments) > 1:
            raise TypeError(
                f"Chip got sizes by position, {arguments[1:]}, expected them by keyword. "
                f"Write {HOW_TO}."
            )
        return super().__new__(cls)

    def __post_init__(self) -> None:
        for size in ("flash_bytes", "ram_bytes"):
            if getattr(self, size) < 0:
                raise ValueError(
                    f"{size}={getattr(self, size)} of {self.name!r}, expected 0 or more"
                )


# Sizes from the data sheets. A Raspberry Pi Pico and an ESP32 keep their flash in a chip beside
# them; 4 MB is what most ESP32 modules have. The RAM of an ESP32 is the part that can hold data,
# without the caches of its flash.
SIZES = (
    ("atmega328p", 32, 2, "avr"),
    ("atmega1284p", 128, 16, "avr"),
    ("stm32g031k8", 64, 8, "cortex-m0plus"),
    ("stm32f103c8", 64, 20, "cortex-m3"),
    ("samd21g18", 256, 32, "cortex-m0plus"),
    ("stm32f401re", 512, 96, "cortex-m4f"),
    ("stm32f411ce", 512, 128, "cortex-m4f"),
    ("stm32f746ng", 1024, 320, "cortex-m7"),
    ("nrf52832", 512, 64, "cortex-m4f"),
    ("nrf52840", 1024, 256, "cortex-m4f"),
    ("raspberry-pi-pico", 2048, 264, "cortex-m0plus"),
    ("esp32", 4096, 320, "portable"),
    ("esp32-s3", 4096, 448, "portable"),
    ("esp32-c3", 4096, 384, "rv32imc"),
)
CHIPS = {
    name: Chip(name, flash_bytes=flash * KIB, ram_bytes=ram * KIB, target=target)
    for name, flash, ram, target in SIZES
}


def get_chip(chip: str | Chip) -> Chip:
    """The chip of a name; a `Chip` is itself.

    Raises
    ------
    ValueError
        Where there is no chip of that name; the message lists the names.
    """
    if isinstance(chip, Chip):
        return chip
    if not isinstance(chip, str) or chip not in CHIPS:
        names = ", ".join(map(repr, CHIPS))
        meant = get_close_matches(str(chip).lower(), CHIPS, n=1, cutoff=0.8)
        advice = f"Write chip={meant[0]!r}" if meant else f"For another chip write chip={HOW_TO}"
        raise ValueError(f"chip={chip!r}, expected a Chip or one of {names}. {advice}.")
    return CHIPS[chip]
