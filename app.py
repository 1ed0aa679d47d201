"""Milepost: the composition root and the command line.

`python app.py` runs everything on this machine; `web`, `worker`, `watch`, `notify` and `demo` are
its parts, and `server` is what gunicorn serves. Adapters meet services here and nowhere else.
"""

import sys

if __name__ == "__main__" and sys.argv[1:2] == ["web"]:
    from gevent import monkey

    monkey.patch_all()

import argparse
import gc
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import structlog

from data.commands import access, archive, backup, notify, parts, rebuild, secrets, showing, sources
from data.commands.greeting import greet
from data.commands.parser import parser
from data.secret import derived
from data.services.errors import MilepostError
from data.services.ingest import Ingest
from data.services.live import utc_now
from data.services.news import NewsDesk, What
from data.services.sites import Sites
from data.settings import Settings, SettingsError
from data.store.keys import KeyStore
from data.wiring import (
    Engines,
    People,
    Statements,
    address,
    attached,
    configure_logging,
    patiently,
    secret_of,
)

if TYPE_CHECKING:
    from flask import Blueprint, Flask

    from callbacks.desk.disclosure import Visits as FormVisits
    from callbacks.desk.gantt import Visits
    from callbacks.desk.visit import DeskPage, Visit
    from callbacks.entry import Entry
    from callbacks.hub import Hub
    from callbacks.walls import Walls
    from data.connectors.plan_files import PlanFile
    from data.desks import ExceptionParts
    from data.domain.site import Site
    from data.services.admission import Admission
    from data.services.caching import Cached
    from data.services.keys import Keys
    from data.services.past import PastSites
    from data.services.supply_files import NeedFile

_log = structlog.get_logger("milepost")


def create_server(settings: Settings) -> "Flask":
    """Wire the web application and start its readers. To be called under gevent."""
    import gevent

    from callbacks.api import Api
    from callbacks.desk.shell import Shell
    from callbacks.operating import Operating
    from callbacks.quiet import Quiet
    from callbacks.walls import Walls
    from callbacks.web import build
    from data.desks import ExceptionParts
    from data.services.keys import Keys
    from layouts.screens import FILE, load

    engines = Engines(settings)
    sites, hub = _live(engines, settings.build)
    ingest = Ingest(engines.log, engines.history, sites)
    keys = Keys(KeyStore(engines.sql), utc_now)
    past = _past_sites(engines, sites)
    quiet = Quiet(lambda site, area: exceptions.ended(site, area), gevent.spawn)
    walls = Walls(sites, load(settings.screens or FILE), settings.build, past, quiet)
    door = _admission(engines, sites, hub)
    api = Api(ingest, sites, keys, engines.log, _read_plan, _template, utc_now, door)
    entry, screens, links = _ways_in(engines, settings, walls)
    outside = Outside(engines, sites, hub, entry, secret_of(settings), ingest)
    sites.listen(outside.live.on_change)
    exceptions = ExceptionParts(
        engines, sites, outside.audit, outside.boards, lambda: gevent.sleep(0)
    )

    def visit(page: "DeskPage", given: Mapping[str, Any]) -> "Visit":
        return shell.visit_of(page, given)

    pages, acts, untold = _pages(engines, settings, sites, outside, exceptions, visit)
    shell = Shell(sites, pages, past, settings.locale, parties=outside.visits, untold=untold)
    reading = _reading_api(sites, outside, keys, hub, settings.redis_url or "")
    more = (outside.live.blueprint(), *acts, reading, screens, links)
    pings = {"log": engines.log.ping, "history": engines.history.ping}
    operating = Operating(sites, hub, pings, door)
    return build(walls, hub, api, operating, entry, settings.locale, shell, more)


def _pages(
    engines: Engines,
    settings: Settings,
    sites: Sites,
    outside: "Outside",
    exceptions: "ExceptionParts",
    visit: "Visits",
) -> "tuple[list[DeskPage], list[Blueprint], Callable[[], int | None]]":
    """Make all pages, what is posted to them, and what counts that somebody hasn't read."""
    from data.services.caching import Cached
    from data.stream.cache import RedisShelf

    supply, acts = _supply_boards(outside, settings.locale)
    boards, date_acts = _date_boards(sites, outside)
    pages = _desk_pages(engines, Cached(RedisShelf(settings.redis_url or "")), outside)
    pages += [_gantt_page(engines, visit), *supply, *boards]
    pages += _administration(engines, outside, visit)
    acts += _exception_acts(exceptions, outside, settings.locale)
    pages += _exception_pages(exceptions)
    report, report_acts = _report_page(engines, sites, settings)
    pages.append(report)
    told, untold = _telling(engines, settings, sites, outside, exceptions)
    return pages, [*acts, report_acts, *told, date_acts], untold


