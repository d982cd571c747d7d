"""Samples shared out among the jobs of joblib."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from joblib import effective_n_jobs
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils import gen_even_slices
from sklearn.utils.parallel import Parallel, delayed


def run_shared(
    run: Callable[[NDArray[Any]], Any],
    samples: NDArray[Any],
    n_jobs: int | None,
    *,
    prefer: Literal["threads"] | None = None,
) -> Any:
    """``run(samples)``, each job on as many of them; results are joined in their order.

    `prefer` says what jobs are, unless a `joblib.parallel_config` does.

    Examples
    --------
    >>> import numpy as np
    >>> from joblib import parallel_config
    >>> from skconv.features.parallel import run_shared
    >>> with parallel_config("threading"):
    ...     run_shared(np.sqrt, np.array([1.0, 4.0, 9.0]), n_jobs=2)
    array([1., 2., 3.])
    """
    n_parts = min(effective_n_jobs(n_jobs), len(samples))
    if n_parts == 1:
        return run(samples)
    slices = gen_even_slices(len(samples), n_parts)
    parts = Parallel(n_jobs=n_jobs, prefer=prefer)(delayed(run)(samples[rows]) for rows in slices)
    return sparse.vstack(parts) if sparse.issparse(parts[0]) else np.concatenate(parts)
