"""Microcontrollers by the memory that they have: what a model must fit."""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1024


@dataclass(frozen=True)
class Chip:
    """A microcontroller, or the share of one that a model may take.

    Attributes
    ----------
    name : str
        As it is printed.
    flash_bytes, ram_bytes : int
        Its memory.

    Raises
    ------
    ValueError
        Where a size is negative.

    Examples
    --------
    >>> from skconv.chips import CHIPS, Chip
    >>> CHIPS["stm32f103c8"]
    Chip(name='stm32f103c8', flash_bytes=65536, ram_bytes=20480)
    >>> share = Chip("half of it", 32 * 1024, 10 * 1024)
    """

    name: str
    flash_bytes: int
    ram_bytes: int

    def __post_init__(self) -> None:
        for size in ("flash_bytes", "ram_bytes"):
            if getattr(self, size) < 0:
                raise ValueError(f"{size}={getattr(self, size)} of {self.name!r}, wanted 0 or more")


# Sizes as the data sheets give them. The flash of the Raspberry Pi Pico is a chip beside it.
CHIPS = {
    name: Chip(name, flash * KIB, ram * KIB)
    for name, flash, ram in (
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
    )
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
    if chip not in CHIPS:
        raise ValueError(
            f"chip={chip!r}, wanted Chip(name, flash_bytes, ram_bytes) or one of "
            f"{', '.join(map(repr, CHIPS))}"
        )
    return CHIPS[chip]
