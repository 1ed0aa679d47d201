"""The web process, wired: readers, the door, what lets people in, pages, what programs read.

Made from what `data` and `callbacks` have. Imported by `app` alone.
"""

from collections.abc import Mapping
from typing import Any

import gevent
from flask import Blueprint, Flask

from callbacks.api import Api
from callbacks.desk.gantt import Visits
from callbacks.desk.shell import Shell
from callbacks.desk.visit import DeskPage, Visit
from callbacks.home_live import HomeLive
from callbacks.hub import Hub
from callbacks.limits import ReadLimit
from callbacks.looks import Looks
from callbacks.notifications import untold
from callbacks.operating import Operating
from callbacks.plain_pages import PlainPages
from callbacks.quiet import Quiet
from callbacks.reading import ReadingApi
from callbacks.walls import Walls
from callbacks.web import build
from callbacks.wiring.desks import (
    administration,
    desk_pages,
    gantt_page,
    quarantine_page,
    report_page,
)
from callbacks.wiring.entry import WaysIn
from callbacks.wiring.exceptions import exception_acts, exception_pages, telling
from callbacks.wiring.files import read_plan, template
from callbacks.wiring.outside import Outside, date_boards, supply_boards
from callbacks.wording import Words
from data.desks import ExceptionParts, TellingParts
from data.services.admission import Admission
from data.services.caching import Cached
from data.services.ingest import Ingest
from data.services.keys import Keys
from data.services.live import utc_now
from data.services.past import PastSites
from data.services.reading import Reading
from data.services.sites import Sites
from data.settings import Settings
from data.store.keys import KeyStore
from data.store.past import PastEvents
from data.stream.cache import RedisShelf
from data.wiring import Engines, secret_of
from layouts.screens import FILE, load


def create_server(settings: Settings) -> Flask:
    """Wire the web application and start its readers. To be called under gevent."""
    engines = Engines(settings)
    sites, hub = _live(engines, settings.build)
    ingest = Ingest(engines.log, engines.history, sites, engines.promises)
    keys = Keys(KeyStore(engines.sql), utc_now)
    past = _past_sites(engines, sites)
    quiet = Quiet(lambda site, area: exceptions.ended(site, area), gevent.spawn)
    walls = Walls(sites, load(settings.screens or FILE), settings.build, past, quiet)
    door = _admission(engines, sites, hub)
    api = Api(ingest, sites, keys, engines.log, read_plan, template, utc_now, door)
    ways = WaysIn(engines, settings, walls)
    outside = Outside(engines, sites, hub, ways.entry, secret_of(settings), ingest)
    home = HomeLive(hub, sites)
    for listener in (outside.live.on_change, home.on_change):
        sites.listen(listener)
    exceptions = ExceptionParts(
        engines, sites, outside.audit, outside.boards, lambda: gevent.sleep(0)
    )
    told = TellingParts(engines, settings, sites, outside.audit, Words, outside.disclosures)

    def visit(page: DeskPage, given: Mapping[str, Any]) -> Visit:
        return shell.visit_of(page, given)

    pages, acts = _pages(engines, settings, sites, outside, exceptions, visit)
    unread = untold(told.inbox)
    shell = Shell(sites, pages, past, settings.locale, parties=outside.visits, untold=unread)
    plain = PlainPages(shell.plain_head, told.models, settings.locale)
    acts += [*telling(told, exceptions, outside, plain), *ways.pages(plain)]
    reading = _reading_api(sites, outside, keys, hub, settings.redis_url or "")
    more = (outside.live.blueprint(), home.blueprint(), *acts, reading)
    pings = {"log": engines.log.ping, "history": engines.history.ping}
    operating = Operating(sites, hub, pings, door)
    return build(walls, hub, api, operating, ways.entry, settings.locale, shell, more)


def _pages(
    engines: Engines,
    settings: Settings,
    sites: Sites,
    outside: Outside,
    exceptions: ExceptionParts,
    visit: Visits,
) -> tuple[list[DeskPage], list[Blueprint]]:
    """Make all pages that the shell draws, and what is posted to them."""
    supply, acts = supply_boards(outside, settings.locale)
    boards, date_acts = date_boards(sites, outside)
    pages = desk_pages(engines, Cached(RedisShelf(settings.redis_url or "")), outside)
    pages += [gantt_page(engines, visit), *supply, *boards]
    pages += [*administration(engines, outside, visit), quarantine_page(engines, sites)]
    acts += exception_acts(exceptions, outside, settings.locale)
    pages += exception_pages(exceptions)
    report, report_acts = report_page(engines, sites, settings)
    pages.append(report)
    return pages, [*acts, report_acts, date_acts]


def _live(engines: Engines, build: str) -> tuple[Sites, Hub]:
    """Start to follow all sites, and the hub that tells viewers of their changes."""
    sites, hub = engines.followed(gevent.spawn, gevent.sleep, facts=True), Hub(build)
    sites.listen(hub.on_change)
    gevent.spawn(hub.run)
    return sites, hub


def _admission(engines: Engines, sites: Sites, hub: Hub) -> Admission:
    """Start to look whether the door can take more."""
    made = Admission(engines.room, sites.places, hub.lateness)
    gevent.spawn(made.run, gevent.sleep)
    return made


def _reading_api(sites: Sites, outside: Outside, keys: Keys, hub: Hub, redis_url: str) -> Blueprint:
    """Return what programs read."""
    reading = Reading(sites, outside.boards, lambda: gevent.sleep(0))
    more = (Looks(outside.audit), hub, outside.live.follow, ReadLimit(redis_url))
    return ReadingApi(reading, outside.boards, keys, *more).blueprint()


def _past_sites(engines: Engines, sites: Sites) -> PastSites:
    """Return what makes boards of the past."""
    return PastSites(PastEvents(engines.past), sites.now)
