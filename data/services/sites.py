"""The sites that this process follows, and what the door may ask of them.

Each followed site has one reader, started by the `spawn` it is given (a greenlet in a web
process). A reader that fails says so, waits and goes on; it never ends by itself.
"""

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol

import structlog

from data.domain.events import Event, EventType, SubjectKind, subject_parts
from data.domain.plan import Order
from data.domain.plan_rules import flaws
from data.domain.rules import Refusal
from data.domain.scope import Scope
from data.domain.site import Site
from data.services.errors import Forbidden, Loading, Overloaded, Unavailable
from data.services.facts_reader import FactsReader, FactsSource
from data.services.live import POLL_S, LivePast, LiveSite, LogFollower

CATCH_UP_S = 2.0
LOAD_S = 5.0
RETRY_S = 0.5
_LOOK_S = 0.05
DISCOVER_S = 2.0
_log = structlog.get_logger("sites")


class SitesLog(LogFollower, Protocol):
    """What following sites asks of the log."""

    def sites(self) -> set[str]:
        """Announced sites."""


class SitesPast(LivePast, Protocol):
    """What following sites asks of the history."""

    def knows(self, site: str, kind: str, names: Sequence[str]) -> bool:
        """Whether it was ever planned."""


class Keeper(Protocol):
    """What keeps what a site's log holds, in case that it vanishes (`data.services.rescue`)."""

    def begin(self, live: LiveSite) -> None:
        """Listen to what is read."""

    def work(self, now: datetime) -> object:
        """Look whether anything vanished."""


class Sites:
    """Every site's live board in this process."""

    def __init__(
        self, log: SitesLog, past: SitesPast, now: Callable[[], datetime],
        spawn: Callable[..., Any], pause: Callable[[float], None],
        facts: FactsSource | None = None, keeper: Callable[[str], Keeper] | None = None,
    ) -> None:  # fmt: skip
        """Follow sites; `facts`: read too what the watch finds out, else that isn't known.

        `keeper`: makes what keeps a site's log, where that is this process's to do.
        """
        self._facts = facts
        self._keeper = keeper
        self._log = log
        self._past = past
        self._now = now
        self._spawn = spawn
        self._pause = pause
        self._lives: dict[str, LiveSite] = {}
        self._looked = False
        self._listeners: list[Callable[[str, int], None]] = []

    def listen(self, listener: Callable[[str, int], None]) -> None:
        """Call `listener(site, topics)` after each change of any site."""
        self._listeners.append(listener)

    def all(self, scope: Scope) -> list[LiveSite]:
        """Return the sites that the scope may see, by id."""
        return [self._lives[site] for site in sorted(self._lives) if scope.may_see(site)]

    def get(self, scope: Scope, site: str) -> LiveSite:
        """Return one site's live board.

        Raises: Forbidden when there is none or the scope may not see it.
        """
        if site not in self._lives or not scope.may_see(site):
            raise Forbidden(site)
        return self._lives[site]

    def watched(self, scope: Scope, site: str) -> LiveSite:
        """Return one site's live board, for its walls.

        Raises: Forbidden when there is none or the scope may not watch it.
        """
        if site not in self._lives or not scope.may_watch(site):
            raise Forbidden(site)
        return self._lives[site]

    def disclosing(self, scope: Scope) -> list[LiveSite]:
        """Return the sites of which the scope may be shown what is disclosed to it, by id.

        Their boards are for `data.services.boards` alone; nothing of them is shown as it is.
        """
        return [self._lives[site] for site in sorted(self._lives) if scope.may_see_rows(site)]

    def everywhere(self) -> list[LiveSite]:
        """Return every followed site, for what the program says of itself."""
        return [self._lives[site] for site in sorted(self._lives)]

    def current(self, scope: Scope, site: str) -> LiveSite:
        """Return a site's live board when it has everything that was acknowledged by now.

        Raises: Forbidden as `get`; Unavailable when the board can't catch up in time.
        """
        if not scope.may_see(site) or self.find(site) is None:
            raise Forbidden(site)
        live = self.get(scope, site)
        self._catch_up(live)
        return live

    def ids(self) -> tuple[str, ...]:
        """Return the ids of all followed sites."""
        return tuple(sorted(self._lives))

    def places(self) -> dict[str, str]:
        """Return the place in its log of each board that is loaded."""
        return {live.site: live.offset for live in self.everywhere() if live.loaded}

    def discover(self) -> None:
        """Follow every announced site.

        Raises: Unavailable.
        """
        for site in sorted(self._log.sites() - self._lives.keys()):
            self._follow(site)
        self._looked = True

    @property
    def loaded(self) -> bool:
        """Whether it has looked which sites there are, and has a board of each."""
        return self._looked and all(live.loaded for live in self._lives.values())

    def run(self) -> None:
        """Discover sites for ever."""
        while True:
            try:
                self.discover()
            except Unavailable as error:
                _log.warning("sites not discovered", reason=str(error))
            self._pause(DISCOVER_S)

    def now(self, site: str) -> datetime:
        """Return the site's own now; the real one while the site isn't known."""
        live = self._lives.get(site)
        return self._now() if live is None else live.now

    def flaw(self, site: str, event: Event) -> Refusal | None:
        """Say why an event doesn't fit the site's plan and equipment; None when it does.

        What isn't known yet may just have been reported elsewhere, so the board first
        catches up with the log, and a thing long done is asked of the history.
        """
        live = self.find(site)
        flaw = _flaw(site, live, event)
        if flaw is None or live is None:
            return flaw
        self._catch_up(live)
        flaw = _flaw(site, live, event)
        if flaw is not None and flaw.field == "subject" and self._planned_once(site, event):
            return None
        return flaw

    def find(self, site: str) -> LiveSite | None:
        """Return a site's live board, loaded; None when there is no such site.

        Raises: Loading; Unavailable.
        """
        if site not in self._lives:
            self.discover()
        live = self._lives.get(site)
        waited_s = 0.0
        while live is not None and not live.loaded:
            if waited_s > LOAD_S:
                raise Loading(f"the board of {site} is still loading")
            self._pause(_LOOK_S)
            waited_s += _LOOK_S
        return live

    def settle(self, live: LiveSite) -> None:
        """Wait until a board has folded what the log has by now, so that it shows one's own.

        Raises: Unavailable when it doesn't in time.
        """
        self._catch_up(live)

    def _catch_up(self, live: LiveSite) -> None:
        """Wait until the board has folded what the log has by now.

        Raises: Unavailable when it doesn't in time: then nobody can say what is unknown.
        """
        if not live.catch_up(CATCH_UP_S, self._pause):
            raise Unavailable(f"the board of {live.site} is behind the log")

    def _planned_once(self, site: str, event: Event) -> bool:
        kind, *names = subject_parts(event.subject)
        planned = kind not in (SubjectKind.WORK_UNIT, SubjectKind.SITE)
        document = event.type is EventType.PLAN_CHANGED
        return planned and not document and self._past.knows(site, kind, names)

    def _follow(self, site: str) -> None:
        if site in self._lives:
            return
        live = LiveSite(site, self._log, self._past, self._now)
        live.listen(lambda topics: self._tell(site, topics))
        self._lives[site] = live
        self._spawn(self._keep_at, self._read_forever, live)
        self._spawn(self._keep_at, self._poll_forever, live)
        if self._facts is not None:
            self._spawn(self._keep_at, self._read_facts_forever, live)
        if self._keeper is not None:
            self._spawn(self._keep_at, self._keep_forever, live)
        _log.info("following", site=site)

    def _tell(self, site: str, topics: int) -> None:
        for listener in self._listeners:
            listener(site, topics)

    def _keep_at(self, task: Callable[[LiveSite], None], live: LiveSite) -> None:
        """Run a reader's task and start it again, from what is recorded, when it fails."""
        while True:
            try:
                task(live)
            except Exception:
                _log.exception("reader failed", site=live.site, task=task.__name__)
                beside = (self._read_facts_forever, self._keep_forever)
                live.loaded = live.loaded and task in beside
                self._pause(RETRY_S)

    def _read_forever(self, live: LiveSite) -> None:
        while True:
            try:
                if not live.loaded:
                    live.load()
                live.read()
            except Unavailable as error:
                _log.warning("reader waits", site=live.site, reason=str(error))
                self._pause(RETRY_S)

    def _read_facts_forever(self, live: LiveSite) -> None:
        if self._facts is None:
            return
        reader = FactsReader(live, self._facts)
        while True:
            try:
                reader.read()
            except Unavailable as error:
                _log.warning("facts wait", site=live.site, reason=str(error))
                self._pause(RETRY_S)

    def _keep_forever(self, live: LiveSite) -> None:
        if self._keeper is None:
            return
        keeper = self._keeper(live.site)
        while True:
            try:
                keeper.begin(live)
                keeper.work(live.now)
            except (Unavailable, Overloaded) as error:
                _log.warning("keeper waits", site=live.site, reason=str(error))
            self._pause(1.0)

    def _poll_forever(self, live: LiveSite) -> None:
        polled_at = 0.0
        while True:
            self._pause(1.0)
            try:
                if live.loaded and time.monotonic() - polled_at >= POLL_S:
                    polled_at = time.monotonic()
                    live.poll()
            except Unavailable as error:
                _log.warning("poll failed", site=live.site, reason=str(error))
            topics = live.refresh() if live.loaded else 0
            if topics:
                self._tell(live.site, topics)


