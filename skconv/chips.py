"""Microcontrollers by the memory that they have: what a model must fit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

KIB = 1024
HOW_TO = "Chip('mine', flash_bytes=32 * 1024, ram_bytes=2 * 1024)"


@dataclass(frozen=True)
class Chip:
    """A microcontroller, or the share of one that a model may take.

    Attributes
    ----------
    name : str
        As it is printed.
    flash_bytes, ram_bytes : int
        Its memory. By keyword only: two numbers in a row are easily swapped.

    Raises
    ------
    TypeError
        Where sizes are given by position.
    ValueError
        Where a size is negative.

    Examples
    --------
    >>> from skconv.chips import CHIPS, Chip
    >>> CHIPS["stm32f103c8"]
    Chip(name='stm32f103c8', flash_bytes=65536, ram_bytes=20480)
    >>> share = Chip("half of it", flash_bytes=32 * 1024, ram_bytes=10 * 1024)
    """

    name: str
    flash_bytes: int = field(kw_only=True)
    ram_bytes: int = field(kw_only=True)

    def __new__(cls, *arguments: Any, **sizes: Any) -> Chip:
        if len(arguments) > 1:
            raise TypeError(
                f"Chip got sizes by position, {arguments[1:]}, wanted them by keyword. "
                f"Write {HOW_TO}."
            )
        return super().__new__(cls)

    def __post_init__(self) -> None:
        for size in ("flash_bytes", "ram_bytes"):
            if getattr(self, size) < 0:
                raise ValueError(f"{size}={getattr(self, size)} of {self.name!r}, wanted 0 or more")


# Sizes as the data sheets give them. The flash of the Raspberry Pi Pico is a chip beside it, as
# is that of an ESP32; 4 MB is what most modules have. Of the RAM of an ESP32 what can hold data:
# the caches of its flash are left out. For its cores export with target="portable".
SIZES = (
    ("atmega328p", 32, 2),
    ("atmega1284p", 128, 16),
    ("stm32g031k8", 64, 8),
    ("stm32f103c8", 64, 20),
    ("samd21g18", 256, 32),
    ("stm32f401re", 512, 96),
    ("stm32f411ce", 512, 128),
    ("stm32f746ng", 1024, 320),
    ("nrf52832", 512, 64),
    ("nrf52840", 1024, 256),
    ("raspberry-pi-pico", 2048, 264),
    ("esp32", 4096, 320),
    ("esp32-s3", 4096, 448),
    ("esp32-c3", 4096, 384),
)
CHIPS = {
    name: Chip(name, flash_bytes=flash * KIB, ram_bytes=ram * KIB) for name, flash, ram in SIZES
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
        raise ValueError(
            f"chip={chip!r}, wanted a Chip or one of {names}. For another one write chip={HOW_TO}."
        )
    return CHIPS[chip]