def _live(engines: Engines, build: str) -> "tuple[Sites, Hub]":
    """Start to follow all sites, and the hub that tells viewers of their changes."""
    import gevent

    from callbacks.hub import Hub

    sites, hub = engines.followed(gevent.spawn, gevent.sleep, facts=True), Hub(build)
    sites.listen(hub.on_change)
    gevent.spawn(hub.run)
    return sites, hub


def _admission(engines: Engines, sites: Sites, hub: "Hub") -> "Admission":
    """Start to look whether the door can take more."""
    import gevent

    from data.services.admission import Admission

    made = Admission(engines.room, sites.places, hub.lateness)
    gevent.spawn(made.run, gevent.sleep)
    return made


class Outside:
    """What those are shown through who get nothing but disclosed rows, and the factory answers."""

    def __init__(
        self, engines: Engines, sites: Sites, hub: "Hub", entry: "Entry", secret: bytes,
        ingest: Ingest,
    ) -> None:  # fmt: skip
        import gevent

        from callbacks.desk.party_visit import PartyVisits
        from callbacks.parties import Parties
        from callbacks.telling import Telling
        from data.services.need_talks import NeedTalks
        from data.services.supplying import Supplying

        said = Statements(engines.sql, derived(secret, "pseudonyms"))
        self.audit, self.disclosures, self.dates = entry.audit, said.disclosures, said.dates
        self.boards, self.board_visits = said.boards, said.visits
        self.visits = PartyVisits(self.boards, self.audit)
        self.live = Parties(hub, sites, self.boards)
        news = NewsDesk(engines.news, gevent.sleep)
        renew = (self.dates.renew, self.disclosures.renew)
        self.telling = Telling(news, hub, self.live, sites.ids, renew)
        gevent.spawn(news.run)
        self.supplying = Supplying(sites, self.boards, self.disclosures, ingest, self.audit)
        told = self.telling.of(What.COMMENT)
        self.talks = NeedTalks(self.supplying, said.comments, self.audit, told)


def _supply_boards(outside: Outside, locale: str) -> "tuple[list[DeskPage], list[Blueprint]]":
    """Return the suppliers' page and the factory's side of it, and the routes of both."""
    from callbacks.desk.need_acts import NeedActs
    from callbacks.desk.needs import NeedsPage
    from callbacks.desk.supplier import SupplierPage
    from callbacks.desk.supplier_acts import SupplierActs

    talks, visits = outside.talks, outside.board_visits
    acts = SupplierActs(outside.supplying, talks, _read_needs, locale)
    pages = [SupplierPage(talks, visits), NeedsPage(talks, visits)]
    return pages, [acts.blueprint(), NeedActs(talks, locale).blueprint()]


def _date_boards(sites: Sites, outside: Outside) -> "tuple[list[DeskPage], Blueprint]":
    """Return the boards of customers and carriers, the page of what they ask, and its routes."""
    from callbacks.desk.customer import CustomerPage
    from callbacks.desk.date_acts import DateActs
    from callbacks.desk.dates import DatesPage
    from callbacks.desk.logistics import LogisticsPage
    from data.services.dates import Dates

    shown, audit, told = outside.boards, outside.audit, outside.telling.of(What.DATE)
    dates = Dates(sites, shown, outside.disclosures, outside.dates, audit, told)
    visits = outside.board_visits
    pages = [CustomerPage(dates, visits), LogisticsPage(dates), DatesPage(dates)]
    return pages, DateActs(dates).blueprint()


def _entry(engines: Engines, settings: Settings) -> "Entry":
    """Return what signing in stands on; checking a password must not hold up the screens."""
    from callbacks.beside import BesideHasher
    from callbacks.entry import Entry
    from callbacks.openid import Provider

    people = People(engines.sql, secret_of(settings), BesideHasher())
    told = settings.openid
    provider = None
    if told is not None:
        provider = Provider(
            name=told.name, discovery=told.discovery, client_id=told.client_id,
            client_secret=told.client_secret,
        )  # fmt: skip
    return Entry(
        identity=people.identity, accounts=people.desk, audit=people.audit,
        forms_key=derived(secret_of(settings), "forms"), provider=provider,
        proxies=settings.trusted_proxies,
    )  # fmt: skip


