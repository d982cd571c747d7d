"""Tables that several ops share: equal ones stand in flash once."""

from __future__ import annotations

from collections.abc import Iterable

from skconv.graph.base import Array, Op

# The number of an op, and the name of one of its parameters.
Place = tuple[int, str]


def shared_tables(ops: Iterable[Op]) -> dict[Place, Place]:
    """Where each table of each op is printed: at the first one of its type with equal bytes.

    Parameters
    ----------
    ops : iterable of Op
        In the order in which their tables are printed.

    Returns
    -------
    places : dict of (int, str) to (int, str)
        For each op by its number and each of its parameters by name, the same of the first.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Affine
    >>> from skconv.graph.tables import shared_tables
    >>> one, two = np.ones(3, "f4"), np.zeros(3, "f4")
    >>> shared_tables([Affine(one, two), Affine(two + 1, one + 1)])[1, "factors"]
    (0, 'factors')
    """
    seen: dict[tuple[str, int], list[tuple[Array, Place]]] = {}
    places = {}
    for i, op in enumerate(ops):
        for name, table in op.parameters.items():
            alike = seen.setdefault((table.dtype.str, table.size), [])
            content = table.tobytes() if alike else b""
            first = next((place for t, place in alike if t.tobytes() == content), (i, name))
            if first == (i, name):
                alike.append((table, first))
            places[i, name] = first
    return places


def table_bytes(ops: Iterable[Op]) -> list[int]:
    """Bytes of the tables of each op that none before it has."""
    ops = list(ops)
    places = shared_tables(ops)
    return [
        sum(table.nbytes for name, table in op.parameters.items() if places[i, name] == (i, name))
        for i, op in enumerate(ops)
    ]
