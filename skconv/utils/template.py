"""Texts from templates: files with ``${word}`` in them, and lines that are there on a condition.

A template is a file that ends in ``.in``. Its words are those of `string.Template`; a dollar sign
is written ``$$``. Between a line ``@if word`` and a line ``@end`` stands what only belongs to the
text where the word is true; ``@if not word`` and ``@else`` are there, too, and conditions nest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from string import Template

_CONDITION = re.compile(r"@if (not )?(\w+)$")
_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")


@cache
def read(path: Path) -> str:
    """The text of a template."""
    return path.read_text(encoding="utf-8")


def words_of(path: Path) -> frozenset[str]:
    """The words that a template asks for, in its text and in its conditions."""
    text = read(path)
    conditions = filter(None, map(_CONDITION.match, text.splitlines()))
    return frozenset(_PLACEHOLDER.findall(text)) | {found[2] for found in conditions}


def fill(path: Path, common: Mapping[str, object], **own: object) -> str:
    """The text of a template.

    Parameters
    ----------
    path : Path
    common : mapping of str to object
        Words that several templates share: this one need not use all of them.
    **own
        Words of this template.

    Raises
    ------
    KeyError
        Where the template asks for a word that is not given.
    ValueError
        Where the template has no use for one of its own words.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from skconv.utils.template import fill
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "run.c.in"
    ...     _ = path.write_text("@if caller\\nuse(&arena);\\n@else\\nuse();\\n@end\\nrun(${x});\\n")
    ...     print(fill(path, {"caller": True}, x="input"), end="")
    use(&arena);
    run(input);
    """
    if unused := own.keys() - words_of(path):
        raise ValueError(f"{path.name} has no use for {', '.join(sorted(unused))}")
    words = {**common, **own}
    return Template("".join(_kept(path, words))).substitute(words)


def _kept(path: Path, words: Mapping[str, object]) -> Iterator[str]:
    """The lines whose conditions hold."""
    holds: list[bool] = []
    for line in read(path).splitlines(keepends=True):
        directive = line.rstrip("\n")
        if condition := _CONDITION.match(directive):
            holds.append(bool(words[condition[2]]) is not bool(condition[1]))
        elif directive == "@else":
            holds[-1] = not holds[-1]
        elif directive == "@end":
            holds.pop()
        elif all(holds):
            yield line
    if holds:
        raise ValueError(f"{path.name} has an @if without an @end")
