"""Machines that go down while something is broken, and the way out by which people are told of it.

A rule that fires at once and a webhook whose receiver is the tests' own: that a stop is raised and
told of proves that watch and notifier are there again, and says when.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

from data.domain.exceptions.records import Case, Move, Severity, State, Transition
from data.domain.exceptions.search import Change
from data.domain.scope import Role
from data.services.live import utc_now
from data.store.exceptions import ExceptionStore
from data.store.history import connect
from data.store.scoped import WORKER
from tests.contract.notify.receivers import Receiver, answers
from tests.faults.harness.journal import Body
from tests.faults.harness.load import event

RULE = {
    "id": "stopped", "condition": "work_unit_state", "severity": "high", "owner": "operator",
    "states": ["down"], "limit_s": 0, "ways": ["robot"],
}  # fmt: skip
BENCHES = tuple(f"B{number:02}" for number in range(1, 81))  # each stops once
RAISED = "milepost.exception.raised"
_EXCEPTIONS = (
    "SELECT 'exception/' || site || '/' || number, subject FROM exception"
    " WHERE rule = 'stopped' AND state <> 'closed'"
)
Rows = Callable[[str], Sequence[tuple[Any, ...]]]


@contextmanager
def robot_of(folder: Path) -> Iterator[tuple[Receiver, str]]:
    """Stand a webhook's receiver up; give it and the file that names it."""
    with Receiver(answers(204)) as receiver:
        file = folder / "notify.yaml"
        key = "whsec_" + "a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5"
        file.write_text(
            "inside: [127.0.0.1]\nways:\n  robot:\n    kind: webhook\n"
            f"    url: http://127.0.0.1:{receiver.port}/in\n    secrets: [{key}]\n"
        )
        yield receiver, str(file)


def prepare(database_url: str, sites: Sequence[str]) -> None:
    """Give every site the rule, and an exception of long ago: a site without one is new, and
    of what stands at a new one nobody is told."""
    sql, now = connect(database_url), utc_now()
    store, desk = ExceptionStore(sql.execution_options(milepost_role=WORKER)), ExceptionStore(sql)
    for site in sites:
        case = Case(
            site=site, number=0, rule="stopped", kind="work_unit_state", subject="work-unit/M1",
            severity=Severity.LOW, state=State.CLOSED, standing=False, since=now, raised_at=now,
            owner_role=Role.OPERATOR, quiet=True,
        )  # fmt: skip
        raised = Transition(
            site=site, number=0, version=1, move=Move.RAISE, before=None, after=case.state,
            actor="watch", at=now,
        )  # fmt: skip
        assert store.keep(site, [Change(case=case, transition=raised, was=0)]).done
        assert desk.keep_rule(site, "stopped", RULE, 0, "test", now)
    sql.dispose()


def told_of(receiver: Receiver) -> dict[str, str]:
    """What was told, by the id of the message: the exception that it is about."""
    taken = [(one.headers["webhook-id"], one.document) for one in [*receiver.taken]]
    return {name: document.get("subject", "") for name, document in taken}


class Alarms:
    """The machines of one stand that stop one after the other, and who was told of them."""

    def __init__(self, receiver: Receiver, rows: Rows) -> None:
        self._receiver, self._rows = receiver, rows
        self._stopped: list[str] = []
        self._said: set[str] = set()

    def next_stop(self) -> Body:
        """What the next machine reports."""
        bench = BENCHES[len(self._stopped)]
        self._stopped.append(f"work-unit/{bench}")
        return event(
            f"stop-{bench}", "work_unit.state_changed", self._stopped[-1], state="down",
            reason="jam",
        )  # fmt: skip

    def last_is_told(self) -> bool:
        """Whether people were told of the machine that stopped last."""
        with suppress(psycopg.Error):
            raised = dict(self._rows(_EXCEPTIONS))
            told = told_of(self._receiver).values()
            return any(raised.get(one) == self._stopped[-1] for one in told)
        return False

    def differences(self) -> list[str]:
        """Say, once, which stops were not raised once and told once."""
        raised = dict(self._rows(_EXCEPTIONS))
        told = [raised.get(one, one) for one in told_of(self._receiver).values()]
        found = [
            *_not_once("raised", self._stopped, [*raised.values()]),
            *_not_once("told", self._stopped, told),
            *self._otherwise(),
        ]  # fmt: skip
        new = [words for words in found if words not in self._said]
        self._said.update(new)
        return new

    def repeated(self) -> int:
        """How many messages came again under the id that they had before."""
        return len(self._receiver.taken) - len(told_of(self._receiver))

    def _otherwise(self) -> list[str]:
        """Say what was told of, other than a stop: no machine goes on meanwhile."""
        kinds = {one.document["type"] for one in [*self._receiver.taken]}
        return [f"told, beside what was raised: {kinds - {RAISED}}"] if kinds - {RAISED} else []


def _not_once(what: str, wanted: Sequence[str], found: Sequence[str]) -> list[str]:
    times = Counter(found)
    return [
        f"{subject} was {what} {times[subject]} times"
        for subject in sorted({*wanted, *found})
        if times[subject] != (subject in wanted)
    ]
