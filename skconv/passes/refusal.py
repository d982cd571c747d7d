"""The error for what a graph of integers cannot compute."""

from __future__ import annotations

FLOAT_ADVICE = "use dtype='float32'"


class NoIntegerFormError(ValueError):
    """A node of a float graph has no integer form.

    Attributes
    ----------
    reason, advice : str
        Why, and what would work instead.
    parameter : str or None
        The parameter that stands in the way, where it is one.
    node, op : str
        Name of the node, and the class of its op.
    """

    def __init__(
        self,
        reason: str,
        advice: str = FLOAT_ADVICE,
        parameter: str | None = None,
        node: str = "",
        op: str = "",
    ) -> None:
        super().__init__(reason, advice, parameter, node, op)
        self.reason = reason
        self.advice = advice
        self.parameter = parameter
        self.node = node
        self.op = op

    def __str__(self) -> str:
        where = f"node {self.node!r}, {self.op}: " if self.node else ""
        return f"{where}{self.reason}; {self.advice}"
