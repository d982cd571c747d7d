"""Whole numbers as a canonical Huffman code, with symbols for runs of zeros.

A code is two small tables: its symbols, from the shortest to the longest code word, and how many
words there are of each length. The words of a length are consecutive numbers, so a target decodes
bit by bit and needs no tree. A byte is read from its lowest bit up, a word from its highest.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby

import numpy as np

from skconv.graph.base import Array, require

# A symbol from here on stands for zeros: for 2 ** (symbol - RUN) of them.
RUN = 16384
LONGEST_RUN = 12
LONGEST_WORD = 24


@dataclass(frozen=True)
class HuffmanTables:
    """Lines of numbers, each from a new byte.

    Attributes
    ----------
    symbols : ndarray of int16
        From the shortest code word to the longest.
    counts : ndarray of uint16
        Code words of 1 bit, of 2 bits, and so on.
    bits : ndarray of uint8
    starts : ndarray of int of shape (n_lines,)
        The byte of ``bits`` at which each line begins.
    """

    symbols: Array
    counts: Array
    bits: Array
    starts: Array

    @property
    def nbytes(self) -> int:
        """Bytes of the code and of what it codes."""
        return self.symbols.nbytes + self.counts.nbytes + self.bits.nbytes


def huffman(lines: Sequence[Array]) -> HuffmanTables:
    """Lines of numbers as a Huffman code; with symbols for runs where that takes fewer bytes.

    Parameters
    ----------
    lines : sequence of ndarray of int
        Numbers of magnitudes below `RUN`.

    Returns
    -------
    HuffmanTables

    References
    ----------
    Huffman, "A Method for the Construction of Minimum-Redundancy Codes", Proceedings of the IRE,
    1952; Schwartz, Kallick, "Generating a canonical prefix encoding", CACM 1964.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph.storage.huffman import huffman
    >>> found = huffman([np.array([0, 5, 0, 0, -1, 0])])
    >>> found.symbols.tolist(), found.counts.tolist(), found.bits.tolist()
    ([0, -1, 5], [1, 2], [38])
    """
    largest = max((int(np.abs(line).max(initial=0)) for line in lines), default=0)
    require(largest < RUN, f"a Huffman code of numbers up to {largest}, expected less than {RUN}")
    plain = [line.astype(np.int64).tolist() for line in lines]
    with_runs = [list(_with_runs(line)) for line in plain]
    return min(_coded(plain), _coded(with_runs), key=lambda found: found.nbytes)


def decoded(tables: HuffmanTables, line: int, count: int) -> Array:
    """The first numbers of a line: what a target reads, in Python.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph.storage.huffman import decoded, huffman
    >>> decoded(huffman([np.array([0, 5, 0, 0, -1, 0])]), 0, 6).tolist()
    [0, 5, 0, 0, -1, 0]
    """
    bits = np.unpackbits(tables.bits[tables.starts[line] :], bitorder="little")
    stream = iter(bits.tolist())
    found: list[int] = []
    while len(found) < count:
        symbol = _next_symbol(tables, stream)
        found += [0] * (1 << (symbol - RUN)) if symbol >= RUN else [symbol]
    return np.array(found[:count])


def _next_symbol(tables: HuffmanTables, stream: Iterator[int]) -> int:
    """Words of one length are consecutive, and begin behind twice those that are shorter."""
    word = first = index = 0
    for n_words in map(int, tables.counts):
        word |= int(next(stream))
        if word - n_words < first:
            break
        index, first, word = index + n_words, (first + n_words) << 1, word << 1
    return int(tables.symbols[index + word - first])


def _with_runs(line: list[int]) -> Iterator[int]:
    """Zeros in powers of two."""
    for is_zero, group in groupby(line, lambda value: value == 0):
        if not is_zero:
            yield from group
            continue
        left = sum(1 for _ in group)
        while left:
            power = min(left.bit_length() - 1, LONGEST_RUN)
            yield RUN + power if power else 0
            left -= 1 << power


def _coded(lines: list[list[int]]) -> HuffmanTables:
    lengths = _lengths(Counter(symbol for line in lines for symbol in line))
    order = sorted(lengths, key=lambda symbol: (lengths[symbol], symbol))
    counts = Counter(lengths.values())
    words = _words(order, lengths)
    packed = [_packed("".join(words[symbol] for symbol in line)) for line in lines]
    starts = list(accumulate((len(part) for part in packed), initial=0))[:-1]
    return HuffmanTables(
        np.array(order, np.int16),
        np.array([counts[n] for n in range(1, max(counts, default=1) + 1)], np.uint16),
        np.concatenate(packed) if packed else np.zeros(0, np.uint8),
        np.array(starts, np.int64),
    )


def _lengths(frequencies: Counter[int]) -> dict[int, int]:
    """Bits of the word of each symbol."""
    if len(frequencies) < 2:
        return dict.fromkeys(frequencies, 1)
    heap = [(n, i, [symbol]) for i, (symbol, n) in enumerate(sorted(frequencies.items()))]
    heapq.heapify(heap)
    lengths = Counter[int]()
    for made in range(len(heap), 2 * len(heap) - 1):
        n, _, left = heapq.heappop(heap)
        m, _, right = heapq.heappop(heap)
        lengths.update(left + right)
        heapq.heappush(heap, (n + m, made, left + right))
    if max(lengths.values()) > LONGEST_WORD:
        return _lengths(Counter({symbol: -(-n // 2) for symbol, n in frequencies.items()}))
    return dict(lengths)


def _words(order: Iterable[int], lengths: dict[int, int]) -> dict[int, str]:
    """The code words, as bits."""
    words: dict[int, str] = {}
    word = length = 0
    for symbol in order:
        word <<= lengths[symbol] - length
        length = lengths[symbol]
        words[symbol] = format(word, f"0{length}b")
        word += 1
    return words


def _packed(bits: str) -> Array:
    return np.packbits(np.frombuffer(bits.encode(), np.uint8) - ord("0"), bitorder="little")
