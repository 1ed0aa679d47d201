"""Milepost: the composition root and the command line.

`python app.py` runs everything on this machine; `web`, `worker`, `watch` and `demo` are its
parts, and `server` is what gunicorn serves. Adapters meet services here and nowhere else.
"""

import sys

if __name__ == "__main__" and sys.argv[1:2] == ["web"]:
    from gevent import monkey

    monkey.patch_all()

import argparse
import gc
import json
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import structlog

from data.domain.scope import factory_scope
from data.secret import derived, kept
from data.services.errors import Forbidden, MilepostError
from data.services.ingest import Ingest, Status
from data.services.live import LiveSite, utc_now
from data.services.sites import Sites
from data.settings import Settings, SettingsError
from data.store.history import History
from data.store.history import connect as connect_sql
from data.store.keys import KeyStore
from data.stream.facts import FactsStream
from data.stream.log import EventLog
from data.stream.log import connect as connect_log

if TYPE_CHECKING:
    from argon2 import PasswordHasher
    from flask import Blueprint, Flask
    from sqlalchemy import Engine

    from callbacks.desk.disclosure import Visits as FormVisits
    from callbacks.desk.gantt import Visits
    from callbacks.desk.visit import DeskPage
    from callbacks.entry import Entry
    from callbacks.hub import Hub
    from callbacks.walls import Walls
    from data.connectors.plan_files import PlanFile
    from data.domain.site import Site
    from data.services.aspects import Aspect
    from data.services.caching import Cached
    from data.services.keys import Keys
    from data.services.past import PastSites
    from data.services.ports import StoredKey
    from data.services.recorder import Recorder
    from data.services.supply_files import NeedFile
    from data.services.watch import Watch

DEMO_SITE = "hsinchu"
DEMO_SOURCE = "urn:milepost:demo:curl"
_log = structlog.get_logger("milepost")


class Engines:
    """What every role opens: the log and the history."""

    def __init__(self, settings: Settings) -> None:
        if settings.database_url is None or settings.redis_url is None:
            raise SettingsError(
                "DATABASE_URL and REDIS_URL: this part of the program runs beside engines that "
                "are there already; `python app.py` alone brings its own"
            )
        self.database_url = settings.database_url
        client = connect_log(settings.redis_url)
        self.log, self.facts = EventLog(client), FactsStream(client)
        self.sql = connect_sql(settings.database_url)
        self.history = History(self.sql)

    def recorder(self, site: str) -> "Recorder":
        """Make the recorder of a site."""
        from data.services.recorder import Recorder
        from data.store.recording import Recording

        writer = Recording(self.database_url, site)
        return Recorder(site, self.log, self.history, writer, utc_now)

    def watch(self, site: str) -> "Watch":
        """Make the watch of a site."""
        from data.services.watch import Watch
        from data.store.locks import SiteLock

        live = LiveSite(site, self.log, self.history, utc_now)
        lock = SiteLock(self.database_url, "watch", site)
        return Watch(site, live, _aspects(self, site), lock, self.facts, self.log, time.time)

    def followed(
        self, spawn: Callable[..., Any], pause: Callable[[float], None], facts: bool = False
    ) -> Sites:
        """Follow all sites that there are; `facts`: with what the watch finds out."""
        sites = Sites(self.log, self.history, utc_now, spawn, pause, self.facts if facts else None)
        spawn(sites.run)
        return sites


