"""Planning: turns what happened into deliveries, as each recipient wants to be told.

One step of the notifier. The deliveries of a move and the note that it was told are one
transaction: whoever dies in between leaves neither. Imported by the wiring.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import structlog
from msgspec import Struct
from msgspec.structs import replace

from data.domain.addressing import addressed
from data.domain.deliveries import Delivery, Topic
from data.domain.exceptions.quiet import lets_through
from data.domain.exceptions.recipients import Staff, Whom, mentions, told_of
from data.domain.exceptions.records import Case, Transition
from data.domain.exceptions.rules import Rule
from data.domain.people import Account
from data.domain.preferences import Duty, Preference
from data.domain.site import Site
from data.domain.tellings import News
from data.services.delivering import Outbox, Planned, Ways
from data.services.errors import MilepostError
from data.services.preferences import usual

BATCH = 100
_log = structlog.get_logger("notifier")


class People(Protocol):
    """Who there is, what they want, who is on duty."""

    def accounts(self) -> list[Account]:
        """Everybody, without how they sign in."""

    def preferences(self) -> Mapping[str, Preference]:
        """What was said, by account."""

    def duties(self, site: str) -> list[Duty]:
        """A site's roster."""


class RuleBook(Protocol):
    """The rules of sites."""

    def of(self, site: str) -> Sequence[Rule]:
        """Those of one."""


class Plants(Protocol):
    """The sites' models."""

    def sites(self) -> list[Site]:
        """All of them."""


class Around(Struct, frozen=True, kw_only=True):
    """What stands around a case when its deliveries are planned."""

    staff: Staff
    rules: Mapping[str, Rule]
    preferences: Mapping[str, Preference]


class Planner:
    """Plans deliveries. `step` is one testable round."""

    def __init__(
        self, outbox: Outbox, people: People, rules: RuleBook, plants: Plants, ways: Ways,
        now: Callable[[], datetime], language: str = "en",
    ) -> None:  # fmt: skip
        """`language`: of whoever chose none, and of ways that several read."""
        self._outbox, self._people, self._rules = outbox, people, rules
        self._plants, self._ways = plants, ways
        self._now = now
        self._language = language

    def step(self) -> int:
        """Plan what nobody was told of; return how many moves there were.

        Raises: Unavailable.
        """
        with self._outbox.planning(BATCH) as planned:
            if not planned.moves:
                return 0
            around = self._around({case.site for case, _ in planned.moves})
            settled = [
                move for case, move in planned.moves if self._told(planned, case, move, around)
            ]
            planned.settle(settled)
        return len(settled)

    def _told(
        self, planned: Planned, case: Case, move: Transition, around: Mapping[str, Around]
    ) -> bool:
        """Plan one move; False when it can't be: one case's fault is no other's."""
        here = around.get(case.site)
        if here is None:
            return False
        try:
            before = planned.told_before(case.site, case.number)
            whom = told_of(case, move, here.rules.get(case.rule), here.staff, before)
            deliveries = self._deliveries(whom, case, move, here)
        except MilepostError:
            raise
        except Exception:
            _log.exception("move not planned", site=case.site, case=case.number)
            return False
        planned.plan(deliveries)
        for one in whom:
            if one.waits and one.account is not None:
                planned.note(case, one.account.id, one.told, self._now())
        return True

    def _deliveries(
        self, whom: Sequence[Whom], case: Case, move: Transition, around: Around
    ) -> list[Delivery]:
        numbers = {name: said.mention for name, said in around.preferences.items()}
        called = mentions(whom, numbers)
        made: list[Delivery] = []
        for one in whom:
            made += () if one.waits else self._of(one, case, move, around, called)
        return made

    def _of(
        self, whom: Whom, case: Case, move: Transition, around: Around, called: tuple[str, ...]
    ) -> Iterable[Delivery]:
        """Return one's deliveries."""
        news = self._news(whom, case, move)
        account = whom.account
        if account is None:
            if self._ways.find(whom.way) is None:
                _log.warning("a rule names a way that isn't set up", way=whom.way, rule=case.rule)
            return [replace(news, mentions=called)]
        said = around.preferences.get(account.id) or usual(account, self._ways)
        wanted = not whom.quietly and lets_through(said, case.severity, whom.news)
        timezone = around.staff.site.timezone
        made = addressed(news, account, said, timezone, goes_out=wanted, not_before=whom.not_before)
        if whom.news is not News.MOVED or whom.not_before is None:
            return made
        return [replace(one, due_at=max(one.due_at, whom.not_before)) for one in made]

    def _news(self, whom: Whom, case: Case, move: Transition) -> Delivery:
        now = self._now()
        return Delivery(
            site=case.site, event=whom.event, topic=Topic.EXCEPTION,
            subject=f"exception/{case.number}", news=whom.news.value, way=whom.way,
            severity=case.severity, exception=case.number, happened_at=move.at,
            planned_at=now, due_at=now, language=self._language, detail=whom.told,
        )  # fmt: skip

    def _around(self, sites: set[str]) -> dict[str, Around]:
        """Ask once a round for who there is; sites without a model wait until they have one."""
        people, preferences, now = (
            self._people.accounts(), self._people.preferences(), self._now()
        )  # fmt: skip
        return {
            site.id: Around(
                staff=Staff(site=site, people=people, duties=self._people.duties(site.id), now=now),
                rules={rule.id: rule for rule in self._rules.of(site.id)},
                preferences=preferences,
            )
            for site in self._plants.sites()
            if site.id in sites
        }
