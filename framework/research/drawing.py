"""Chance without a generator: a draw is a hash of the seed and its place, the same on every machine and in any order."""

from __future__ import annotations

from hashlib import blake2b

_BITS = 53


def uniform(seed: int, *place: object) -> float:
    """A number in [0, 1), equally likely everywhere; another one for every ``place``."""
    return _hashed(seed, *place) % (1 << _BITS) / (1 << _BITS)


def _hashed(*parts: object) -> int:
    return int.from_bytes(blake2b(repr(parts).encode(), digest_size=16).digest())


def shuffled(index: int, size: int, seed: int) -> int:
    """Where ``index`` (0 to ``size`` - 1) goes when all ``size`` of them are shuffled; nothing as long as ``size`` is made.

    A Feistel network of four rounds over the next power of four, walked until it is back inside of the range (Black and Rogaway 2002).
    """
    half = max((size - 1).bit_length() + 1, 2) // 2
    mask = (1 << half) - 1
    while True:
        left, right = index >> half, index & mask
        for turn in range(4):
            left, right = right, left ^ (_hashed(seed, "shuffle", turn, right) & mask)
        index = left << half | right
        if index < size:
            return index