def create_server(settings: Settings) -> "Flask":
    """Wire the web application and start its readers. To be called under gevent."""
    import gevent

    from callbacks.api import Api
    from callbacks.desk.shell import Shell
    from callbacks.hub import Hub
    from callbacks.operating import Operating
    from callbacks.walls import Walls
    from callbacks.web import build
    from data.services.caching import Cached
    from data.services.keys import Keys
    from data.stream.cache import RedisShelf
    from layouts.screens import FILE, load

    engines = Engines(settings)
    sites = engines.followed(gevent.spawn, gevent.sleep, facts=True)
    ingest = Ingest(engines.log, engines.history, sites)
    keys = Keys(KeyStore(engines.sql), utc_now)
    hub = Hub(settings.build)
    sites.listen(hub.on_change)
    gevent.spawn(hub.run)
    past = _past_sites(engines, sites)
    walls = Walls(sites, load(settings.screens or FILE), settings.build, past)
    api = Api(ingest, sites, keys, engines.log, _read_plan, _template, utc_now)
    pings = {"log": engines.log.ping, "history": engines.history.ping}
    cached = Cached(RedisShelf(settings.redis_url or ""))
    gantt = _gantt_page(engines, lambda page, given: shell.visit_of(page, given))
    entry, screens, links = _ways_in(engines, settings, walls)
    outside = Outside(engines, sites, hub, entry, _secret(settings))
    sites.listen(outside.live.on_change)
    supplier, acts = _supplier_board(engines, sites, ingest, outside, settings.locale)
    pages = [*_desk_pages(engines, sites, cached), gantt, supplier]
    boards, date_acts = _date_boards(engines, sites, outside, hub)
    pages += boards
    pages += _administration(engines, outside, lambda page, given: shell.visit_of(page, given))
    shell = Shell(sites, pages, past, settings.locale, parties=outside.visits)
    reading = _reading_api(sites, outside, keys, hub)
    more = (outside.live.blueprint(), acts, date_acts, reading, screens, links)
    operating = Operating(sites, hub, pings)
    return build(walls, hub, api, operating, entry, settings.locale, shell, more)


class Outside:
    """What those are shown through who get nothing but disclosed rows."""

    def __init__(
        self, engines: Engines, sites: Sites, hub: "Hub", entry: "Entry", secret: bytes
    ) -> None:
        from callbacks.desk.party_visit import PartyVisits
        from callbacks.parties import Parties
        from data.services.boards import Boards
        from data.services.dates import DateBook
        from data.services.disclosures import Disclosures
        from data.store.dates import DateStore
        from data.store.disclosures import DisclosureStore

        self.audit = entry.audit
        self.disclosures = Disclosures(DisclosureStore(engines.sql), derived(secret, "pseudonyms"))
        self.dates = DateBook(DateStore(engines.sql))
        self.boards = Boards(self.disclosures, self.dates)
        self.visits = PartyVisits(self.boards, self.audit)
        self.live = Parties(hub, sites, self.boards)


def _supplier_board(
    engines: Engines, sites: Sites, ingest: Ingest, outside: Outside, locale: str
) -> "tuple[DeskPage, Blueprint]":
    """Return the suppliers' page, and the routes of what they do on it."""
    from callbacks.desk.supplier import SupplierPage
    from callbacks.desk.supplier_acts import SupplierActs
    from data.services.comments import Comments
    from data.services.supplying import Supplying
    from data.services.visits import Visits
    from data.store.comments import CommentStore
    from data.store.visits import VisitStore

    comments, visits = Comments(CommentStore(engines.sql)), Visits(VisitStore(engines.sql))
    supplying = Supplying(sites, outside.boards, outside.disclosures, ingest, outside.audit)
    acts = SupplierActs(supplying, comments, outside.audit, _read_needs, outside.live.touch, locale)
    return SupplierPage(supplying, comments, visits), acts.blueprint()


def _date_boards(
    engines: Engines, sites: Sites, outside: Outside, hub: "Hub"
) -> "tuple[list[DeskPage], Blueprint]":
    """Return the boards of customers and carriers, the page of what they ask, and its routes."""
    from callbacks.desk.customer import CustomerPage
    from callbacks.desk.date_acts import DateActs
    from callbacks.desk.dates import DatesPage
    from callbacks.desk.logistics import LogisticsPage
    from data.domain.topics import PLAN
    from data.services.dates import Dates
    from data.services.visits import Visits
    from data.store.visits import VisitStore

    def told(site: str, parties: Iterable[str]) -> None:
        hub.on_change(site, PLAN)
        for party in parties:
            outside.live.touch(site, party)

    shown, audit = outside.boards, outside.audit
    dates = Dates(sites, shown, outside.disclosures, outside.dates, audit, told)
    visits = Visits(VisitStore(engines.sql))
    pages = [CustomerPage(dates, visits), LogisticsPage(dates), DatesPage(dates)]
    return pages, DateActs(dates).blueprint()