def _ways_in(
    engines: Engines, settings: Settings, walls: "Walls"
) -> "tuple[Entry, Blueprint, Blueprint]":
    """Return what lets anybody in: people, screens, and those who have a link; with the pages."""
    from msgspec.structs import replace

    from callbacks.links import LinkPages, parties_of
    from callbacks.screens import ScreenPages
    from data.services.links import Links
    from data.services.screens import Devices
    from data.store.people import PeopleStore
    from data.store.screens import ScreenStore

    entry, people, key = _entry(engines, settings), PeopleStore(engines.sql), secret_of(settings)

    def names() -> dict[str, str]:
        return {f"account/{one.id}": one.name for one in people.all()}

    devices = Devices(
        ScreenStore(engines.sql), people, entry.audit, derived(key, "screens"), utc_now
    )
    screens = ScreenPages(devices, walls, names, settings.locale, settings.build)
    taken = Links(people, entry.audit, partial(parties_of, walls.sites), utc_now)
    links = LinkPages(taken, walls.sites, names, settings.locale)
    proofs = {"screen": screens.proves, "link": links.proves}
    return replace(entry, others=proofs), screens.blueprint(), links.blueprint()


def _desk_pages(engines: Engines, cached: "Cached", outside: Outside) -> "list[DeskPage]":
    """Return every page that is read at a desk, a line each."""
    from callbacks.desk.bottleneck import BottleneckPage
    from callbacks.desk.delays import DelaysPage
    from callbacks.desk.figures import FiguresPage
    from callbacks.desk.order import OrderPage
    from callbacks.desk.orders import OrdersPage
    from data.services.accounts import Accounts
    from data.services.accounts_then import AccountsThen
    from data.services.bottleneck_history import BottleneckHistory
    from data.services.delays import Delays
    from data.services.order_boards import OrderBoards
    from data.services.orders import Orders
    from data.services.shift_figures import ShiftFigures
    from data.store.accounts import AccountPast
    from data.store.bottlenecks import BottleneckStore
    from data.store.delays import DelayStore
    from data.store.orders import CompletedOrders
    from data.store.past import PastEvents
    from data.store.shift_figures import ShiftFigureStore

    recorded, then = AccountPast(engines.past), PastEvents(engines.past)
    boards = OrderBoards(engines.history, then)
    return [
        OrdersPage(Orders(CompletedOrders(engines.past))),
        OrderPage(Accounts(recorded), AccountsThen(recorded, then), boards, outside.talks),
        DelaysPage(Delays(DelayStore(engines.past), cached)),
        BottleneckPage(BottleneckHistory(BottleneckStore(engines.past), cached)),
        FiguresPage(ShiftFigures(ShiftFigureStore(engines.past), cached)),
    ]


def _exception_pages(parts: "ExceptionParts") -> "list[DeskPage]":
    """Return the pages on exceptions; addresses with a number come last."""
    from callbacks.desk.exception import ExceptionPage
    from callbacks.desk.exception_quality import ExceptionQualityPage
    from callbacks.desk.exceptions import ExceptionsPage
    from callbacks.desk.party_exceptions import PartyExceptionsPage
    from callbacks.desk.rules import RulesPage

    desk, rules = parts.desk, parts.rules
    return [
        ExceptionsPage(desk, rules, utc_now),
        ExceptionQualityPage(parts.qualities, rules),
        RulesPage(parts.rule_desk, parts.qualities),
        PartyExceptionsPage(parts.outside),
        ExceptionPage(desk, rules, parts.staff, utc_now, parts.told),
    ]


def _report_page(
    engines: Engines, sites: Sites, settings: Settings
) -> "tuple[DeskPage, Blueprint]":
    """Return the daily report, and the route by which people have it mailed to them."""
    from callbacks.desk.report import ReportPage
    from callbacks.desk.report_acts import ReportActs
    from data.reports import ReportParts

    parts = ReportParts(engines.sql, sites, settings)
    acts = ReportActs(parts.schedules, sites, parts.mail_of)
    return ReportPage(parts.reports, sites, acts.form), acts.blueprint()


