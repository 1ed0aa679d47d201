"""What the pages on exceptions stand on, put together from the stores.

Beside `data.wiring`: adapters meet services here. Imported by `web` alone.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from data.domain.deliveries import Delivery
from data.domain.exceptions.records import State
from data.domain.exceptions.search import CaseFilter
from data.domain.people import Account
from data.domain.scope import Role
from data.domain.site import Site
from data.services.alarm_quality import AlarmQuality
from data.services.audit import Audit
from data.services.boards import Boards
from data.services.delivering import Wording
from data.services.disclosures import Disclosures
from data.services.exception_desk import ExceptionDesk
from data.services.inbox import Inbox
from data.services.lately import Lately
from data.services.live import utc_now
from data.services.party_exceptions import PartyExceptions
from data.services.planning import Plants
from data.services.preferences import Preferences, Roster
from data.services.rules import RuleDesk, Rules
from data.services.sites import Sites
from data.services.trials import Trials
from data.services.triggers import Triggers
from data.settings import Settings
from data.store.deliveries import DeliveryStore
from data.store.exception_quality import ExceptionQuality
from data.store.exceptions import ExceptionStore
from data.store.past import PastEvents
from data.store.people import PeopleStore
from data.store.preferences import PreferenceStore
from data.store.told import ToldStore
from data.store.trials import TrialRows
from data.store.triggers import TriggerStore
from data.store.way_states import WayStates
from data.wiring import Engines, ways_of

TAKERS = frozenset({Role.ADMINISTRATOR, Role.MANAGER, Role.PLANNER, Role.PURCHASER, Role.OPERATOR})
EVERY_SITE = "*"
LATELY, MOST_ENDED = timedelta(days=7), 500


class Staff:
    """Who has an account, and who of them can be handed an exception."""

    def __init__(self, people: PeopleStore) -> None:
        self._people = people

    def names(self) -> Mapping[str, str]:
        """Return the names of all accounts, as `account/<id>`."""
        return {f"account/{one.id}": one.name for one in self._people.all()}

    def takers(self, site: str) -> Mapping[str, str]:
        """Return the names of those who can be handed an exception of a site, by account."""
        known = sorted(self._people.all(), key=lambda one: one.name)
        return {one.id: one.name for one in known if _works_at(one, site)}


class ExceptionParts:
    """Everything that the pages on exceptions ask."""

    def __init__(
        self, engines: Engines, sites: Sites, audit: Audit, boards: Boards,
        pause: Callable[[], None],
    ) -> None:  # fmt: skip
        """`pause`: lets others work while a rule is tried."""
        self._store = ExceptionStore(engines.sql)
        self._deliveries = DeliveryStore(engines.sql)
        self._sites = sites
        self.desk = ExceptionDesk(self._store, audit, sites.now, utc_now)
        self.outside = PartyExceptions(sites, boards, self.desk)
        self.rules = Rules(self._store)
        self.qualities = AlarmQuality(ExceptionQuality(engines.sql), utc_now)
        self.staff = Staff(PeopleStore(engines.sql))
        trials = Trials(PastEvents(engines.sql), TrialRows(engines.sql), sites.now, pause)
        self.rule_desk = RuleDesk(self._store, audit, utc_now, trials)

    def told(self, site: str, number: int) -> Sequence[Delivery]:
        """Return every delivery of an exception, oldest first."""
        return self._deliveries.of(site, number)

    def models(self) -> dict[str, Site]:
        """Return the models of all sites that there are, by id."""
        return _models(self._sites)

    def ended(self, site: str, area: str) -> datetime | None:
        """Return when the last exception of a line was closed, if that was lately.

        Raises: Unavailable.
        """
        since = self._sites.now(site) - LATELY
        wanted = CaseFilter(states=(State.CLOSED,), area=area, since=since)
        found = self._store.search(site, wanted, MOST_ENDED, 0)
        return max((case.closed_at for case in found.cases if case.closed_at), default=None)


class TellingParts:
    """Everything that the pages ask on which people say how they are told, and of what."""

    def __init__(
        self, engines: Engines, settings: Settings, sites: Sites, audit: Audit,
        words: Callable[[Plants, Disclosures, str], Wording], disclosures: Disclosures,
    ) -> None:  # fmt: skip
        sql, ways = engines.sql, ways_of(settings)
        cases, people = ExceptionStore(sql), PreferenceStore(sql)
        plants = Lately(Rules(cases), engines.history, time.monotonic)
        wording = words(plants, disclosures, "")
        self._sites = sites
        self.preferences = Preferences(people, ways, audit)
        self.roster = Roster(people, audit)
        self.triggers = Triggers(TriggerStore(sql), ways, audit, utc_now)
        self.inbox = Inbox(ToldStore(sql), cases, wording, utc_now, time.monotonic)
        self.book = WayStates(sql)

    def models(self) -> dict[str, Site]:
        """Return the models of all sites that there are, by id."""
        return _models(self._sites)


def _models(sites: Sites) -> dict[str, Site]:
    return {
        live.site: live.board.site
        for live in sites.everywhere()
        if live.loaded and live.board.site_state.site is not None
    }


def _works_at(account: Account, site: str) -> bool:
    here = EVERY_SITE in account.sites or site in account.sites
    return here and account.role in TAKERS and account.disabled_at is None
