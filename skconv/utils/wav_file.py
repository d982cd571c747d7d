"""Sound files of 16 bits and one channel."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def read_wav(path: Path, rate: int) -> NDArray[np.int16]:
    """The samples of a WAV file; ValueError where it is not 16 bits, mono, at `rate` Hz."""
    try:
        with wave.open(str(path), "rb") as file:
            found = file.getnchannels(), file.getsampwidth(), file.getframerate()
            data = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise ValueError(f"{path} is not a WAV file: {error or 'it ends too early'}") from error
    if found != (1, 2, rate):
        raise ValueError(
            f"{path} has {found[0]} channel(s) of {8 * found[1]} bits at {found[2]} Hz, "
            f"expected 1 channel of 16 bits at {rate} Hz"
        )
    return np.frombuffer(data, "<i2").astype(np.int16)