def _exception_acts(
    parts: "ExceptionParts", outside: Outside, locale: str
) -> "tuple[Blueprint, Blueprint]":
    """Return the routes of what people do with exceptions, inside and outside of the factory."""
    from callbacks.desk.exception_acts import ExceptionActs
    from callbacks.desk.party_exceptions import PartyExceptionActs

    told = outside.telling.of(What.COMMENT)
    inside = ExceptionActs(parts.desk, parts.staff.takers, told, utc_now, locale)
    return inside.blueprint(), PartyExceptionActs(parts.outside, told, locale).blueprint()


def _telling(
    engines: Engines, settings: Settings, sites: Sites, outside: Outside,
    exceptions: "ExceptionParts",
) -> "tuple[list[Blueprint], Callable[[], int | None]]":  # fmt: skip
    """Return the pages on how people are told and of what, and what counts their unread."""
    from callbacks.notifications import NotificationPages, untold
    from callbacks.roster import RosterPages
    from callbacks.triggers import TriggerPages
    from callbacks.wording import Words
    from data.desks import TellingParts

    audit, locale = outside.audit, settings.locale
    made = TellingParts(engines, settings, sites, audit, Words, outside.disclosures)
    own = NotificationPages(
        made.preferences, made.inbox, exceptions.desk, made.book, audit, made.models, locale
    )
    pages = (own, RosterPages(made.roster, made.models, locale),
             TriggerPages(made.triggers, made.models, locale))  # fmt: skip
    return [one.blueprint() for one in pages], untold(made.inbox)


def _administration(engines: Engines, outside: Outside, visits: "FormVisits") -> "list[DeskPage]":
    """Return the pages of those who look after who sees what, a line each."""
    from callbacks.desk.access import AccessPage
    from callbacks.desk.audit import AuditPage
    from callbacks.desk.disclosure import DisclosurePage
    from data.services.access import Access
    from data.services.disclosure_desk import DisclosureDesk
    from data.store.access import AccessStore
    from data.store.disclosures import DisclosureStore
    from data.store.people import PeopleStore

    sql, policies = engines.sql, outside.disclosures
    people, store = PeopleStore(sql), DisclosureStore(sql)
    access = Access(people, KeyStore(sql), AccessStore(sql), policies, utc_now)
    desk = DisclosureDesk(policies, store, outside.boards, outside.audit)
    return [
        DisclosurePage(desk, visits, outside.telling.of(What.POLICY)),
        AccessPage(access, outside.audit),
        AuditPage(outside.audit, access.names),
    ]


def _gantt_page(engines: Engines, visits: "Visits") -> "DeskPage":
    """Return the page that draws itself anew while its reader pans and zooms."""
    from callbacks.desk.gantt import GanttPage
    from data.services.accounts import Accounts
    from data.services.gantt import Gantts
    from data.store.accounts import AccountPast
    from data.store.gantt import GanttStore

    versions = Accounts(AccountPast(engines.past))
    return GanttPage(Gantts(GanttStore(engines.past), versions), visits)


def _reading_api(
    sites: Sites, outside: Outside, keys: "Keys", hub: "Hub", redis_url: str
) -> "Blueprint":
    """Return what programs read."""
    import gevent

    from callbacks.limits import ReadLimit
    from callbacks.looks import Looks
    from callbacks.reading import ReadingApi
    from data.services.reading import Reading

    reading = Reading(sites, outside.boards, lambda: gevent.sleep(0))
    more = (Looks(outside.audit), hub, outside.live.follow, ReadLimit(redis_url))
    return ReadingApi(reading, outside.boards, keys, *more).blueprint()


def _past_sites(engines: Engines, sites: Sites) -> "PastSites":
    """Return what makes boards of the past."""
    from data.services.past import PastSites
    from data.store.past import PastEvents

    return PastSites(PastEvents(engines.past), sites.now)


def serve(settings: Settings) -> int:
    """Serve the web application in this process until SIGTERM."""
    import gevent
    from gevent.pywsgi import WSGIServer

    from data.store.migrate import upgrade

    patiently(lambda: upgrade(settings.database_url or ""))
    app = create_server(settings)
    server = WSGIServer((settings.host, settings.port), app, log=None)
    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, partial(server.stop, timeout=3))
    _log.info("serving", address=address(settings), build=settings.build)
    server.serve_forever()
    return 0