def _flaw(site: str, live: LiveSite | None, event: Event) -> Refusal | None:
    model = live.board.site_state.site if live else None
    if event.type is EventType.PLAN_CHANGED:
        return _document_flaw(site, event, model)
    if live is None or model is None:
        return Refusal("subject", "the site has no model yet; send its site document first")
    return _unknown(live, event)


def _document_flaw(site: str, event: Event, model: Site | None) -> Refusal | None:
    order: Order | None = event.data.order
    if order is None:
        own = event.subject == f"site/{site}"
        return None if own else Refusal("subject", f"expected site/{site}, the site reported to")
    if model is None:
        return Refusal("subject", "the site has no model yet; send its site document first")
    for flaw in flaws(order, model):
        return Refusal(f"data.order.{flaw.path}", flaw.reason)
    return None


def _unknown(live: LiveSite, event: Event) -> Refusal | None:
    if event.type is EventType.EVENT_VOIDED:
        return None
    board = live.board
    kind, *names = subject_parts(event.subject)
    units = live.units
    if kind == SubjectKind.WORK_UNIT:
        known = names[0] in units
        return None if known else Refusal("subject", f"no work unit {names[0]} at {live.site}")
    order = board.orders.get(names[0])
    plan = order.plan if order else None
    if plan is None:
        return Refusal("subject", f"no order {names[0]} at {live.site}")
    members = plan.operations if kind == SubjectKind.OPERATION else plan.needs
    if not any(member.id == names[1] for member in members):
        return Refusal("subject", f"order {names[0]} has no {kind} {names[1]}")
    unit = event.data.work_unit
    if unit is not None and unit not in units:
        return Refusal("data.work_unit", f"no work unit {unit} at {live.site}")
    return None
