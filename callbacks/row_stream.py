"""The push for programs: a viewer's rows as CloudEvents in a stream of Server-Sent Events.

One channel of the hub for each scope. A stream begins with everything, between two markers, or
with what was missed since `Last-Event-ID`; then come the rows that changed, and heartbeats.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import msgspec

from callbacks.frames import Frame
from callbacks.hub import PROGRAM, ChannelKey, Hub
from data.domain.scope import Scope
from data.services.boards import Boards
from data.services.live import LiveSite
from data.services.row_book import RowBook

PAGE = "rows"
CHANGED, REMOVED = "milepost.row.changed", "milepost.row.removed"
BEGAN, ENDED = "milepost.snapshot.began", "milepost.snapshot.ended"
BEAT = "milepost.beat"
TYPES = (BEGAN, CHANGED, REMOVED, ENDED, BEAT)
Follow = Callable[[ChannelKey, str], None]
_encode = msgspec.json.Encoder().encode


class RowFrame(Frame):
    """The events of one change. Only the last has the id: what is cut off comes again whole."""

    def __init__(self, source: str, event: str, data: Any, frame_id: str | None = None) -> None:
        super().__init__(event, data, frame_id)
        self._source = source
        self._at = datetime.now(UTC)

    @cached_property
    def plain(self) -> bytes:
        """The events as they stand in an uncompressed stream."""
        parts = list(self._parts())
        last = len(parts) - 1
        return b"".join(
            self._event_of(number, *part, resume=number == last)
            for number, part in enumerate(parts)
        )

    def _parts(self) -> Iterator[tuple[str, str | None, Any]]:
        """Yield type, subject and data of each event."""
        if self._event == "beat":
            yield BEAT, None, self._data
            return
        rows = self._data["c"]
        if self._event == "snapshot":
            yield BEGAN, None, {"rows": len(rows)}
        for subject, row in rows.items():
            yield (REMOVED if row is None else CHANGED), subject, row
        if self._event == "snapshot":
            yield ENDED, None, {"rows": len(rows)}

    def _event_of(
        self, number: int, kind: str, subject: str | None, data: Any, resume: bool
    ) -> bytes:
        place = self._id or f"beat-{self._at.timestamp():.3f}"
        envelope = {
            "specversion": "1.0", "id": f"{place}.{number}", "source": self._source, "type": kind,
            "time": self._at, "datacontenttype": "application/json",
            **({} if subject is None else {"subject": subject}),
            **({} if data is None else {"data": data}),
        }  # fmt: skip
        head = b"id: %s\n" % self._id.encode() if resume and self._id else b""
        return b"%sevent: %s\ndata: %s\n\n" % (head, kind.encode(), _encode(envelope))


def frames(
    hub: Hub, boards: Boards, scope: Scope, live: LiveSite, follow: Follow,
    pause: Callable[[], None], last_id: str | None, packed: bool,
) -> Iterator[bytes]:  # fmt: skip
    """Return one viewer's stream.

    `follow`: has a party's channel told of what concerns it. `pause`: lets others go on.
    """
    source = f"urn:milepost:site:{live.site}"

    def form(event: str, data: Any, frame_id: str | None = None) -> Frame:
        return RowFrame(source, event, data, frame_id)

    def beat() -> dict[str, object]:
        readers = live.readers()
        return {"as_of": live.now, "connected": readers.log_connected}

    key = ChannelKey(PROGRAM if scope.outside else PAGE, live.site, scope.key, "", "")
    if scope.outside:
        follow(key, scope.party or "")
    book = RowBook(boards, scope, live)
    if key not in hub:
        book.warm(pause)
    return hub.stream(key, book.moved, beat, last_id, packed, form)
