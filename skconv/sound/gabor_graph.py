"""A bank of spectro-temporal Gabor filters as nodes of a graph.

Filters that share a temporal and an absolute spectral frequency are computed together. In the
separable form the bands come first: a convolution along the bands for each spectral frequency,
at the bands that are kept, then one along time for each temporal frequency. Both parts of both
waves are sums of products of the parts of their profiles.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skconv.graph import Abs, Conv, Graph, Magnitude
from skconv.sound.gabor_bank import Profile, filter_1d, filter_2d, profile

Part = Literal["magnitude", "real"]
Array = NDArray[np.float64]


class Responses(NamedTuple):
    """A node whose map ``(n_times, n_bands, len(filters))`` holds the responses to filters."""

    node: str
    filters: tuple[int, ...]


def quarter(length: int) -> int:
    """The step between neighbours that share three quarters of what they see.

    >>> [quarter(n) for n in (1, 7, 15, 29)]
    [1, 1, 3, 7]
    """
    return max(1, length // 4)


@dataclass(frozen=True)
class GaborBank:
    """Filters, and how they are computed.

    Attributes
    ----------
    filters : ndarray of shape (n_filters, 2)
        Frequencies along time and along the bands.
    nu, size_max : tuple of float
        Half waves of an envelope, and its largest width: along time, along the bands.
    part : {"magnitude", "real"}
    separable : bool
    time_step : int or "quarter"
        Frames from one response to the next.
    """

    filters: Array
    nu: tuple[float, float]
    size_max: tuple[float, float]
    part: Part = "magnitude"
    separable: bool = True
    time_step: int | Literal["quarter"] = "quarter"

    def temporal(self, omega: float) -> Profile:
        return profile(omega, self.nu[0], self.size_max[0])

    def spectral(self, omega: float, n_bands: int) -> Profile:
        """A profile that reaches no further than from the first band to the last."""
        return profile(omega, self.nu[1], self.size_max[1]).within(n_bands - 1)

    def append(self, graph: Graph) -> tuple[Graph, list[Responses]]:
        """``graph``, which ends in a map ``(n_frames, n_bands, 1)``, with the filters behind it."""
        source, found = graph.output_name, []
        for spectral in dict.fromkeys(np.abs(self.filters[:, 1])):
            bands = self.spectral(spectral, graph.specs[source].shape[1])
            before = source
            if self.separable:
                graph = graph.append(self._along_bands(bands, graph.specs[source].shape[1]), source)
                before = graph.output_name
            for temporal, members in self._groups(spectral):
                time = self.temporal(temporal)
                conv = (
                    self._along_time(time, bands, members)
                    if self.separable
                    else self._on_map(time, bands, members, graph.specs[source].shape[1])
                )
                graph = graph.append(conv, before)
                if self.part == "magnitude":
                    is_real = temporal == 0 and spectral == 0
                    graph = graph.append(Abs() if is_real else Magnitude())
                found.append(Responses(graph.output_name, members))
        return graph, found

    def _groups(self, spectral: float) -> Iterator[tuple[float, tuple[int, ...]]]:
        """Temporal frequencies with the filters that share them."""
        of_bands = np.flatnonzero(np.abs(self.filters[:, 1]) == spectral)
        for temporal in dict.fromkeys(self.filters[of_bands, 0]):
            yield temporal, tuple(int(i) for i in of_bands if self.filters[i, 0] == temporal)

    def _along_bands(self, bands: Profile, n_bands: int) -> Conv:
        """Both parts of a profile along the bands, at the bands that are kept."""
        wave = filter_1d(bands)
        parts = wave[None] if bands.omega == 0 else np.stack([wave.real, wave.imag])
        padding, step = kept_bands(n_bands, len(wave))
        return _conv(parts.real[:, None, :, None], (1, step), padding)

    def _along_time(self, time: Profile, bands: Profile, members: tuple[int, ...]) -> Conv:
        """The filters behind `_along_bands`: its parts are the two channels."""
        wave = filter_1d(time)
        signs = np.sign(self.filters[list(members), 1])
        if bands.omega == 0:
            return self._of_parts(wave[None, :, None, None], (self._step(wave), 1))
        # (c + i s) * (a + i b) and (c + i s) * (a - i b)
        kernels = np.stack([np.stack([wave, 1j * sign * wave], axis=-1) for sign in signs])
        return self._of_parts(kernels[:, :, None, :], (self._step(wave), 1))

    def _on_map(
        self, time: Profile, bands: Profile, members: tuple[int, ...], n_bands: int
    ) -> Conv:
        """The filters in two dimensions."""
        waves = [filter_2d(time, bands._replace(omega=float(self.filters[i, 1]))) for i in members]
        padding, step = kept_bands(n_bands, waves[0].shape[1])
        strides = (self._step(waves[0]), step)
        return self._of_parts(np.stack(waves)[..., None], strides, padding)

    def _of_parts(
        self,
        kernels: NDArray[np.complex128],
        strides: tuple[int, int],
        padding: tuple[int, int] = (0, 0),
    ) -> Conv:
        """The real parts of all filters, then the imaginary ones where they are wanted."""
        parts = [kernels.real]
        if self.part == "magnitude" and np.abs(kernels.imag).max() > 0:
            parts.append(kernels.imag)
        return _conv(np.concatenate(parts), strides, padding)

    def _step(self, wave: NDArray[np.complex128]) -> int:
        return quarter(len(wave)) if self.time_step == "quarter" else self.time_step


def kept_bands(n_bands: int, length: int) -> tuple[tuple[int, int], int]:
    """The padding and the step that place the middle of a kernel on the bands that are kept.

    Every quarter of its length, the middle band among them.

    >>> kept_bands(40, 15)  # bands 2, 5, .. 20, .. 38
    ((5, 6), 3)
    """
    step, reach = quarter(length), length // 2
    first = (n_bands // 2) % step
    last = first + (n_bands - 1 - first) // step * step
    return (reach - first, last + reach - (n_bands - 1)), step


def _conv(kernels: Array, strides: tuple[int, int], padding: tuple[int, int]) -> Conv:
    weights = np.ascontiguousarray(kernels, np.float32)
    bias = np.zeros(len(weights), np.float32)
    return Conv(weights, bias, stride=strides, padding=((0, 0), padding))