def _entry(engines: Engines, settings: Settings) -> "Entry":
    """Return what signing in stands on; checking a password must not hold up the screens."""
    from callbacks.beside import BesideHasher
    from callbacks.entry import Entry
    from callbacks.openid import Provider

    people = People(engines.sql, _secret(settings), BesideHasher())
    told = settings.openid
    provider = None
    if told is not None:
        provider = Provider(
            name=told.name, discovery=told.discovery, client_id=told.client_id,
            client_secret=told.client_secret,
        )  # fmt: skip
    return Entry(
        identity=people.identity, accounts=people.desk, audit=people.audit,
        forms_key=derived(_secret(settings), "forms"), provider=provider,
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

    entry, people, key = _entry(engines, settings), PeopleStore(engines.sql), _secret(settings)

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


class People:
    """Who may sign in, and what they did, on one database."""

    def __init__(
        self, sql: "Engine", secret: bytes, hasher: "PasswordHasher | None" = None
    ) -> None:
        from data.services.accounts_desk import AccountsDesk
        from data.services.audit import Audit
        from data.services.identity import Identity
        from data.store.audit import AuditStore
        from data.store.people import PeopleStore

        self.store = PeopleStore(sql)
        self.audit = Audit(AuditStore(sql), secret, utc_now)
        self.identity = Identity(self.store, utc_now, hasher)
        self.desk = AccountsDesk(self.identity, self.store, self.audit)


def _secret(settings: Settings) -> bytes:
    """Return the secret that is set, else the one that is kept in `var`."""
    return settings.secret or kept(settings.var)


def _desk_pages(engines: Engines, sites: Sites, cached: "Cached") -> "list[DeskPage]":
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

    recorded, then = AccountPast(engines.sql), PastEvents(engines.sql)
    boards = OrderBoards(engines.history, then)
    return [
        OrdersPage(Orders(CompletedOrders(engines.sql))),
        OrderPage(Accounts(recorded), AccountsThen(recorded, then), boards),
        DelaysPage(Delays(DelayStore(engines.sql), cached)),
        BottleneckPage(BottleneckHistory(BottleneckStore(engines.sql), cached)),
        FiguresPage(ShiftFigures(ShiftFigureStore(engines.sql), cached)),
    ]


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
        DisclosurePage(desk, visits, outside.live.touch),
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

    versions = Accounts(AccountPast(engines.sql))
    return GanttPage(Gantts(GanttStore(engines.sql), versions), visits)


def _reading_api(sites: Sites, outside: Outside, keys: "Keys", hub: "Hub") -> "Blueprint":
    """Return what programs read."""
    import gevent

    from callbacks.looks import Looks
    from callbacks.reading import ReadingApi
    from data.services.reading import Reading

    reading = Reading(sites, outside.boards, lambda: gevent.sleep(0))
    looks = Looks(outside.audit)
    return ReadingApi(reading, outside.boards, keys, looks, hub, outside.live.follow).blueprint()


def _past_sites(engines: Engines, sites: Sites) -> "PastSites":
    """Return what makes boards of the past."""
    from data.services.past import PastSites
    from data.store.past import PastEvents

    return PastSites(PastEvents(engines.sql), sites.now)


def serve(settings: Settings) -> int:
    """Serve the web application in this process until SIGTERM."""
    import gevent
    from gevent.pywsgi import WSGIServer

    from data.store.migrate import upgrade

    _patient(lambda: upgrade(settings.database_url or ""))
    app = create_server(settings)
    server = WSGIServer((settings.host, settings.port), app, log=None)
    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, partial(server.stop, timeout=3))
    _log.info("serving", address=address(settings), build=settings.build)
    server.serve_forever()
    return 0


def work(settings: Settings) -> int:
    """Record every site that this process can get hold of."""
    from data.services.worker import Worker
    from data.store.migrate import upgrade

    _patient(lambda: upgrade(settings.database_url or ""))
    engines = Engines(settings)
    worker = Worker(engines.log, engines.history, engines.recorder)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    worker.run()
    return 0


def watch(settings: Settings) -> int:
    """Watch every site that this process can get hold of."""
    from data.services.worker import Worker
    from data.store.migrate import upgrade

    _patient(lambda: upgrade(settings.database_url or ""))
    engines = Engines(settings)
    worker = Worker(engines.log, None, engines.watch)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    worker.run()
    return 0


