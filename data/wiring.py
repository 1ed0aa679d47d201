"""What every part of the program is put together from: engines, people, settings, a patient start.

Adapters meet services here, in `data.commands` and in `web`, and nowhere else. Imported by these
two, by `app` and by tests.
"""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog

from data.secret import derived, kept
from data.services.errors import Forbidden
from data.services.live import LiveSite, utc_now
from data.services.promises import Promises
from data.services.sites import Sites
from data.settings import Settings, SettingsError
from data.store.history import History
from data.store.history import connect as connect_sql
from data.store.scoped import WEB, beside, close
from data.stream.facts import FactsStream
from data.stream.log import EventLog
from data.stream.log import connect as connect_log
from data.stream.news import NewsStream
from data.stream.room import LogRoom

if TYPE_CHECKING:
    from argon2 import PasswordHasher
    from sqlalchemy import Engine

    from data.notify.ways import Ways
    from data.services.aspects import Aspect
    from data.services.delivering import Wording
    from data.services.disclosures import Disclosures
    from data.services.lately import Lately
    from data.services.notifier import Notifier, Sender, Step
    from data.services.planning import Plants
    from data.services.recorder import Recorder
    from data.services.report_post import Papers
    from data.services.rescue import Rescue
    from data.services.watch import Watch

DEMO_SITE = "hsinchu"
REPORTS = "daily reports"  # no way can be called so
DEMO_SOURCE = "urn:milepost:demo:curl"
_log = structlog.get_logger("milepost")


class Engines:
    """What every part opens: the log and the history, the latter as one of SQL's roles."""

    def __init__(self, settings: Settings, role: str = WEB) -> None:
        if settings.database_url is None or settings.redis_url is None:
            raise SettingsError(
                "DATABASE_URL and REDIS_URL: this part of the program runs beside engines that "
                "are there already; `python app.py` alone brings its own"
            )
        self.database_url = settings.database_url
        client = connect_log(settings.redis_url)
        self.log, self.facts = EventLog(client, settings.remember_hours), FactsStream(client)
        self.news, self.room = NewsStream(client), LogRoom(client)
        self.sql = connect_sql(settings.database_url, role=role)
        replica = settings.replica_url  # for pages on the past, whose stores take `past`
        self.past = self.sql if replica is None else beside(self.sql, replica)
        self.history = History(self.sql)
        self.promises = Promises()

    def close(self) -> None:
        """Take leave of PostgreSQL."""
        close(self.past)

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
        return Watch(site, live, aspects_of(self, site), lock, self.facts, self.log, time.time)

    def _keeper(self, site: str) -> "Rescue":
        from data.services.rescue import SECOND_S, Rescue

        return Rescue(
            site, self.log, self.history, utc_now, sure_s=SECOND_S, promises=self.promises
        )

    def followed(
        self, spawn: Callable[..., Any], pause: Callable[[float], None], facts: bool = False
    ) -> Sites:
        """Follow all sites that there are; `facts`: with what the watch finds out."""
        more = (self.facts, self._keeper) if facts else (None, None)
        sites = Sites(self.log, self.history, utc_now, spawn, pause, *more)
        spawn(sites.run)
        return sites


def aspects_of(engines: Engines, site: str) -> "list[Aspect]":
    """Return what the watch works out at a site, a line each."""
    from data.services.bottlenecks import Bottlenecks
    from data.services.derivation import Accounting
    from data.services.exceptions import Exceptions
    from data.services.forecasting import Forecasts
    from data.services.rescue import Rescue
    from data.services.rules import Rules
    from data.services.shift_figures import ShiftFiguresRollup
    from data.services.triggers import MilestoneTriggers
    from data.store.accounts import AccountPast
    from data.store.bottlenecks import BottleneckStore
    from data.store.delays import DelayStore
    from data.store.exceptions import ExceptionStore
    from data.store.forecasts import ForecastStore
    from data.store.past import PastEvents
    from data.store.program import Program
    from data.store.shift_figures import ShiftFigureStore
    from data.store.stale import Stale
    from data.store.triggers import TriggerStore

    sql, kept = engines.sql, ExceptionStore(engines.sql)
    return [
        Forecasts(site, ForecastStore(sql), PastEvents(sql), lambda: engines.facts.names(site)),
        Accounting(site, AccountPast(sql), DelayStore(sql)),
        ShiftFiguresRollup(site, ShiftFigureStore(sql), Stale(sql)),
        Bottlenecks(site, BottleneckStore(sql), Stale(sql)),
        Exceptions(site, kept, Stale(sql), Program(sql), Rules(kept).of, utc_now),
        MilestoneTriggers(site, TriggerStore(sql), utc_now),
        Rescue(site, engines.log, engines.history, utc_now),
    ]


