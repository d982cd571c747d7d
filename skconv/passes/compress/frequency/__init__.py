"""Passes that store weights by frequency, in buckets of a hash, or as an entropy code."""

from skconv.passes.compress.frequency.basis import DCTBasis
from skconv.passes.compress.frequency.dct import DCTCompression
from skconv.passes.compress.frequency.entropy import EntropyCoding
from skconv.passes.compress.frequency.hashed import HashedFrequencies

__all__ = ["DCTBasis", "DCTCompression", "EntropyCoding", "HashedFrequencies"]