def run_all(settings: Settings) -> int:
    """Run engines, web, worker, watch and demo as children of this process."""
    from data.processes import Child, ChildError
    from data.store.embedded import EmbeddedPostgres
    from data.stream.embedded import EmbeddedRedis
    from data.supervise import Supervisor

    settings.var.mkdir(parents=True, exist_ok=True)
    children, env = [], {"MILEPOST_BUILD": settings.build}
    try:
        if settings.redis_url is None:
            redis = EmbeddedRedis(settings.var / "redis")
            children.append(redis.child())
        if settings.database_url is None:
            postgres = EmbeddedPostgres(settings.var / "postgres")
            children.append(postgres.child())
    except ChildError as error:
        print(error, file=sys.stderr)
        return 1
    env["REDIS_URL"] = settings.redis_url or redis.url
    env["DATABASE_URL"] = settings.database_url or postgres.url
    for name in ("worker", "watch", "notify", *(["demo"] if settings.demo else []), "web"):
        argv = (sys.executable, __file__, name)
        ready = partial(_answers, settings) if name == "web" else None
        children.append(Child(name=name, argv=argv, env=env, ready=ready))
    return Supervisor(children, lambda: greet(settings, env)).run()


def main(arguments: Sequence[str]) -> int:
    """Run one command; return the exit code."""
    try:
        settings = Settings.from_env(os.environ)
        options = parser().parse_args(arguments)
        configure_logging(settings)
        gc.set_threshold(
            50_000, 20, 50
        )  # boards are large and live long; most garbage has no cycles
        return _run(settings, options)
    except (SettingsError, MilepostError, ValueError, OSError) as error:
        if os.environ.get("MILEPOST_LOG_LEVEL") == "debug":
            raise
        print(error, file=sys.stderr)
        return 2


def _run(settings: Settings, options: argparse.Namespace) -> int:
    name = options.command
    if name == "analyse":
        return showing.analyse(options.file, options.json)
    if name is None:
        return run_all(settings)
    return _beside(options)[name](attached(settings))


def _beside(options: argparse.Namespace) -> dict[str, Callable[[Settings], int]]:
    """Return what runs on engines that are there already, by the name of its command."""
    return {
        "web": serve,
        "migrate": parts.migrate,
        "worker": parts.work,
        "watch": parts.watch,
        "notify": _notify,
        "ways": lambda settings: notify.show_ways(settings, options.open, options.address),
        "demo": parts.simulate,
        "import-plan": lambda settings: sources.import_plan(settings, options.file, options.site),
        "replay": lambda settings: sources.replay_log(
            settings, options.file, options.mapping, options.speed
        ),
        "quarantine": lambda settings: showing.show_quarantine(settings, options.site),
        "mtconnect": lambda settings: sources.read_machines(settings, options),
        "account": lambda settings: access.manage_accounts(settings, options),
        "audit": lambda settings: access.verify_audit(settings, options),
        "key": lambda settings: access.manage_keys(settings, options),
        "backup": lambda settings: backup.backup(settings, options.folder),
        "archive": lambda settings: archive.archive(settings, options),
        "rebuild": lambda settings: rebuild.rebuild(settings, options.check, options.site),
        "restore": lambda settings: backup.restore(settings, options.folder),
        "rotate-secret": lambda settings: secrets.rotate_secret(settings, options.file),
    }


def _notify(settings: Settings) -> int:
    """Tell people what happened, in words."""
    from callbacks.papers import Papers
    from callbacks.wording import Words

    return notify.notify(settings, Words, Papers)


def _answers(settings: Settings) -> bool:
    """Whether the web process is alive."""
    try:
        with urlopen(f"{address(settings)}/healthz", timeout=1) as answer:  # nosec B310
            return bool(answer.status == 200)
    except OSError:
        return False


def _read_plan(name: str, content: bytes, site: "Site") -> "PlanFile":
    """Read a plan file; its libraries are loaded by the first, so that the start is short."""
    from data.connectors.plan_files import read_plan

    return read_plan(name, content, site)


def _read_needs(content: bytes, headings: Mapping[str, str], timezone: str) -> "NeedFile":
    from data.connectors.need_files import read

    return read(content, headings, timezone)


def _template(form: Any, site: "Site | None") -> bytes:
    from data.connectors.plan_files import template

    return template(form, site)


def __getattr__(name: str) -> Any:
    """Make `server` when gunicorn asks for it."""
    if name != "server":
        raise AttributeError(name)
    from data.store.migrate import upgrade

    settings = attached(Settings.from_env(os.environ))
    configure_logging(settings)
    patiently(lambda: upgrade(settings.database_url or ""))
    return create_server(settings)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