def _aspects(engines: Engines, site: str) -> "list[Aspect]":
    """Return what the watch works out at a site, a line each."""
    from data.services.bottlenecks import Bottlenecks
    from data.services.derivation import Accounting
    from data.services.forecasting import Forecasts
    from data.services.shift_figures import ShiftFiguresRollup
    from data.store.accounts import AccountPast
    from data.store.bottlenecks import BottleneckStore
    from data.store.delays import DelayStore
    from data.store.forecasts import ForecastStore
    from data.store.past import PastEvents
    from data.store.shift_figures import ShiftFigureStore
    from data.store.stale import Stale

    sql = engines.sql
    return [
        Forecasts(site, ForecastStore(sql), PastEvents(sql), lambda: engines.facts.names(site)),
        Accounting(site, AccountPast(sql), DelayStore(sql)),
        ShiftFiguresRollup(site, ShiftFigureStore(sql), Stale(sql)),
        Bottlenecks(site, BottleneckStore(sql), Stale(sql)),
    ]


def simulate(settings: Settings) -> int:
    """Run the demo factory: its past once, then live."""
    from data.services.demo import DemoSink
    from data.simulate.run import run_demo
    from data.store.migrate import upgrade

    _patient(lambda: upgrade(settings.database_url or ""))
    engines = Engines(settings)
    _stop_on_signals(stop := threading.Event())
    before = LiveSite(DEMO_SITE, engines.log, engines.history, utc_now)
    before.load()  # what is recorded, and what the log holds beyond it
    sites = engines.followed(_thread, time.sleep)
    ingest = Ingest(engines.log, engines.history, sites)
    fresh = before.board.site_state.site is None
    recorder = engines.recorder(DEMO_SITE) if fresh else None
    sink = DemoSink(DEMO_SITE, ingest, engines.log, utc_now, recorder)
    run_demo(sink, before.board, settings.seed, utc_now, stop.wait, stop.is_set)
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
    for name in ("worker", "watch", *(["demo"] if settings.demo else []), "web"):
        argv = (sys.executable, __file__, name)
        ready = partial(_answers, settings) if name == "web" else None
        children.append(Child(name=name, argv=argv, env=env, ready=ready))
    return Supervisor(children, lambda: _greet(settings, env)).run()


def import_plan(settings: Settings, file: Path, site: str) -> int:
    """Import orders from a file; print every error, or how many were taken."""
    from data.connectors.plan_files import read_plan
    from data.domain.plan_rules import to_envelopes

    engines = Engines(settings)
    sites = engines.followed(_thread, time.sleep)
    live = _loaded(sites, site)
    plan = read_plan(file.name, file.read_bytes(), live.board.site)
    for error in plan.errors:
        print(error, file=sys.stderr)
    if plan.more_errors:
        print("... and more", file=sys.stderr)
    if plan.errors:
        return 1
    ingest = Ingest(engines.log, engines.history, sites)
    envelopes = to_envelopes(plan.orders, "urn:milepost:import-plan", live.now, live.board.orders)
    verdicts = ingest.accept(factory_scope(site), site, envelopes, utc_now())
    for status in Status:
        print(f"{status}: {sum(verdict.status is status for verdict in verdicts)}")
    for verdict in verdicts:
        if verdict.status is Status.REFUSED:
            print(f"{verdict.id}: {verdict.field}: {verdict.reason}", file=sys.stderr)
    return int(any(verdict.status is Status.REFUSED for verdict in verdicts))


def replay_log(settings: Settings, file: Path, mapping: Path, speed: float) -> int:
    """Show an event log on a site of its own until it ends or is interrupted."""
    from data.connectors.event_log import read_log
    from data.connectors.mapping import parse_mapping
    from data.connectors.replay import replay
    from data.services.reporting import Reporter

    engines = Engines(settings)
    log = read_log(file, parse_mapping(mapping.read_text()))
    site = log.site.id
    sites = engines.followed(_thread, time.sleep)
    ingest = Ingest(engines.log, engines.history, sites)
    running = next((s.clock for s in engines.history.sites() if s.id == site), None)
    _stop_on_signals(stop := threading.Event())
    to = Reporter(site, ingest, engines.log, utc_now)
    print(f"{log.site.name}: {address(settings)}/wall/{site}.{log.site.areas[0].id}")
    replay(log, to.report, to.signal, utc_now, stop.wait, stop.is_set, speed, running)
    return 0


