"""`GET /live/home`: tells the start when something changed at any site that its reader may watch.

One stream and one channel a scope, whatever the number of sites: a cell a site says when what
the start shows of it last changed, no more. The sites come from the scope alone; the address
names none.
"""

import time
from collections.abc import Callable

from flask import Blueprint, Response, abort, request

from callbacks.desk.live import soon_ms
from callbacks.gate import viewer, while_known
from callbacks.hub import ChannelKey, Hub
from callbacks.streams import HEADERS
from data.domain.scope import Scope
from data.domain.topics import EVERYTHING
from data.services.live import LiveSite
from data.services.sites import Sites
from layouts.cells import Cells
from layouts.pages.home import TOPICS

PATH, PAGE = "/live/home", "home"
_MINUTE_S = 60


class HomeLive:
    """When each site last changed, and whom that concerns of those who look at the start."""

    def __init__(self, hub: Hub, sites: Sites, now_s: Callable[[], float] = time.time) -> None:
        self._hub, self._sites, self._now_s = hub, sites, now_s
        self._begun_ms = self._soon_ms()
        self._changed_ms: dict[str, int] = {}
        self._scopes: dict[ChannelKey, Scope] = {}

    def on_change(self, site: str, topics: int) -> None:
        """Tell those who may watch a site of a change, for each site once in two seconds."""
        if topics & TOPICS and self.note(site):
            for key, scope in self._scopes.items():
                if scope.may_watch(site):
                    self._hub.touch(key, topics)

    def note(self, site: str) -> bool:
        """Note that a site changed; return whether that isn't noted of these two seconds yet."""
        at_ms = self._soon_ms()
        noted = self._changed_ms.get(site) == at_ms
        self._changed_ms[site] = at_ms
        return not noted

    def changed_ms(self, site: str) -> int:
        """Return when a site last changed, by the real clock; the beginning when nothing did."""
        return self._changed_ms.get(site, self._begun_ms)

    def watched(self, scope: Scope) -> list[LiveSite]:
        """Return the sites that a scope may watch."""
        return [live for live in self._sites.everywhere() if scope.may_watch(live.site)]

    def follow(self, key: ChannelKey, scope: Scope) -> None:
        """Touch a channel from now on, and those no longer that the hub has dropped."""
        kept = {one: whose for one, whose in self._scopes.items() if one in self._hub}
        self._scopes = {**kept, key: scope}

    def blueprint(self) -> Blueprint:
        """Return the route."""
        routes = Blueprint("home_live", __name__)
        routes.get(PATH)(self.stream)
        return routes

    def stream(self) -> Response:
        """Stream to somebody when the sites that they may watch changed."""
        who = viewer()
        if who.screen is not None or not self.watched(who.scope):
            abort(404)
        channel = HomeChannel(self, who.scope)
        packed = request.accept_encodings.quality("gzip") > 0
        last_id = request.headers.get("Last-Event-ID")
        frames = self._hub.stream(channel.key, channel.render, channel.beat, last_id, packed)
        answer = Response(while_known(frames), mimetype="text/event-stream", headers=HEADERS)
        if packed:
            answer.headers["Content-Encoding"] = "gzip"
        return answer

    def _soon_ms(self) -> int:
        return soon_ms(self._now_s())


class HomeChannel:
    """What all who may watch the same sites are told: a cell a site, its clock's minutes too."""

    def __init__(self, live: HomeLive, scope: Scope) -> None:
        self.key = ChannelKey(PAGE, "", scope.key, "", "")  # "": no one site's changes touch it
        self._live, self._scope = live, scope
        self._minutes: dict[str, int] = {}

    def render(self, topics: int = EVERYTHING) -> Cells:
        """Return when each site last changed, in milliseconds."""
        self._live.follow(self.key, self._scope)
        cells: Cells = {}
        for live in self._live.watched(self._scope):
            minute = int(live.now.timestamp()) // _MINUTE_S
            if self._minutes.setdefault(live.site, minute) != minute:
                self._minutes[live.site] = minute
                self._live.note(live.site)
            cells[live.site] = {"t": str(self._live.changed_ms(live.site))}
        return cells

    def beat(self) -> dict[str, object]:
        """What a heartbeat says: nothing of any site; the hub adds when changes can't be drawn."""
        return {"log": True}
