"""Rows of text as a table, for terminals and for notebooks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from html import escape

Row = Sequence[str]


def aligned(rows: Iterable[Row], numbers: Collection[int]) -> list[str]:
    """The lines of a table; the columns of ``numbers`` end where their widest cell ends.

    Examples
    --------
    >>> from skconv.utils.columns import aligned
    >>> print(*aligned([("layer", "bytes"), ("conv", "1,024"), ("pool", "0")], {1}), sep="\\n")
    layer  bytes
    conv   1,024
    pool       0
    """
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if i in numbers else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def html_table(header: Row, rows: Iterable[Row], facts: Iterable[str] = ()) -> str:
    """The same for a notebook, with ``facts`` below, a line each."""
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    lines = "<br>".join(map(escape, facts))
    caption = f"<caption>{lines}</caption>" if lines else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody>{caption}</table>"