def read_machines(settings: Settings, options: argparse.Namespace) -> int:
    """Report the states of MTConnect machines, from a recording or a live adapter."""
    from data.connectors.mtconnect import ShdrReader
    from data.connectors.mtconnect_listen import listen
    from data.services.reporting import Reporter

    engines = Engines(settings)
    sites = engines.followed(_thread, time.sleep)
    to = Reporter(options.site, Ingest(engines.log, engines.history, sites), engines.log, utc_now)
    units = dict(pair.split("=", 1) for pair in options.work_unit)
    reader = ShdrReader(options.devices.read_bytes(), units)
    _stop_on_signals(stop := threading.Event())
    host, colon, port = options.adapter.rpartition(":")
    if colon and port.isdigit():
        listen(host, int(port), reader, to.report, to.signal, utc_now, stop.wait, stop.is_set)
        return 0
    with Path(options.adapter).open(encoding="utf-8") as lines:
        envelopes = [envelope for line in lines for envelope in reader.read(line)]
    to.report(envelopes)
    print(f"{len(envelopes)} events of {', '.join(reader.work_units)}")
    return 0


def analyse(file: Path, as_json: bool) -> int:
    """Print who was the bottleneck of a file's line."""
    from data.services.analyse import analyse_bottleneck, render_table, to_json

    report = analyse_bottleneck(file)
    print(json.dumps(to_json(report)) if as_json else render_table(report))
    return 0


def manage_keys(settings: Settings, options: argparse.Namespace) -> int:
    """Make, list or revoke API keys: of sources that report, or of programs that read."""
    from data.domain.scope import Role
    from data.services.keys import Keys

    store = KeyStore(Engines(settings).sql)
    keys, action = Keys(store, utc_now), options.action
    if action == "add":
        site = options.what or options.site
        if options.role:
            print(keys.create_reader(site, Role(options.role), options.party))
        else:
            print(keys.create(site, options.source))
    elif action == "revoke":
        if not store.revoke(options.what, utc_now()):
            print(f"no working key {options.what}", file=sys.stderr)
            return 1
    else:
        for key in store.all():
            print(_told(key))
    return 0


def _told(key: "StoredKey") -> str:
    """Return what there is to say of a key."""
    state = f"revoked {key.revoked_at:%F %T}" if key.revoked_at else "works"
    whose = key.source or f"{key.role} {key.party or ''}".strip()
    return f"{key.prefix}  {key.site}  {whose}  made {key.created_at:%F %T}  {state}"


def manage_accounts(settings: Settings, options: argparse.Namespace) -> int:
    """Make, list, disable, enable accounts; make links with which their owners choose passwords."""
    from data.domain.scope import Role
    from data.services.accounts_desk import By

    desk = People(Engines(settings).sql, _secret(settings)).desk
    by, action = By("console"), options.action
    if action == "list":
        for one in desk.all():
            state = "disabled" if one.disabled_at else "may sign in" if one.password else "invited"
            where = ",".join(one.sites)
            print(f"{one.login}  {one.role}  {one.party or '-'}  {where}  {state}  {one.name}")
        return 0
    if action == "add":
        name, role = options.name or options.login, Role(options.role)
        offered = desk.add(by, options.login, name, role, options.site or ["*"], options.party)
        print(address(settings) + offered.path)
        return 0
    account = desk.find(options.login)
    if account is None:
        raise ValueError(f"no account {options.login}")
    if action == "reset":
        print(address(settings) + desk.reset(by, account).path)
    else:
        (desk.disable if action == "disable" else desk.enable)(by, account)
    return 0


def verify_audit(settings: Settings, head: str) -> int:
    """Walk the audit trail; print its end, or the first bad record."""
    from data.domain.audit import Head

    noted = None
    if head:
        number, _, code = head.partition(":")
        noted = Head(number=int(number), code=bytes.fromhex(code))
    end, fault = People(Engines(settings).sql, _secret(settings)).audit.verify(noted)
    if fault is not None:
        print(f"record {fault.number}: {fault.what}", file=sys.stderr)
        return 1
    print(f"{end.number}:{end.code.hex()}")
    return 0


def show_quarantine(settings: Settings, site: str) -> int:
    """Print what was not taken at a site, newest first, and why."""
    for item in Engines(settings).history.quarantined(site, 200):
        print(f"{item.received_at:%F %T}  {item.kind}  {item.source}  {item.event_id}")
        print(f"    {item.field}: {item.reason}")
        print(f"    {bytes(item.raw)[:300].decode(errors='replace')}")
    return 0


