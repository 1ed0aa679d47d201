"""`GET /live/party/<site>`: tells a party's pages when something that they show has changed.

The one place that asks a board which parties were concerned, and tells their channels alone.
A channel says no more than when: it discloses the party's rows again, and stays silent when
they are what they were, so that what is hidden from a party shows in no message either.
"""

import hashlib
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import gevent
import msgspec
import structlog
from flask import Blueprint, Response, abort, request

from callbacks.gate import viewer, while_known
from callbacks.hub import BY_NAME, ChannelKey, Hub
from callbacks.streams import HEADERS
from data.domain.policy import Kind
from data.domain.scope import Scope
from data.domain.topics import EVERYTHING, STATEMENTS
from data.services.boards import Boards
from data.services.live import LiveSite
from data.services.sites import Sites
from layouts.cells import Cells

GATHER_S = 0.05
CHANGED = "1"  # the topic of parties' pages, beside statements
SAID = EVERYTHING + 1  # something that no board shows, such as a comment
_encode = msgspec.json.Encoder(enc_hook=str).encode
_log = structlog.get_logger("parties")


class PartyVersions:
    """When what a party may see of a site last changed."""

    def __init__(
        self, scope: Scope, live: LiveSite, boards: Boards, now_s: Callable[[], float] = time.time
    ) -> None:
        self._scope = scope
        self._live = live
        self._boards = boards
        self._now_s = now_s
        self._digest = b""
        self._cells: Cells = {}

    def render(self, topics: int = EVERYTHING) -> Cells:
        """Return when the disclosed rows last differed, and when something was said, in ms."""
        digest, at = self._seen(), {"t": str(int(self._now_s() * 1000))}
        if digest != self._digest:
            self._digest = digest
            self._cells = {**self._cells, CHANGED: at}
        if topics & SAID:
            self._cells = {**self._cells, str(STATEMENTS): at}
        return self._cells

    def beat(self) -> dict[str, object]:
        """What a heartbeat says: the site's clock, whether anything is heard of it."""
        readers, clock = self._live.readers(), self._live.board.site.clock
        return {
            "now": self._live.now.timestamp() * 1000,
            "rate": 1.0 if clock is None else clock.rate,
            "ends": clock.ends_at.timestamp() * 1000 if clock and clock.ends_at else None,
            "age": None,
            "log": readers.log_connected,
        }

    def _seen(self) -> bytes:
        self._live.renew()
        parties = self._live.indexes.parties
        seen = hashlib.blake2b(digest_size=16)
        for kind in Kind:
            for row in self._boards.rows(self._scope, self._live, parties, kind):
                seen.update(_encode([_to_minute(value) for value in row.values()]))
        return seen.digest()


class Parties:
    """Whose streams are open, and who of them is told of a change."""

    def __init__(self, hub: Hub, sites: Sites, boards: Boards) -> None:
        self._hub = hub
        self._sites = sites
        self._boards = boards
        self._keys: dict[tuple[str, str], set[ChannelKey]] = {}
        self._loaded: dict[str, int] = {}
        self._waiting: set[str] = set()

    def on_change(self, site: str, topics: int) -> None:
        """Look a little later whom the changes of a site concern."""
        if site in self._waiting:
            return
        self._waiting.add(site)
        gevent.spawn_later(GATHER_S, self._look, site)

    def tell(self, site: str) -> None:
        """Touch the channels of the parties that were concerned since the last look."""
        live = next((live for live in self._sites.everywhere() if live.site == site), None)
        if live is None or not live.loaded:
            return
        live.renew()
        concerned = live.indexes.take_concerned()
        if self._loaded.get(site) != live.boards:
            self._loaded[site] = live.boards
            concerned = {party for known, party in self._keys if known == site}
        for party in concerned:
            self._touch(site, party)

    def touch(self, site: str, party: str) -> None:
        """Have a party's pages drawn anew for what no board shows, such as a comment."""
        self._touch(site, party, EVERYTHING | SAID)

    def touch_all(self, site: str) -> None:
        """Have the pages of every party of a site drawn anew."""
        for known, party in list(self._keys):
            if known == site:
                self.touch(site, party)

    def follow(self, key: ChannelKey, party: str) -> None:
        """Touch a channel too when something concerns the party."""
        self._keys.setdefault((key.site, party), set()).add(key)

    def blueprint(self) -> Blueprint:
        """Return the route."""
        routes = Blueprint("party_live", __name__, url_prefix="/live/party")
        routes.get("/<site>")(self.stream)
        return routes

    def stream(self, site: str) -> Response:
        """Stream the versions of a party's rows to one of its viewers."""
        scope = viewer().scope
        live = next((one for one in self._sites.disclosing(scope) if one.site == site), None)
        if live is None or not scope.outside or not scope.party:
            abort(404)
        versions = PartyVersions(scope, live, self._boards)
        key = ChannelKey(BY_NAME, site, scope.key, "", "")
        self.follow(key, scope.party)
        packed = request.accept_encodings.quality("gzip") > 0
        last_id = request.headers.get("Last-Event-ID")
        frames: Any = self._hub.stream(key, versions.render, versions.beat, last_id, packed)
        answer = Response(while_known(frames), mimetype="text/event-stream", headers=HEADERS)
        if packed:
            answer.headers["Content-Encoding"] = "gzip"
        return answer

    def _look(self, site: str) -> None:
        self._waiting.discard(site)
        try:
            self.tell(site)
        except Exception:
            _log.exception("parties not told", site=site)

    def _touch(self, site: str, party: str, topics: int = EVERYTHING) -> None:
        for key in self._keys.get((site, party), ()):
            self._hub.touch(key, topics)


def _to_minute(value: object) -> object:
    """Return what is shown of a value: instants to the minute."""
    return value.replace(second=0, microsecond=0) if isinstance(value, datetime) else value
