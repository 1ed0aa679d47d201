"""From what is found to what goes out: how fast exceptions are kept, moved, planned and sent.

Each on a real PostgreSQL; what is sent goes as a signed webhook to a receiver in this process.
"""

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from msgspec.structs import replace

from data.domain.exceptions.lifecycle import moved
from data.domain.exceptions.records import Case, Move, Place, Severity, State, Transition
from data.domain.exceptions.search import Change, Kept
from data.domain.scope import Role
from data.store.exceptions import ExceptionStore
from data.store.scoped import WORKER, connect
from tests.bench.figures import Measurement, at_least, noted
from tests.bench.stage import Stage
from tests.contract.notify.receivers import Receiver, answers
from tests.contract.notify.test_webhooks import webhook
from tests.contract.telling import NOW, RULE, FakeWays, Telling

CASES, AT_ONCE = 2_000, 100
_SITE = "plant"
T = TypeVar("T")


def measure(stage: Stage, quick: bool) -> list[Measurement]:
    count = 200 if quick else CASES
    ground = stage.fresh()
    engine = connect(ground.database_url, role=WORKER)
    try:
        with Receiver(answers(204)) as receiver:
            ways, rule = FakeWays(hook=webhook(receiver)), replace(RULE, ways=("hook",))
            telling = Telling(engine, ways=ways, rules=(rule,))
            store = ExceptionStore(engine)
            raised, figures = _raised(store, count)
            return [*figures, *_told(telling, receiver, count), *_moved(store, raised)]
    finally:
        engine.dispose()


def _raised(store: ExceptionStore, count: int) -> tuple[list[Case], list[Measurement]]:
    fresh = [_begun(number) for number in range(count)]
    raised, took_s = _timed(lambda: _keep(store, fresh))
    if len(raised) != count:
        raise RuntimeError("an exception was lost")
    what = f"exceptions raised and kept, {AT_ONCE} a transaction"
    return raised, [at_least(what, count / took_s, "/s", 100)]


def _moved(store: ExceptionStore, raised: Sequence[Case]) -> list[Measurement]:
    newest = store.open(_SITE)
    taken, moved_s = _timed(lambda: _keep(store, [_taken(case) for case in newest]))
    again, lost_s = _timed(lambda: store.keep(_SITE, [_taken(c) for c in newest[:AT_ONCE]]))
    if len(taken) != len(raised) or again.done:
        raise RuntimeError("a move was lost, or two moved one")
    return [
        noted("moved, each only from the version that was seen", len(taken) / moved_s, "/s"),
        noted("refused, for somebody was ahead", AT_ONCE / lost_s, "/s"),
    ]


def _told(telling: Telling, receiver: Receiver, count: int) -> list[Measurement]:
    planned, planned_s = _timed(lambda: _until_nothing(telling.notifier.step))
    sender = telling.senders["hook"]
    _, sent_s = _timed(lambda: _until_nothing(sender.step))
    arrived = len(receiver.taken)
    if len({one.headers["webhook-id"] for one in receiver.taken}) != arrived:
        raise RuntimeError("a message went out twice")
    return [
        noted("moves planned, and escalations set", planned / planned_s, "/s"),
        at_least("messages sent by one sender, signed webhooks", arrived / sent_s, "/s", 10),
        noted(f"messages that went out for {count} exceptions", arrived, ""),
    ]


def _keep(store: ExceptionStore, changes: Sequence[Change]) -> list[Case]:
    kept: list[Case] = []
    for first in range(0, len(changes), AT_ONCE):
        made: Kept = store.keep(_SITE, changes[first : first + AT_ONCE])
        kept += made.done
    return kept


def _begun(number: int) -> Change:
    case = Case(
        site=_SITE, number=0, rule="down", kind="work_unit_state", subject=f"work-unit/W{number}",
        severity=Severity.HIGH, state=State.UNACKNOWLEDGED, standing=True, since=NOW,
        raised_at=NOW, owner_role=Role.OPERATOR, place=Place(area="A"),
    )  # fmt: skip
    return Change(case=case, transition=_told_of(case, Move.RAISE, None), was=0)


def _taken(case: Case) -> Change:
    after = moved(case, Move.ACKNOWLEDGE, NOW, owner="x", owner_name="X")
    return Change(
        case=after, transition=_told_of(after, Move.ACKNOWLEDGE, case.state), was=case.version
    )


def _told_of(case: Case, move: Move, before: State | None) -> Transition:
    return Transition(
        site=_SITE, number=case.number, version=case.version, move=move, before=before,
        after=case.state, actor="watch", at=NOW,
    )  # fmt: skip


def _until_nothing(step: Callable[[], int]) -> int:
    total = 0
    while done := step():
        total += done
    return total


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    begun = time.perf_counter()
    made = work()
    return made, time.perf_counter() - begun