def address(settings: Settings) -> str:
    """Return where a browser on this machine finds the program."""
    everywhere = settings.host in {"0.0.0.0", "::"}  # nosec B104
    host = "127.0.0.1" if everywhere else settings.host
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def main(arguments: Sequence[str]) -> int:
    """Run one command; return the exit code."""
    try:
        settings = Settings.from_env(os.environ)
        options = _parser().parse_args(arguments)
        _configure_logging(settings)
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
        return analyse(options.file, options.json)
    if name is None:
        return run_all(settings)
    attached = _attached(settings)
    beside = _beside(options)
    return beside[name](attached)


def _beside(options: argparse.Namespace) -> dict[str, Callable[[Settings], int]]:
    """Return what runs on engines that are there already, by the name of its command."""
    return {
        "web": serve,
        "worker": work,
        "watch": watch,
        "demo": simulate,
        "import-plan": lambda settings: import_plan(settings, options.file, options.site),
        "replay": lambda settings: replay_log(
            settings, options.file, options.mapping, options.speed
        ),
        "quarantine": lambda settings: show_quarantine(settings, options.site),
        "mtconnect": lambda settings: read_machines(settings, options),
        "account": lambda settings: manage_accounts(settings, options),
        "audit": lambda settings: verify_audit(settings, options.head),
        "key": lambda settings: manage_keys(settings, options),
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="app.py", description="Milepost; settings: docs/settings.md"
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("web", help="serve pages, live streams and the API")
    commands.add_parser("worker", help="record events into SQL")
    commands.add_parser("watch", help="forecast, find bottlenecks, account for delays")
    commands.add_parser("demo", help="run the demo factory")
    plan = commands.add_parser("import-plan", help="import orders from JSON, CSV or XLSX")
    plan.add_argument("file", type=Path)
    plan.add_argument("--site", default=DEMO_SITE)
    replay = commands.add_parser("replay", help="show an event log on a site of its own")
    replay.add_argument("file", type=Path)
    replay.add_argument("--mapping", type=Path, required=True)
    replay.add_argument("--speed", type=float, default=60.0, help="log seconds a second")
    machines = commands.add_parser("mtconnect", help="report states of MTConnect machines")
    machines.add_argument("adapter", help="HOST:PORT of an adapter, or a recorded SHDR file")
    machines.add_argument("--devices", type=Path, required=True, help="Devices.xml")
    machines.add_argument("--work-unit", action="append", required=True, metavar="DEVICE=UNIT")
    machines.add_argument("--site", default=DEMO_SITE)
    analysis = commands.add_parser("analyse", help="analyse a file of states or active periods")
    analysis.add_argument("what", choices=["bottleneck"])
    analysis.add_argument("file", type=Path)
    analysis.add_argument("--json", action="store_true")
    aside = commands.add_parser("quarantine", help="show what was not taken, and why")
    aside.add_argument("--site", default=DEMO_SITE)
    _add_people(commands)
    _add_keys(commands)
    return parser


def _add_keys(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command about API keys."""
    from data.services.keys import READERS

    key = commands.add_parser("key", help="make, list or revoke API keys")
    key.add_argument("action", choices=["add", "list", "revoke"])
    key.add_argument("what", nargs="?", default="", help="site of a new key, prefix of an old one")
    key.add_argument("--site", default=DEMO_SITE)
    key.add_argument("--source", default=DEMO_SOURCE, help="whose events the key reports")
    key.add_argument("--role", choices=[*READERS], help="a key that reads instead, as who")
    key.add_argument("--party", help="whom a supplier, customer or logistics key reads for")


def _add_people(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands about people."""
    from data.domain.people import PEOPLE

    account = commands.add_parser("account", help="make, list, disable or enable accounts")
    actions = account.add_subparsers(dest="action", required=True)
    add = actions.add_parser("add", help="make one; prints the link to choose a password with")
    add.add_argument("login")
    add.add_argument("--name", default="")
    add.add_argument("--role", choices=[*PEOPLE], required=True)
    add.add_argument("--site", action="append", help="may be given again; all sites without")
    add.add_argument("--party", help="whom a supplier, customer or logistics account speaks for")
    actions.add_parser("list", help="show all")
    for name, words in (
        ("disable", "let someone in no more"),
        ("enable", "let someone in again"),
        ("reset", "print a link to choose a new password with"),
    ):
        actions.add_parser(name, help=words).add_argument("login")
    trail = commands.add_parser("audit", help="check the audit trail")
    trail.add_argument("action", choices=["verify"])
    trail.add_argument("--head", default="", help="an end that was noted before, NUMBER:CODE")


def _attached(settings: Settings) -> Settings:
    """Return settings that name the engines that run under `var` where none are set."""
    from msgspec.structs import replace

    from data.store.embedded import EmbeddedPostgres
    from data.stream.embedded import EmbeddedRedis

    redis, postgres = (
        EmbeddedRedis(settings.var / "redis"),
        EmbeddedPostgres(settings.var / "postgres"),
    )
    if settings.redis_url is None and redis.is_ready():
        settings = replace(settings, redis_url=redis.url)
    if settings.database_url is None and postgres.is_ready():
        settings = replace(settings, database_url=postgres.url)
    return settings


def _greet(settings: Settings, env: dict[str, str]) -> None:
    """Say where everything is, once it is up."""
    from data.simulate.plant import LINES

    at = address(settings)
    lines = ["", f"Milepost   {at}", f"Health     {at}/readyz"]
    if settings.demo:
        lines[2:2] = [f"Wall       {at}/wall/{DEMO_SITE}.{line.id}" for line in LINES]
        lines.append(f"API key    {_demo_key(settings, env)}  (site {DEMO_SITE}, {DEMO_SOURCE})")
    lines += [
        *_sign_in_lines(settings, env, at),
        "Stop       Ctrl-C",
        "",
    ]
    print("\n".join(lines), flush=True)


def _sign_in_lines(settings: Settings, env: dict[str, str], at: str) -> list[str]:
    """Say how to sign in: with the demo's accounts, or by making the first one."""
    from data.services.demo_accounts import demo_accounts

    sql = connect_sql(env["DATABASE_URL"])
    people = People(sql, _secret(settings))
    try:
        if settings.demo:
            found = demo_accounts(people.identity, people.store, settings.var, DEMO_SITE)
            return [f"Sign-in    {at}/sign-in"] + [
                f"           {one.login:<10} {password}  {one.role}" for one, password in found
            ]
        if people.store.all():
            return [f"Sign-in    {at}/sign-in"]
        return ["Sign-in    python app.py account add LOGIN --role administrator"]
    finally:
        sql.dispose()


def _answers(settings: Settings) -> bool:
    """Whether the web process is alive."""
    try:
        with urlopen(f"{address(settings)}/healthz", timeout=1) as answer:  # nosec B310
            return bool(answer.status == 200)
    except OSError:
        return False


def _demo_key(settings: Settings, env: dict[str, str]) -> str:
    """Return the demo's API key, made at the first start and kept in a file only we can read."""
    from data.services.keys import Keys

    file = settings.var / "demo-api-key"
    sql = connect_sql(env["DATABASE_URL"])
    keys = Keys(KeyStore(sql), utc_now)
    kept = file.read_text().strip() if file.exists() else ""
    if not kept or keys.verify(kept) is None:
        kept = keys.create(DEMO_SITE, DEMO_SOURCE)
        file.touch(mode=0o600)
        file.write_text(kept + "\n")
    sql.dispose()
    return kept


def _loaded(sites: Sites, site: str) -> LiveSite:
    """Return a site's live board once it is loaded.

    Raises: Forbidden when there is no such site.
    """
    live = sites.find(site)
    if live is None:
        raise Forbidden(f"there is no site {site}; send its document first (PUT /api/v1/site)")
    return live


def _patient(action: Callable[[], None]) -> None:
    """Do what needs SQL at the start, as soon as SQL is there."""
    from sqlalchemy.exc import OperationalError

    for pause_s in (0.2, 0.5, 1, 2, 4, 8, 8, 8):
        try:
            return action()
        except OperationalError as error:
            _log.warning("waiting for the database", reason=str(error.orig))
            time.sleep(pause_s)
    return action()


def _thread(target: Callable[..., Any], *arguments: Any) -> None:
    threading.Thread(target=target, args=arguments, daemon=True).start()


def _stop_on_signals(stop: threading.Event) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())


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


def _configure_logging(settings: Settings) -> None:
    level = getattr(logging, settings.log_level.upper())
    renderer: Any = structlog.processors.JSONRenderer()
    if settings.log_format == "console":
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")


def __getattr__(name: str) -> Any:
    """Make `server` when gunicorn asks for it."""
    if name != "server":
        raise AttributeError(name)
    from data.store.migrate import upgrade

    settings = _attached(Settings.from_env(os.environ))
    _configure_logging(settings)
    _patient(lambda: upgrade(settings.database_url or ""))
    return create_server(settings)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
