"""Methods that only some objects have; errors say how to get them."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from types import MethodType
from typing import Any


class available_where:
    """Decorator of a method that exists only where a condition holds.

    Elsewhere the attribute raises an AttributeError, so `hasattr` is False. Unlike the error of
    `sklearn.utils.metaestimators.available_if`, this one says what to write.

    Parameters
    ----------
    condition : callable
        Takes the object and returns whether the method exists.
    advice : str
        The end of the message.

    Examples
    --------
    >>> from skconv.deploy.conditional_methods import available_where
    >>> class Model:
    ...     @available_where(lambda model: False, "write Model(roots=True)")
    ...     def roots(self): ...
    >>> Model().roots()
    Traceback (most recent call last):
    ...
    AttributeError: this model has no roots: write Model(roots=True)
    """

    def __init__(self, condition: Callable[[Any], bool], advice: str) -> None:
        self.condition = condition
        self.advice = advice

    def __call__(self, method: Callable[..., Any]) -> Any:
        return _Conditional(method, self.condition, self.advice)


class _Conditional:
    def __init__(
        self, method: Callable[..., Any], condition: Callable[[Any], bool], advice: str
    ) -> None:
        update_wrapper(self, method)  # type: ignore[arg-type]
        self.method = method
        self.condition = condition
        self.advice = advice

    def __get__(self, owner: Any, kind: type | None = None) -> Any:
        if owner is None:
            return self.method
        if not self.condition(owner):
            raise AttributeError(f"this model has no {self.method.__name__}: {self.advice}")
        return MethodType(self.method, owner)
