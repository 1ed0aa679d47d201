"""Files of archived events: written once, read back to be believed, read again to bring them back.

Imported by `data.store.archive_files` alone, and with it pyarrow: what runs all day does without.
"""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

_AT = pa.timestamp("us", tz="UTC")
_SCHEMA = pa.schema(
    [
        ("source", pa.string()),
        ("id", pa.string()),
        ("type", pa.string()),
        ("subject", pa.string()),
        ("time", _AT),
        ("recorded_at", _AT),
        ("seq", pa.int64()),
        ("digest", pa.binary()),
        ("data", pa.string()),
    ]
)
COLUMNS = tuple(_SCHEMA.names)
_encode = msgspec.msgpack.Encoder().encode
Row = Sequence[Any]


class Sum:
    """How many rows, and a digest of all that is in them."""

    def __init__(self) -> None:
        self.rows = 0
        self._digest = hashlib.blake2b(digest_size=16)

    def take(self, rows: Sequence[Row]) -> None:
        """Add rows to what was added before."""
        for row in rows:
            self._digest.update(_encode(tuple(row)))
        self.rows += len(rows)

    @property
    def digest(self) -> str:
        """The digest of all rows in their order."""
        return self._digest.hexdigest()


class Writer:
    """Writes one file in portions; who opened it closes it."""

    def __init__(self, sink: BinaryIO) -> None:
        self.sum = Sum()
        self._writer = pq.ParquetWriter(sink, _SCHEMA, compression="zstd")

    def add(self, rows: Sequence[Row]) -> None:
        """Write more rows, as `COLUMNS` says."""
        self.sum.take(rows)
        columns = [pa.array(values, field.type) for values, field in zip(
            zip(*rows, strict=True), _SCHEMA, strict=True)]  # fmt: skip
        self._writer.write_batch(pa.record_batch(columns, schema=_SCHEMA))

    def close(self) -> None:
        """Finish what is written."""
        self._writer.close()


def rows_of(file: Path) -> Iterator[list[Row]]:
    """Yield the rows of a file in portions."""
    with pq.ParquetFile(file) as content:
        for batch in content.iter_batches():
            yield list(zip(*(column.to_pylist() for column in batch.columns), strict=True))


def summed(file: Path) -> Sum:
    """Return what a file holds, read from the disk."""
    found = Sum()
    for rows in rows_of(file):
        found.take(rows)
    return found
