"""`GET /live/desk/<site>`: tells desk pages which topics changed when, for them to draw anew.

Uses the hub: its cells hold, a topic each, the real instant of the last change. A page draws
itself again when a topic that concerns it changed after it was drawn; one that was drawn after
all changes isn't, also where nobody has asked for these versions before.
"""

import time
from collections.abc import Callable
from functools import partial

from flask import Blueprint, Response, abort, request

from callbacks.gate import viewer, while_known
from callbacks.hub import ChannelKey, Hub
from callbacks.streams import HEADERS
from data.domain.exceptions.listing import open_count
from data.domain.scope import Scope
from data.domain.topics import (
    CLOCK,
    EVERYTHING,
    EXCEPTIONS,
    READERS,
    SIGNALS,
    STATEMENTS,
    bits,
)
from data.services.live import LiveSite
from data.services.sites import Sites
from layouts.cells import Cells

_BEATING = CLOCK | SIGNALS | READERS  # the hub touches these with every heartbeat
_MINUTE_S = 60
OPEN = "open"  # the cell that says how many exceptions need somebody
_ROUND_S = 2


def soon_ms(changed_s: float) -> int:
    """Return the instant of a change as pages are told it, in milliseconds: a little late.

    Rounded, so that a busy site costs each page a frame in two seconds, not ten a second.
    Late by two seconds at least, so that a page that was drawn right after a change, before
    the board's projections had followed it, draws itself once more.
    """
    return int((changed_s // _ROUND_S + 2) * _ROUND_S * 1000)


class Versions:
    """When each topic last changed; the clock's moves on once a minute of the site's time."""

    def __init__(
        self, live: LiveSite, changed_s: Callable[[int], float],
        now_s: Callable[[], float] = time.time, scope: Scope | None = None,
    ) -> None:  # fmt: skip
        """`changed_s`: by topic. `scope`: of whom it is told how many exceptions are open, too."""
        self._live = live
        self._scope = scope
        self._changed_s = changed_s
        self._now_s = now_s
        self._minute = -1

    def render(self, topics: int = EVERYTHING) -> Cells:
        """Return the instants of the topics that changed, in milliseconds, as `soon_ms` has them.

        Statements have theirs as it is: they are kept before they are told, nothing has to follow.
        """
        told = bits(topics & ~_BEATING & ~STATEMENTS)
        cells: Cells = {str(topic): {"t": str(soon_ms(self._changed_s(topic)))} for topic in told}
        if topics & STATEMENTS:
            cells[str(STATEMENTS)] = {"t": str(int(self._changed_s(STATEMENTS) * 1000))}
        minute, into_s = divmod(self._live.now.timestamp(), _MINUTE_S)
        if minute != self._minute:
            self._minute = minute
            clock = self._live.board.site.clock
            turned_s = self._now_s() - into_s / (clock.rate if clock else 1.0)
            cells[str(CLOCK)] = {"t": str(soon_ms(turned_s))}
        if self._scope is not None and topics & EXCEPTIONS:
            cases = self._live.facts.exceptions.values()
            cells[OPEN] = {"t": str(open_count(cases, self._scope))}
        return cells

    def beat(self) -> dict[str, object]:
        """What a heartbeat says: the site's clock, the data's own age."""
        readers, clock = self._live.readers(), self._live.board.site.clock
        return {
            "now": self._live.now.timestamp() * 1000,
            "rate": 1.0 if clock is None else clock.rate,
            "ends": clock.ends_at.timestamp() * 1000 if clock and clock.ends_at else None,
            "age": readers.event_age_s,
            "log": readers.log_connected,
        }


def blueprint(hub: Hub, sites: Sites) -> Blueprint:
    """Return the route."""
    routes = Blueprint("desk_live", __name__, url_prefix="/live/desk")

    @routes.get("/<site>")
    def stream(site: str) -> Response:
        scope = viewer().scope
        live = next((one for one in sites.disclosing(scope) if one.site == site), None)
        if live is None or scope.outside:  # parties have a stream of their own
            abort(404)
        versions = Versions(live, partial(hub.changed_s, site), scope=scope)
        key = ChannelKey("desk", site, scope.key, "", "")
        packed = request.accept_encodings.quality("gzip") > 0
        last_id = request.headers.get("Last-Event-ID")
        frames = hub.stream(key, versions.render, versions.beat, last_id, packed)
        answer = Response(while_known(frames), mimetype="text/event-stream", headers=HEADERS)
        if packed:
            answer.headers["Content-Encoding"] = "gzip"
        return answer

    return routes
