"""A sieve of a batch's keys, as a literal: a merge shuffles only those of a table's rows that may have one of them.

A merge joins the table with its source by a shuffle of both, for rows that match nothing are inserted; so the table's
rows are sent around, a million of them for each thousand that match. The sieve is a string of bits; a row passes if the
bit of its key's hash is set, of other keys one in sixteen by mistake.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from framework.sql import quote

MOST_KEYS = 100_000
"""More keys would make a statement of more than half a million characters."""
SLOTS_PER_KEY = 16
_BUCKET = 32768
"""Bits of a bitmap of Spark's."""
_WORD = 64


@dataclass(frozen=True)
class Sieve:
    """What lets pass the keys of a batch and few others."""

    keys: tuple[str, ...]
    bits: bytes
    """A bit for each hash, the lowest of the first byte first."""

    def condition(self, alias: str) -> str:
        """As SQL on the rows of `alias`; Spark makes the array once, when it plans the statement.

        >>> print(Sieve(("id",), bytes([5] + 15 * [0])).condition("t"))
        getbit(element_at(from_json('[5,0]', 'array<bigint>'), CAST(pmod(xxhash64(t.`id`), 128L) DIV 64 AS INT) + 1),
            CAST(pmod(xxhash64(t.`id`), 128L) % 64 AS INT)) = 1
        """
        words = struct.unpack(f"<{len(self.bits) * 8 // _WORD}q", self.bits)
        slot = _slot([f"{alias}.{quote(key)}" for key in self.keys], len(words) * _WORD)
        table = f"from_json('[{','.join(map(str, words))}]', 'array<bigint>')"
        word = f"element_at({table}, CAST({slot} DIV {_WORD} AS INT) + 1)"
        return f"getbit({word},\n    CAST({slot} % {_WORD} AS INT)) = 1"


def make_sieve(rows: DataFrame, keys: Sequence[str], count: int) -> Sieve:
    """The sieve of the keys of `count` rows; evaluates them."""
    size = max(_BUCKET, 1 << (count * SLOTS_PER_KEY - 1).bit_length())
    place = F.expr(f"{_slot([quote(key) for key in keys], size)} + 1")
    buckets = (
        rows.select(place.alias("place"))
        .groupBy(F.expr("bitmap_bucket_number(place)").alias("bucket"))
        .agg(F.expr("bitmap_construct_agg(bitmap_bit_position(place))").alias("bits"))
    )
    return Sieve(tuple(keys), _joined(((row.bucket, row.bits) for row in buckets.collect()), size))


def _joined(buckets: Iterable[tuple[int, bytes]], size: int) -> bytes:
    bits = bytearray(size // 8)
    for number, part in buckets:
        begin = (number - 1) * _BUCKET // 8
        bits[begin : begin + len(part)] = part
    return bytes(bits)


def _slot(columns: Sequence[str], size: int) -> str:
    return f"pmod(xxhash64({', '.join(columns)}), {size}L)"
