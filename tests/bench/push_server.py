"""The real wall, pushed as fast as asked: `/push?frames=N&rate=R` changes the board N times.

The pages, channels and frames are the program's own. Only the pace differs: a channel waits a
millisecond between frames here, and reports go straight into the board.
"""

import gc
import sys

if __name__ == "__main__":
    from gevent import monkey

    monkey.patch_all()

import gevent
from flask import request

import callbacks.hub
from callbacks.api import Api
from callbacks.hub import Hub
from callbacks.operating import Operating
from callbacks.web import build
from data.connectors.plan_files import read_plan, template
from data.domain.rules import parse_event
from data.domain.scope import factory_scope
from data.services.ingest import Ingest
from data.services.keys import Keys
from data.services.live import LiveSite, utc_now
from data.services.sites import Sites
from data.store.keys import KeyStore
from tests.bench.factory import SITE, Factory
from tests.bench.wiring import PUSH, entrance, serve, wired

INTERVAL_S = 0.001


class Pusher:
    """Changes the board at a pace."""

    def __init__(self, sites: Sites, hub: Hub) -> None:
        self._sites = sites
        self._hub = hub
        self._factory = Factory(utc_now())

    def start(self) -> dict[str, bool]:
        """Begin to push what the request asks for."""
        frames, rate = int(request.args["frames"]), float(request.args["rate"])
        live = self._sites.get(factory_scope(SITE), SITE)
        gevent.spawn(self._push, live, frames, 1 / rate)
        return {"started": True}

    def _push(self, live: LiveSite, frames: int, pause_s: float) -> None:
        for _ in range(frames):
            event = parse_event(self._factory.report(), utc_now())
            self._hub.on_change(SITE, live.board.apply(event))
            gevent.sleep(pause_s)


def main() -> int:
    gc.set_threshold(50_000, 20, 50)
    callbacks.hub.MIN_INTERVAL_S = callbacks.hub.MAX_INTERVAL_S = INTERVAL_S
    settings, engines, sites, walls = wired()
    ingest = Ingest(engines.log, engines.history, sites)
    keys = Keys(KeyStore(engines.sql), utc_now)
    hub = Hub(settings.build, INTERVAL_S)
    sites.listen(hub.on_change)
    gevent.spawn(hub.run)
    api = Api(ingest, sites, keys, engines.log, read_plan, template, utc_now)
    operating = Operating(sites, hub, {})
    server = build(walls, hub, api, operating, entrance(engines), settings.locale)
    server.get("/push", endpoint=PUSH)(Pusher(sites, hub).start)
    serve(settings, server)
    return 0


if __name__ == "__main__":
    sys.exit(main())
