"""Features in the integers of the device, inside an ordinary Pipeline."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    _fit_context,
    clone,
)
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted, validate_data

from skconv.convert import to_graph
from skconv.convert.step_of_node import refused
from skconv.features.graph_maps import row_chunks
from skconv.graph import Graph, Quantized, TensorSpec, verify
from skconv.passes.calibrate import Method
from skconv.passes.fold import fold
from skconv.passes.integers import integer_graph
from skconv.passes.quantize import unit_scale
from skconv.passes.refusal import NoIntegerFormError
from skconv.runtime import reference
from skconv.utils.doc_link import DocLinkMixin
from skconv.utils.restore import restored_on_error


class QuantizedFeatures(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, DocLinkMixin, BaseEstimator
):
    """The integers that the exported C will compute, in place of an extractor's floats.

    What comes behind it in a Pipeline is fitted on the numbers that it will meet on the
    microcontroller, and cross-validation sees the effect of the quantisation.

    Parameters
    ----------
    extractor : transformer
        An extractor of skconv, or any transformer that `skconv.to_graph` converts.
    dtype : {"int8", "int16"}, default="int8"
        Size of the features. Features that are never negative are unsigned (uint8).
    calibration : {"minmax", "percentile", "mse"}, default="minmax"
        How the ranges of the tensors are chosen, see `skconv.passes.calibrate.calibrate`.
    n_calibration : int, default=500
        Training samples that the ranges are chosen on, evenly spaced in ``X``.

    Attributes
    ----------
    extractor_ : transformer
        The fitted extractor.
    graph_ : Graph
        From a flat sample to the integers, as one op `skconv.graph.Quantized`. The scale
        that turns them into the extractor's units is ``scale_``.
    scale_ : float
        ``features ~ scale_ * integers``.
    n_features_in_ : int
        Numbers in one sample.

    See Also
    --------
    skconv.to_c : Export of the whole Pipeline.

    References
    ----------
    Jacob et al., "Quantization and Training of Neural Networks for Efficient
    Integer-Arithmetic-Only Inference", CVPR 2018, section 2.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skconv import QuantizedFeatures, RandomConvFeatures
    >>> X, y = load_digits(return_X_y=True)
    >>> features = RandomConvFeatures(
    ...     n_kernels=8, kernel_size=3, pool_size=2, input_shape=(8, 8), random_state=0
    ... )
    >>> pipe = make_pipeline(QuantizedFeatures(features), StandardScaler(),
    ...                      LogisticRegression(max_iter=300)).fit(X[:1000], y[:1000])
    >>> pipe.score(X[1000:], y[1000:]) > 0.9
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "extractor": [HasMethods(["fit", "transform"])],
        "dtype": [StrOptions({"int8", "int16"})],
        "calibration": [StrOptions({"minmax", "percentile", "mse"})],
        "n_calibration": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        extractor: Any,
        *,
        dtype: str = "int8",
        calibration: Method = "minmax",
        n_calibration: int = 500,
    ) -> None:
        self.extractor = extractor
        self.dtype = dtype
        self.calibration = calibration
        self.n_calibration = n_calibration

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any = None) -> QuantizedFeatures:
        """Fit the extractor, then choose the integers on training samples.

        Parameters
        ----------
        X : array-like
            Samples, as the extractor takes them.
        y : array-like, default=None
            Passed to the extractor.

        Returns
        -------
        self : object
            The fitted transformer.
        """
        with restored_on_error(self):
            self.extractor_ = clone(self.extractor).fit(X, y)
            flat = self._flat(X, reset=True)
            rows = np.linspace(0, len(flat) - 1, min(self.n_calibration, len(flat)))
            integer = self._integer_graph(fold(to_graph(self.extractor_)), flat[rows.astype(int)])
            self.scale_ = integer.output.scale
            nested = Quantized(unit_scale(integer))
            self.graph_ = verify(Graph(TensorSpec((flat.shape[1],))).append(nested))
        return self

    def _integer_graph(self, graph: Graph, samples: NDArray[Any]) -> Graph:
        output_bits = 8 if self.dtype == "int8" else 16
        try:
            return integer_graph(graph, samples, self.calibration, output_bits=output_bits)
        except NoIntegerFormError as error:
            raise refused(self.extractor_, error) from error

    def transform(self, X: Any) -> NDArray[np.float32]:
        """Compute the integers.

        Parameters
        ----------
        X : array-like
            Samples of the shape seen in `fit`, flat or not.

        Returns
        -------
        features : ndarray of float32 of shape (n_samples, n_features_out)
            Integers.
        """
        check_is_fitted(self)
        flat = self._flat(X, reset=False)
        features = np.empty((len(flat), self._n_features_out), np.float32)
        for rows in row_chunks(len(flat), 8 * flat.shape[1]):
            features[rows] = reference.run(self.graph_, flat[rows])
        return features

    def _flat(self, X: Any, *, reset: bool) -> NDArray[Any]:
        if getattr(X, "ndim", 2) > 2:
            X = np.asarray(X).reshape(len(X), -1)
        return validate_data(self, X, reset=reset, dtype="numeric")

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[Any]:
        """Names of the features of the extractor.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Checked against the names seen in `fit`, otherwise ignored.

        Returns
        -------
        names : ndarray of str of shape (n_features_out,)
            One name a feature.
        """
        check_is_fitted(self)
        _check_feature_names_in(self, input_features, generate_names=False)
        return np.asarray(self.extractor_.get_feature_names_out())

    @property
    def _n_features_out(self) -> int:
        return self.graph_.output.size

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags
