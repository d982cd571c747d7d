"""Extractors that learn batch after batch, by kernels that do."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from numpy.typing import NDArray
from sklearn.base import _fit_context

from skconv.features.base import StageExtractor, naming
from skconv.features.input_range import input_range
from skconv.features.shapes import Shape3
from skconv.kernels.batches import MapBatches
from skconv.utils.restore import restored_on_error


class PartialFitExtractor(StageExtractor):
    """Base of the extractors whose kernels have ``partial_fit``."""

    _source: Any

    def _fit_kernels(self, maps: NDArray[Any], y: Any) -> Any:
        self._source = super()._fit_kernels(maps, y)
        return self._source

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any = None) -> PartialFitExtractor:
        """Learn from more samples; the first call is `fit`.

        Kernels continue from the present ones, as ``partial_fit`` of their source says. A soft
        threshold takes its thresholds from the samples of the last call.

        Parameters
        ----------
        X : array-like
            Samples of the shape seen in the first call, flat or not.
        y : array-like, default=None
            Ignored.

        Returns
        -------
        self : object
            The fitted extractor.
        """
        if not hasattr(self, "_source"):
            self.fit(X, y)
            return self
        if isinstance(X, MapBatches):
            raise ValueError(
                "partial_fit takes arrays, got MapBatches. Call it with each batch, or call fit."
            )
        with restored_on_error(self):
            sample = self._sample_shape
            flat = self._validated_samples(X)
            maps = self._maps(flat, sample)
            source = deepcopy(self._source)
            unfitted: Any = self._kernel_source(source.kernels_.shape[1:3])
            with naming(maps.shape):
                source.set_params(**unfitted.get_params()).partial_fit(maps, y)
            self._source = source
            self.input_range_ = self.input_range_.joined(input_range(flat))
            self.graph_ = self._sample_graph(self._graph_of(source, maps), sample)
        return self

    @property
    def _sample_shape(self) -> Shape3:
        """The axes of a sample, as they lie in ``X``."""
        height, width, channels = self.map_shape_
        first = self.data_format == "channels_first"
        return (channels, height, width) if first else self.map_shape_
