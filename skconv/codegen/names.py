"""Names in C: which ones a model may have, and identifiers for what is inside of it."""

from __future__ import annotations

import re

LONGEST = 63  # letters that C99 tells apart in a name, and Arduino takes in that of a library


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


KEYWORDS = _words(
    "auto break case char const continue default do double else enum extern float for goto if "
    "inline int long register restrict return short signed sizeof static struct switch typedef "
    "union unsigned void volatile while _Bool _Complex _Imaginary "
    # of C11 and C23, and of C++, which may have to compile the text, too
    "alignas alignof and and_eq asm bitand bitor bool catch class compl concept consteval "
    "constexpr constinit const_cast co_await co_return co_yield decltype delete dynamic_cast "
    "explicit export false friend mutable namespace new noexcept not not_eq nullptr operator or "
    "or_eq private protected public reinterpret_cast requires static_assert static_cast template "
    "this thread_local throw true try typeid typename typeof typeof_unqual using virtual wchar_t "
    "xor xor_eq"
)
# What the included headers, GNU's compilers and the printed functions themselves define.
TAKEN = _words(
    "NULL memcpy memset memmove offsetof linux unix bool true false input output sample result row "
    "rescaled scores arena of_window class_index probabilities value values i TRACE NODE"
)
# The folder of a model is on the include path, before the folders of the compiler: a header of
# these names would be found in the place of the compiler's or Arduino's own.
HEADERS = _words(
    "alloca assert complex ctype endian errno features fenv float inttypes iso646 limits locale "
    "malloc math memory newlib pthread reent sched setjmp signal stdalign stdarg stdatomic stdbit "
    "stdbool stdckdint stddef stdint stdio stdlib stdnoreturn string strings syslimits tgmath "
    "threads time uchar unistd wchar wctype xlocale arduino binary client hardwareserial "
    "ipaddress main new print printable server spi stream udp wire wstring"
)
# Windows has devices of these names in every folder.
DEVICES = _words("aux con nul prn") | {f"{port}{i}" for port in ("com", "lpt") for i in range(10)}


def check_name(name: str) -> str:
    """A model's name, if it can begin C names and file names.

    Raises
    ------
    ValueError
        Where it cannot; the message says why, and what to write.
    """
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
        raise ValueError(
            f"name is {name!r}, expected a C identifier: a letter, then letters, digits and '_'; "
            f"write {_near(str(name))!r}"
        )
    if len(name) > LONGEST:
        raise ValueError(
            f"name is {name!r}, which has {len(name)} characters; write one of at most {LONGEST}"
        )
    reason = _taken(name)
    if reason:
        raise ValueError(f"name is {name!r}, {reason}; write another, such as 'my_{name}'")
    return name


def _near(name: str) -> str:
    """The nearest name to a given one that a model may have."""
    near = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")[: LONGEST - len("my_")]
    return near if near[:1].isalpha() and not _taken(near) else f"my_{near or 'model'}"


def _taken(name: str) -> str:
    """The reason why a model cannot have a name; empty if it can."""
    lower = name.lower()  # files: not every file system tells letters from capitals
    if name in KEYWORDS or name in TAKEN:
        return "which C, C++ or the printed code uses itself"
    if lower in HEADERS:
        return f"but {name}.h would hide a header of the compiler or of Arduino"
    if lower in DEVICES:
        return "which Windows does not allow as the name of a file"
    if lower == "sk" or lower.startswith("sk_"):
        return "but the routines use the names that begin with 'sk_'"
    return ""


class Names:
    """Give everything a C identifier of its own, as near to its name as possible."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.given: set[str] = set()

    def give(self, wish: str) -> str:
        stem = re.sub(r"\W", "_", wish, flags=re.ASCII).strip("_")
        reserved = (self.prefix + "_", "sk_", "SK_")
        if not stem or stem[0].isdigit() or stem.startswith(reserved):
            stem = f"t_{stem}"
        # Names in capitals are those of macros.
        if stem in KEYWORDS | TAKEN or stem.endswith("_t") or stem.isupper():
            stem += "_"
        name, number = stem, 1
        while name in self.given:
            number += 1
            name = f"{stem}_{number}"
        self.given.add(name)
        return name
