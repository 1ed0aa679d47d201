"""A notifier on a real PostgreSQL, with ways that do as a test says and a clock that it moves.

Nothing runs by itself: `Telling.steps` lets the notifier and every sender do what is due. Two
`Telling`s on one engine are two processes.
"""

from collections import deque
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from data.domain.exceptions.lifecycle import moved
from data.domain.exceptions.records import Case, Hit, Move, Place, Severity, State, Transition
from data.domain.exceptions.rules import Condition, Level, Rule
from data.domain.exceptions.search import Change
from data.domain.notices import Notice, Rate, Sent
from data.domain.preferences import Chosen, Preference
from data.domain.scope import Role
from data.domain.site import Area, Calendar, Shift, Site
from data.services.escalations import Escalations
from data.services.notifier import Notifier, Sender
from data.services.planning import Planner
from data.services.triggers import TriggerPlanner
from data.store.deliveries import DeliveryStore
from data.store.escalations import EscalationStore
from data.store.exceptions import ExceptionStore
from data.store.preferences import PreferenceStore
from data.store.scoped import WEB, WORKER, connect
from data.store.triggers import TriggerStore
from data.store.way_states import WayStates
from tests.people import account_of

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)  # a Tuesday; the shift runs from 06:00 to 14:00
PLANT = Site(
    id="plant", name="Plant",
    areas=(Area(id="A", calendar="day"),),
    calendars=(Calendar(id="day", shifts=(Shift(name="early", start="06:00", finish="14:00"),)),),
)  # fmt: skip
RULE = Rule(
    id="down", condition=Condition.UNIT_STATE, severity=Severity.HIGH, owner=Role.OPERATOR,
    levels=(Level(after_min=15, role=Role.PLANNER), Level(after_min=45, role=Role.MANAGER)),
    expires_min=60,
)  # fmt: skip


@pytest.fixture(scope="module")
def engine(shared_database_url):
    """For modules whose `database_url` is the one that they share and empty."""
    made = connect(shared_database_url, role=WORKER)
    yield made
    made.dispose()


@pytest.fixture
def telling(engine):
    return Telling(engine)


@pytest.fixture
def operator(database_url):
    return account_of(database_url, Role.OPERATOR, login="op")


class Clock:
    """The real clock of a test."""

    def __init__(self, at=NOW):
        self.at = at

    def __call__(self):
        return self.at

    def advance(self, **by):
        self.at += timedelta(**by)


class FakeWay:
    """A way that answers what it is told to, else that it took the notice."""

    kind, max_bytes = "email", 100_000

    def __init__(self, rate=None, addressed=True):
        self.rate, self.addressed = rate, addressed
        self.sent: list[Notice] = []
        self.answers: deque = deque()
        self.always = None

    def send(self, notice):
        self.sent.append(notice)
        if self.answers:
            return self.answers.popleft()
        return self.always or Sent("250 ok")


class FakeWays:
    """The configured ways."""

    def __init__(self, **ways):
        self.ways = ways

    def find(self, name):
        return self.ways.get(name)

    def names(self, kind=None):
        return tuple(name for name, way in self.ways.items() if kind in {None, way.kind})


class Plain:
    """Says numbers and news; nothing of what is hidden."""

    def __init__(self):
        self.hidden = set()

    def exception(self, to, case):
        if case.number in self.hidden:
            return None
        return self._notice(to, f"{to.news} {case.name}")

    def digest(self, to, told):
        said = tuple(f"{one.news} {case.name}" for one, case in told)
        return self._notice(to, f"{len(said)} exceptions", said)

    def milestone(self, to):
        return self._notice(to, f"{to.news} {to.subject}")

    def _notice(self, to, text, lines=()):
        return Notice(
            id=to.id, way=to.way, address=to.address, subject=text, text=text, lines=lines,
            mentions=to.mentions, language=to.language,
        )  # fmt: skip


class Rules:
    """The same rules at every site."""

    def __init__(self, *rules):
        self.rules = rules

    def of(self, site):
        return self.rules


class Plants:
    """The sites there are."""

    def __init__(self, *sites):
        self.plants = sites

    def sites(self):
        return list(self.plants)


