"""Made-up exceptions of every kind, a store that keeps them in memory, and a desk on it."""

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from data.domain.exceptions.evidence import Evidence
from data.domain.exceptions.listing import fits
from data.domain.exceptions.records import Case, Hit, Move, Place, Severity, State, Transition
from data.domain.exceptions.rules import Condition, Level, Rule
from data.domain.exceptions.search import Found, Kept
from data.domain.scope import Role
from data.services.exception_desk import ExceptionDesk

NOW = datetime(2026, 11, 24, 3, 42, tzinfo=UTC)
SITE = "north"


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def ahead(hours: float) -> datetime:
    return NOW + timedelta(hours=hours)


def case(number: int, kind: Condition, subject: str, **more: object) -> Case:
    """An exception that nobody has, begun twenty minutes ago."""
    given: dict = {
        "site": SITE, "number": number, "rule": kind.value.replace("_", "-"), "kind": kind.value,
        "subject": subject, "severity": Severity.HIGH, "state": State.UNACKNOWLEDGED,
        "standing": True, "since": ago(20), "raised_at": ago(19), "owner_role": Role.MANAGER,
    }  # fmt: skip
    return Case(**(given | more))


OPERATION = {
    "operation": "30", "operation_name": "Selective soldering", "product": "Motor controller MC-4",
    "quantity": 240, "customer": "P1", "critical": True, "performed_by": None,
    "planned_at": ago(75), "limit_s": 1800.0,
}  # fmt: skip
PROMISE = {
    "product": "Motor controller MC-4", "quantity": 240, "customer": "P1", "due_at": ahead(8),
    "p50_at": ahead(10), "p80_at": ahead(13.2), "limit_s": 0.0,
}  # fmt: skip
NEED = {
    "need": "n1", "part": "J-204", "name": "Connector, 24 poles", "supplier": "P2",
    "quantity": 1200, "operation": "30", "product": "Motor controller MC-4", "need_by": ahead(6),
    "planned_by": ahead(9), "promised_at": None, "shipped": 0, "received": 400, "limit_s": 28800.0,
}  # fmt: skip
VALUES: dict[Condition, dict] = {
    Condition.NOT_STARTED: OPERATION,
    Condition.NOT_FINISHED: {**OPERATION, "started_at": ago(160)},
    Condition.PAST_DUE: PROMISE,
    Condition.MILESTONE_AT_RISK: {
        **PROMISE, "milestone": "m2", "milestone_name": "Ready to ship", "operation": "70"
    },
    Condition.UNIT_STATE: {
        "state": "down", "state_since": ago(27), "reason": "feeder jam",
        "operation": "operation/SO-1168/30", "limit_s": 600.0,
    },
    Condition.NO_SIGNAL: {"heard_at": ago(8), "limit_s": 120.0},
    Condition.QUEUE: {"waiting": 14, "pieces": 2310, "longest_since": ago(400), "limit": 8.0},
    Condition.SCRAP: {"ratio": 0.084, "scrap": 21, "pieces": 250, "limit": 0.03, "over_s": 14400.0},
    Condition.NOT_PROMISED: NEED,
    Condition.NOT_SHIPPED: {**NEED, "promised_at": ahead(5)},
    Condition.NOT_RECEIVED: {**NEED, "promised_at": ahead(5), "shipped": 1200},
    Condition.PROMISED_LATE: {**NEED, "promised_at": ahead(30)},
    Condition.BOTTLENECK_MOVED: {
        "before": "U1", "after": "TEST-1", "moved_at": ago(600), "share": 0.41, "limit_s": 3600.0,
    },
    Condition.SCREEN_DARK: {"screen": "hall-2", "seen_at": ago(40), "limit_s": 300.0},
    Condition.READER_LAG: {"reader": "recorder", "lag_s": 95.0, "limit_s": 30.0},
    Condition.QUARANTINE: {"entries": 37, "limit": 10.0, "over_s": 3600.0},
    Condition.LOG_GAP: {
        "place": "1795492800000-0", "recorded_at": ago(3), "until_at": ago(2), "put_back": 2,
        "events": "m-17, m-18", "limit_s": 3600.0,
    },
    Condition.WAY_SHUT: {
        "way": "hall-robot", "shut": True, "addresses": 0, "reason": "410 Gone",
        "failing_since": ago(15), "limit_s": 300.0,
    },
}  # fmt: skip
HITS = (
    Hit(kind="order", order="SO-1168", party="P1", before_at=ahead(20), after_at=ahead(34)),
    Hit(kind="milestone", order="SO-1168", id="m2", name="Ready to ship", party="P1",
        before_at=ahead(18), after_at=ahead(32)),
    Hit(kind="need", order="SO-1171", id="n1", name="Connector, 24 poles", party="P2",
        before_at=ahead(30), after_at=ahead(36)),
    Hit(kind="order", order="SO-1179", before_at=ahead(50), after_at=ahead(51)),
)  # fmt: skip
UNIT = Place(area="A", work_center="CA", work_unit="U1")
ORDER = Place(area="A", work_center="CA", order="SO-1168")


