"""Mails daily reports: a step of the notifier that plans what is due as deliveries of the outbox.

Each delivery has a key of its own (shift and recipient), so that a notifier that dies and comes
back, or a second one, sends none twice. A report is made once and kept with its delivery:
every attempt sends the same. Imported by the wiring.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from msgspec.structs import replace

from data.domain.audit import Action
from data.domain.deliveries import Delivery, Topic
from data.domain.disclosure import Value
from data.domain.facts import Facts
from data.domain.notices import Notice
from data.domain.people import OUTSIDE, Account
from data.domain.policy import Kind
from data.domain.preferences import Chosen, Preference
from data.domain.report import DailyReport, OwnReport
from data.domain.report_schedule import Due, Schedule, due
from data.domain.scope import Scope, factory_scope
from data.domain.site import Site
from data.services.audit import Audit
from data.services.boards import Boards
from data.services.daily_report import DailyReports, Views, own_report
from data.services.delivering import Ways
from data.services.errors import Forbidden, Unavailable
from data.services.preferences import usual
from data.services.views import SiteView

EVERY = timedelta(seconds=20)
MAIL = "email"
EVERY_SITE = "*"
_log = structlog.get_logger("reports")


class Schedules(Protocol):
    """Who wants what when."""

    def all(self) -> list[Schedule]:
        """Everybody's."""

    def note(self, account: str, site: str, upto: datetime) -> None:
        """Note how far one is done with."""


class People(Protocol):
    """Who there is, and by which ways they are told."""

    def accounts(self) -> list[Account]:
        """Everybody."""

    def preferences(self) -> Mapping[str, Preference]:
        """What was said, by account."""


class Plants(Protocol):
    """The sites' models."""

    def sites(self) -> list[Site]:
        """All of them."""


class Outbox(Protocol):
    """Where deliveries go."""

    def plan(self, deliveries: Sequence[Delivery]) -> int:
        """Keep deliveries, each once; return how many are new."""


class Papers(Protocol):
    """Puts reports into words and files."""

    def notice(
        self, to: Delivery, report: DailyReport | OwnReport, formats: Sequence[str]
    ) -> Notice:
        """What is mailed."""


class Known(Protocol):
    """What the watch has found out about a site, as it is now."""

    def facts(self, site: str) -> Facts:
        """All facts."""


class Gathering:
    """Makes anybody's report of a shift that is over, within their scope.

    A party gets rows as they are disclosed to it, and that it got them stands in the trail.
    """

    def __init__(
        self, reports: DailyReports, views: Views, boards: Boards, known: Known, audit: Audit
    ) -> None:
        self._reports, self._views = reports, views
        self._boards, self._known = boards, known
        self._audit = audit

    def of(self, account: Account, site: Site, wanted: Due) -> DailyReport | OwnReport:
        """Return a report.

        Raises: Forbidden, NoSuchInstant, Unavailable.
        """
        scope = Scope(role=account.role, sites=(site.id,), party=account.party)
        if scope.may_see(site.id):
            return self._reports.of(scope, site.id, wanted.shift, over=True)
        if not scope.may_see_rows(site.id):
            raise Forbidden(site.id)
        view = self._views.at(factory_scope(site.id), site.id, wanted.shift.finish)
        own = _Now(view, self._known.facts(site.id))

        def rows(kind: Kind) -> list[dict[str, Value]]:
            found = self._boards.rows(scope, own, view.indexes.parties, kind)
            told = {"kind": kind.value, "count": len(found)}
            self._audit.note(
                f"account/{account.id}", Action.EXPORTED, "report", site=site.id,
                party=account.party, detail=told,
            )  # fmt: skip
            return found

        return own_report(site, wanted.shift.finish, wanted.shift, rows)


class _Now:
    """A site as it was, with what is known of it now: forecasts and exceptions."""

    def __init__(self, view: SiteView, facts: Facts) -> None:
        self.site, self.board, self.indexes = view.site, view.board, view.indexes
        self.facts = facts
        self.now = view.now
        self.renew, self.readers, self.signal_age_s = view.renew, view.readers, view.signal_age_s


class ReportPost:
    """The notifier's step. `now`: the real clock."""

    def __init__(
        self, schedules: Schedules, people: People, plants: Plants, gathering: Gathering,
        papers: Papers, outbox: Outbox, ways: Ways, now: Callable[[], datetime],
    ) -> None:  # fmt: skip
        self._schedules, self._people, self._plants = schedules, people, plants
        self._gathering, self._papers = gathering, papers
        self._outbox, self._ways = outbox, ways
        self._now = now
        self._looked_at: datetime | None = None

    def step(self) -> int:
        """Plan the reports that are due; return how many there were.

        Raises: Unavailable.
        """
        now = self._now()
        if self._looked_at is not None and timedelta(0) <= now - self._looked_at < EVERY:
            return 0
        wanted = self.due(now)
        people = {one.id: one for one in self._people.accounts()} if wanted else {}
        said = self._people.preferences() if wanted else {}
        planned = sum(
            self._plan(schedule, site, one, people.get(schedule.account), said, now)
            for schedule, site, one in wanted
        )
        self._looked_at = now
        return planned

    def due(self, now: datetime) -> list[tuple[Schedule, Site, Due]]:
        """Return what is to be sent now, oldest first for each recipient."""
        schedules = self._schedules.all()
        sites = {one.id: one for one in self._plants.sites()} if schedules else {}
        return [
            (said, site, one)
            for said in schedules
            if (site := sites.get(said.site)) is not None
            for one in due(said, site, site.now(now))
        ]

    def _plan(
        self, said: Schedule, site: Site, one: Due, account: Account | None,
        preferences: Mapping[str, Preference], now: datetime,
    ) -> int:  # fmt: skip
        """Plan one delivery and note it; what can't ever be made is left out, and logged."""
        planned = 0
        chosen = None
        if account is not None and _may(account, site):
            chosen = mail_of(account, preferences.get(account.id), self._ways)
        if account is not None and chosen is not None:
            try:
                planned = self._outbox.plan([self._delivery(said, site, one, account, chosen, now)])
            except Unavailable:
                raise
            except Exception:  # one that can't be made stops no other
                _log.exception("report not made", site=site.id, account=said.account)
        self._schedules.note(said.account, said.site, one.ended)
        return planned

    def _delivery(
        self, said: Schedule, site: Site, one: Due, account: Account, chosen: Chosen,
        now: datetime,
    ) -> Delivery:  # fmt: skip
        shift = one.shift
        to = Delivery(
            site=site.id, event="report", topic=Topic.REPORT, news="report",
            subject=f"report/{shift.day.isoformat()}/{shift.name}", way=chosen.way,
            address=chosen.address, planned_at=now, due_at=now, recipient=account.id,
            name=account.name, role=account.role, party=account.party, language=said.language,
        )  # fmt: skip
        report = self._gathering.of(account, site, one)
        return replace(to, notice=self._papers.notice(to, report, said.formats))


def _may(account: Account, site: Site) -> bool:
    inside = site.id in account.sites or EVERY_SITE in account.sites
    spoken_for = account.role not in OUTSIDE or account.party is not None
    return account.disabled_at is None and inside and spoken_for


def mail_of(account: Account, said: Preference | None, ways: Ways) -> Chosen | None:
    """Return by which e-mail way somebody is reached, at which address; None: by none."""
    names = set(ways.names(MAIL))
    known = said.ways if said is not None and said.ways else usual(account, ways).ways
    return next((one for one in known if one.way in names and one.address), None)
