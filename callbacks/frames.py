"""Frames: what travels on a live stream, encoded once for every viewer.

Server-Sent Events, optionally inside gzip. Each frame is deflated on its own and ends with a
full flush, so any sequence of frames after one header is a valid gzip stream: compressing is
done once a frame, not once a viewer. Pure.
"""

import zlib
from functools import cached_property
from typing import Any

import msgspec

GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_encode = msgspec.json.Encoder().encode


class Frame:
    """One event of a stream; `plain` and `packed` are made once, when first asked for."""

    def __init__(self, event: str, data: Any, frame_id: str | None = None) -> None:
        self._event = event
        self._data = data
        self._id = frame_id

    @cached_property
    def plain(self) -> bytes:
        """The event as it stands in an uncompressed stream."""
        head = b"" if self._id is None else b"id: " + self._id.encode() + b"\n"
        return b"%sevent: %s\ndata: %s\n\n" % (head, self._event.encode(), _encode(self._data))

    @cached_property
    def packed(self) -> bytes:
        """The event as one block of a gzip stream."""
        packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
        return packer.compress(self.plain) + packer.flush(zlib.Z_FULL_FLUSH)

    def bytes(self, packed: bool) -> bytes:
        """Return the event in the form that the stream has."""
        return self.packed if packed else self.plain


class Retry(Frame):
    """Tells the browser how long to wait before it connects again, so that not all do at once."""

    def __init__(self, milliseconds: int) -> None:
        super().__init__("retry", milliseconds)
        self._milliseconds = milliseconds

    @cached_property
    def plain(self) -> bytes:
        """The field alone: it is no event."""
        return b"retry: %d\n\n" % self._milliseconds