def every_kind() -> list[Case]:
    """One exception of each condition."""
    subject = {
        Condition.UNIT_STATE: "work-unit/U1", Condition.NO_SIGNAL: "work-unit/U1",
        Condition.QUEUE: "work-center/CA", Condition.SCRAP: "work-center/CA",
        Condition.BOTTLENECK_MOVED: "line/A", Condition.SCREEN_DARK: "screen/hall-2",
        Condition.READER_LAG: "reader/recorder", Condition.QUARANTINE: f"quarantine/{SITE}",
        Condition.LOG_GAP: "log-gap/1795492800000-0", Condition.WAY_SHUT: "way/hall-robot",
    }  # fmt: skip
    place = {Condition.QUEUE: Place(area="A", work_center="CA"), Condition.SCREEN_DARK: Place()}
    return [
        case(
            number, kind, subject.get(kind, "operation/SO-1168/30"), values=VALUES[kind],
            place=place.get(kind, UNIT if kind in subject else ORDER),
        )
        for number, kind in enumerate(Condition, 1)
    ]  # fmt: skip


def ordinary() -> list[Case]:
    """A shift's exceptions: one critical with three inside, some taken, one back to normal."""
    return [*_down_with_three_inside(), *_open(), *_done_with()]


def _down_with_three_inside() -> list[Case]:
    """A machine that is down, and the operations that it makes late."""
    down = case(
        17, Condition.UNIT_STATE, "work-unit/U1", values=VALUES[Condition.UNIT_STATE], place=UNIT,
        severity=Severity.CRITICAL, inside=3, hits=HITS, parties=frozenset({"P1", "P2"}),
        informs=(Role.SUPPLIER, Role.PURCHASER), since=ago(27),
        escalate_at=NOW + timedelta(minutes=12),
    )  # fmt: skip
    inside = [
        case(
            18 + at, Condition.NOT_STARTED, f"operation/SO-11{70 + at}/30", parent=17,
            state=State.SUPPRESSED, values=OPERATION, place=replace(ORDER, order=f"SO-11{70 + at}"),
        )
        for at in range(3)
    ]  # fmt: skip
    return [down, *inside]


def _open() -> list[Case]:
    """One that somebody has, and one that nobody has."""
    return [
        case(
            12, Condition.PAST_DUE, "order/SO-1165", place=Place(area="A", order="SO-1165"),
            values=PROMISE, state=State.ACKNOWLEDGED, owner="2", owner_name="Lin Wei-ting",
            since=ago(190), acknowledged_at=ago(180), version=2, hits=HITS[:1],
        ),
        case(
            14, Condition.NOT_PROMISED, "need/SO-1171/n1", values=NEED, severity=Severity.LOW,
            place=Place(area="B", order="SO-1171"), owner_role=Role.PURCHASER, since=ago(55),
            hits=HITS[2:3], parties=frozenset({"P2"}), informs=(Role.SUPPLIER,),
        ),
    ]  # fmt: skip