def notifier_of(
    engines: Engines, settings: Settings,
    words: "Callable[[Plants, Disclosures, str], Wording]", papers: "Callable[[str], Papers]",
) -> "tuple[Notifier, dict[str, Step]]":  # fmt: skip
    """Make the notifier of all sites; a sender for each way that is set up, and what mails reports.

    Each of these is stepped for itself: none waits for another.
    """
    from data.reports import post_of
    from data.services.disclosures import Disclosures
    from data.services.escalations import Escalations
    from data.services.lately import Lately
    from data.services.notifier import Notifier
    from data.services.rules import Rules
    from data.store.deliveries import DeliveryStore
    from data.store.disclosures import DisclosureStore
    from data.store.escalations import EscalationStore
    from data.store.exceptions import ExceptionStore

    sql, secret, ways = engines.sql, secret_of(settings), ways_of(settings)
    outbox, cases = DeliveryStore(sql), ExceptionStore(sql)
    lately = Lately(Rules(cases), engines.history, time.monotonic)
    eyes = Disclosures(DisclosureStore(sql), derived(secret, "pseudonyms"))
    here = settings.public_url or address(settings)
    sender = partial(_sender, ways, sql, words(lately, eyes, here))
    senders = {name: sender(name) for name in ways.names()}
    escalations = Escalations(EscalationStore(sql), cases, lately, lately, utc_now)
    post = post_of(sql, engines.facts, settings, lately, ways, papers(here), secret, eyes)
    planners = _planners(sql, ways, lately, settings.locale)
    notifier = Notifier(planners, escalations, outbox, senders, sender, utc_now)
    return notifier, {**senders, REPORTS: post}


def ways_of(settings: Settings) -> "Ways":
    """Return the ways out that are set up."""
    from data.notify.ways import NOBODY, read

    return NOBODY if settings.notify is None else read(settings.notify, os.environ, utc_now)


def _sender(ways: "Ways", sql: "Engine", wording: "Wording", name: str) -> "Sender":
    """Make what sends by a way; also by one that was set up once, to say what became of it."""
    from data.services.notifier import Sender
    from data.store.deliveries import DeliveryStore
    from data.store.exceptions import ExceptionStore
    from data.store.way_states import WayStates

    outbox, cases = DeliveryStore(sql), ExceptionStore(sql)
    return Sender(name, ways.find(name), outbox, WayStates(sql), cases, wording, utc_now)


def _planners(sql: "Engine", ways: "Ways", lately: "Lately", locale: str) -> "list[Step]":
    """Make what plans whom to tell: of exceptions, and of milestones."""
    from data.services.planning import Planner
    from data.services.triggers import TriggerPlanner
    from data.store.deliveries import DeliveryStore
    from data.store.preferences import PreferenceStore
    from data.store.triggers import TriggerStore

    people = PreferenceStore(sql)
    return [
        Planner(DeliveryStore(sql), people, lately, lately, ways, utc_now, locale),
        TriggerPlanner(TriggerStore(sql), people, lately, ways, utc_now, locale),
    ]


class People:
    """Who may sign in, and what they did, on one database."""

    def __init__(
        self, sql: "Engine", secret: bytes, hasher: "PasswordHasher | None" = None
    ) -> None:
        from data.services.accounts_desk import AccountsDesk
        from data.services.audit import Audit
        from data.services.identity import Identity
        from data.services.sealing import Box
        from data.store.audit import AuditStore
        from data.store.people import PeopleStore

        self.store = PeopleStore(sql)
        self.audit = Audit(AuditStore(sql), secret, utc_now)
        box = Box(derived(secret, "authenticators"))
        self.identity = Identity(self.store, utc_now, box, hasher)
        self.desk = AccountsDesk(self.identity, self.store, self.audit)


class Statements:
    """What people say to each other and what is disclosed to whom, on one database."""

    def __init__(self, sql: "Engine", pseudonyms: bytes) -> None:
        from data.services.boards import Boards
        from data.services.comments import Comments
        from data.services.dates import DateBook
        from data.services.disclosures import Disclosures
        from data.services.visits import Visits
        from data.store.comments import CommentStore
        from data.store.dates import DateStore
        from data.store.disclosures import DisclosureStore
        from data.store.visits import VisitStore

        self.disclosures = Disclosures(DisclosureStore(sql), pseudonyms)
        self.dates = DateBook(DateStore(sql))
        self.boards = Boards(self.disclosures, self.dates)
        self.comments = Comments(CommentStore(sql))
        self.visits = Visits(VisitStore(sql))


def secret_of(settings: Settings) -> bytes:
    """Return the secret that is set, else the one that is kept in `var`."""
    return settings.secret or kept(settings.var)


def attached(settings: Settings) -> Settings:
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


def patiently(action: Callable[[], None]) -> None:
    """Do what needs SQL at the start, as soon as SQL is there."""
    from sqlalchemy.exc import OperationalError

    for pause_s in (0.2, 0.5, 1, 2, 4, 8, 8, 8):
        try:
            return action()
        except OperationalError as error:
            _log.warning("waiting for the database", reason=str(error.orig))
            time.sleep(pause_s)
    return action()


def loaded(sites: Sites, site: str) -> LiveSite:
    """Return a site's live board once it is loaded.

    Raises: Forbidden when there is no such site.
    """
    live = sites.find(site)
    if live is None:
        raise Forbidden(f"there is no site {site}; send its document first (PUT /api/v1/site)")
    return live


def in_thread(target: Callable[..., Any], *arguments: Any) -> None:
    """Run something for as long as the program lives."""
    threading.Thread(target=target, args=arguments, daemon=True).start()


def stop_on_signals(stop: threading.Event) -> None:
    """Let SIGTERM and SIGINT set an event."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())


def address(settings: Settings) -> str:
    """Return where a browser on this machine finds the program."""
    everywhere = settings.host in {"0.0.0.0", "::"}  # nosec B104  # asked, not bound
    host = "127.0.0.1" if everywhere else settings.host
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def configure_logging(settings: Settings) -> None:
    """Log as the settings say, to standard error."""
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