class Telling:
    """One notifier process."""

    def __init__(self, engine, clock=None, ways=None, rules=(RULE,), site=PLANT):
        self.engine = engine
        self.clock = clock or Clock()
        self.ways = FakeWays(mail=FakeWay()) if ways is None else ways
        self.outbox = DeliveryStore(engine)
        self.book = WayStates(engine)
        self.store = ExceptionStore(engine)
        self.people = PreferenceStore(engine)
        self.pages = PreferenceStore(engine.execution_options(milepost_role=WEB))
        self.clocks = EscalationStore(engine)
        self.triggers = TriggerStore(engine)
        self.editor = TriggerStore(engine.execution_options(milepost_role=WEB))
        self.wording = Plain()
        self.rules, self.plants = Rules(*rules), Plants(site)
        self.start()

    def start(self):
        """Begin as a process does that was just started."""
        self.planner = Planner(
            self.outbox, self.people, self.rules, self.plants, self.ways, self.clock
        )
        self.escalations = Escalations(self.clocks, self.store, self.rules, self.plants, self.clock)
        self.senders = {name: self.sender(name) for name in self.ways.ways}
        fired = TriggerPlanner(self.triggers, self.people, self.plants, self.ways, self.clock)
        self.notifier = Notifier(
            [self.planner, fired],
            self.escalations,
            self.outbox,
            self.senders,
            self.sender,
            self.clock,
        )

    def sender(self, name):
        way = self.ways.find(name)
        return Sender(name, way, self.outbox, self.book, self.store, self.wording, self.clock)

    def steps(self):
        """Do all that is due now."""
        while self.notifier.step() + sum(one.step() for one in self.senders.values()):
            pass

    def raised(self, **more) -> Case:
        """Raise an exception."""
        site_now = PLANT.now(self.clock())
        case = Case(**{
            "site": "plant", "number": 0, "rule": "down", "kind": "work_unit_state",
            "subject": "work-unit/W1", "severity": Severity.HIGH, "state": State.UNACKNOWLEDGED,
            "standing": True, "since": site_now, "raised_at": site_now,
            "owner_role": Role.OPERATOR, "place": Place(area="A"), **more,
        })  # fmt: skip
        move = self._transition(case, Move.RAISE, None, "watch")
        (kept,) = self.store.keep("plant", [Change(case=case, transition=move, was=0)]).done
        return kept

    def move(self, case: Case, move: Move, actor="account/x", **changes) -> Case:
        """Move the newest of an exception, as the desk does."""
        newest = self.now(case)
        after = moved(newest, move, PLANT.now(self.clock()), **changes)
        said = self._transition(after, move, newest.state, actor)
        change = Change(case=after, transition=said, was=newest.version)
        (kept,) = self.store.keep("plant", [change]).done
        return kept

    def now(self, case: Case) -> Case:
        return self.store.case("plant", case.number)

    def levels(self, case: Case) -> list[int]:
        """To which levels it was escalated."""
        moves = self.store.transitions("plant", case.number)
        return [one.detail["level"] for one in moves if one.move is Move.ESCALATE]

    def wants(self, account, **said):
        """Keep what somebody wants."""
        ways = said.pop("ways", (Chosen(way="mail", address=f"{account.id}@example.com"),))
        self.pages.keep_preference(Preference(account=account.id, ways=ways, **said))

    def sent(self, way="mail"):
        """What went out by a way: to whom, and the words."""
        return [(one.address, one.text) for one in self.ways.find(way).sent]

    def states(self, case: Case, way="mail"):
        return [one.state.value for one in self.outbox.of("plant", case.number) if one.way == way]

    def _transition(self, case, move, before, actor):
        return Transition(
            site="plant", number=case.number, version=case.version, move=move, before=before,
            after=case.state, actor=actor, at=self.clock(),
        )  # fmt: skip


def hit(party, order="SO-1"):
    """A need of a supplier's that moves by a day."""
    return Hit(
        kind="need", order=order, id="n1", party=party, before_at=NOW, after_at=NOW + timedelta(1)
    )


def robot(count=2, per_s=60.0, penalty_s=600.0):
    """A robot with a limit."""
    return FakeWay(Rate(count=count, per_s=per_s, penalty_s=penalty_s), addressed=False)


def with_level(rule, *levels):
    """A rule with other levels."""
    return replace(rule, levels=levels)