def _done_with() -> list[Case]:
    """Those that nobody has to look at now: back to normal, put aside, closed."""
    return [
        case(
            9, Condition.NO_SIGNAL, "work-unit/U1", values=VALUES[Condition.NO_SIGNAL], place=UNIT,
            state=State.RETURNED, standing=False, cleared_at=ago(90), since=ago(130), times=6,
            flapping=True,
        ),
        case(
            5, Condition.QUEUE, "work-center/CA", values=VALUES[Condition.QUEUE],
            place=Place(area="A", work_center="CA"), state=State.SHELVED, since=ago(900),
            shelved_until=NOW + timedelta(hours=3),
        ),
        case(
            3, Condition.SCRAP, "work-center/CA", values=VALUES[Condition.SCRAP],
            place=Place(area="A", work_center="CA"), state=State.CLOSED, standing=False,
            since=ago(2000), closed_at=ago(1500), cleared_at=ago(1500), cause_found="material",
            owner="1", owner_name="May",
        ),
    ]  # fmt: skip


RULES = (
    Rule(
        id="work-unit-state", condition=Condition.UNIT_STATE, severity=Severity.CRITICAL,
        owner=Role.OPERATOR, name={"en": "Machine down", "zh-Hant": "機台停機"}, limit_s=600,
        states=("down", "repair"), levels=(Level(after_min=15, role=Role.PLANNER),),
    ),
    Rule(
        id="material-not-promised", condition=Condition.NOT_PROMISED, severity=Severity.LOW,
        owner=Role.PURCHASER, name={"en": "No promise from the supplier"}, limit_s=28800,
    ),
)  # fmt: skip


class Rules:
    """The rules of every site."""

    def of(self, site: str) -> tuple[Rule, ...]:
        return RULES


class Memory:
    """Exceptions in memory, as the store keeps them in SQL: who saw the newest wins."""

    def __init__(self, cases=()):
        self.cases = {one.number: one for one in cases}
        self.moves, self.said, self.marked = {}, [], {}
        self.asked, self.proof = [], Evidence(looked=True)
        for one in cases:
            self.moves[one.number] = [_raised(one)]

    def case(self, site, number, scope=None):
        return self.cases.get(number)

    def keep(self, site, changes, tell_watch=False):
        done, lost = [], []
        for change in changes:
            number = change.case.number
            if self.cases[number].version != change.was:
                lost.append(change)
                continue
            self.cases[number] = change.case
            self.moves.setdefault(number, []).append(change.transition)
            done.append(change.case)
        return Kept(done=tuple(done), lost=tuple(lost))

    def search(self, site, wanted, limit, offset):
        found = [one for one in self.cases.values() if fits(one, wanted)]
        return Found(cases=tuple(found[offset : offset + limit]), total=len(found))

    def evidence(self, site, asked):
        self.asked.append(asked)
        return self.proof

    def transitions(self, site, number):
        return self.moves.get(number, [])

    def notes(self, site, number, scope=None):
        return [note for note in self.said if note.case == number]

    def add_note(self, site, note):
        self.said.append(replace(note, number=len(self.said) + 1))

    def mark(self, site, number, account, useful, at):
        self.marked[number, account] = useful

    def marks(self, site, number):
        return {who: useful for (one, who), useful in self.marked.items() if one == number}


def _raised(one: Case) -> Transition:
    return Transition(
        site=SITE, number=one.number, version=1, move=Move.RAISE, before=None,
        after=State.UNACKNOWLEDGED, actor="watch", at=one.raised_at,
    )  # fmt: skip


def desk_of(memory, audit) -> ExceptionDesk:
    """The desk as it is, on exceptions in memory."""
    return ExceptionDesk(memory, audit, lambda site: NOW, lambda: NOW)


class People:
    """Two people of the works."""

    def names(self):
        return {"account/1": "May", "account/2": "Lin Wei-ting"}

    def takers(self, site):
        return {"1": "May", "2": "Lin Wei-ting"}
