"""The maps that a graph makes of samples, without ever holding all of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

from skconv.graph import Graph
from skconv.kernels.batches import MapBatches
from skconv.kernels.moments import Maps

CHUNK_BYTES = 2**23


def row_chunks(n_rows: int, bytes_per_row: int) -> Iterator[slice]:
    """Slices of rows of about ``CHUNK_BYTES`` each."""
    step = max(1, CHUNK_BYTES // bytes_per_row)
    return (slice(start, min(start + step, n_rows)) for start in range(0, n_rows, step))


def maps_behind(graph: Graph, maps: Maps, *, device: str, batch_size: Any) -> Maps:
    """What a stage behind ``graph`` sees: the samples, or maps that are made when asked for.

    They are made anew each time that they are gone through; what is held is one batch.
    """
    if not graph.nodes:
        return maps

    def batches() -> Iterator[NDArray[Any]]:
        from skconv.runtime import engine

        for batch in maps if isinstance(maps, MapBatches) else (maps,):
            for rows in row_chunks(len(batch), graph.output.nbytes):
                yield engine.run(graph, batch[rows], device=device, batch_size=batch_size)

    height, width, channels = graph.output.shape
    return MapBatches((len(maps), height, width, channels), batches)


def channels_of(maps: Maps, channels: slice) -> Maps:
    """Some channels of maps."""
    if not isinstance(maps, MapBatches):
        return maps[..., channels]
    start, stop, _ = channels.indices(maps.shape[3])
    shape = (*maps.shape[:3], stop - start)
    return MapBatches(shape, lambda: (batch[..., channels] for batch in maps))


def each_channel_alone(maps: Maps) -> MapBatches:
    """The channels of maps as maps of one channel, those of a sample one after the other."""
    n_samples, height, width, channels = maps.shape
    batches = (maps,) if not isinstance(maps, MapBatches) else maps
    return MapBatches(
        (n_samples * channels, height, width, 1),
        lambda: (batch.transpose(0, 3, 1, 2).reshape(-1, height, width, 1) for batch in batches),
    )
