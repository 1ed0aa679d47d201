"""The notifier: sends what waits in the outbox, and tries again for a day what doesn't get through.

A `Sender` serves one way, so that one that hangs keeps no other waiting; `Notifier` does the
rest: it plans, turns the escalation clock, and looks after what no sender serves. Any number of
notifiers may run. Imported by the wiring.

At least once: what is sent and not yet noted when a process dies is sent again, under the same
id, by which the far side can tell.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from msgspec.structs import replace

from data.domain.deliveries import Delivery, DeliveryState, Topic, is_over, pause_s
from data.domain.exceptions.recipients import still_says
from data.domain.exceptions.records import Case
from data.domain.notices import Notice, Outcome, Permanent, Sent, Transient, Way
from data.domain.preferences import IN_APP
from data.services.delivering import Cases, Claim, Outbox, Shut, WayBook, Wording
from data.services.errors import MilepostError
from data.services.escalations import Escalations

BATCH = 4
LEASE = timedelta(seconds=90)  # longer than a batch takes on a way that hangs
RESTS_AFTER, LONGEST_REST_S = 3, 60.0
LONGEST_WAIT_S = 3600.0
KEEPS = timedelta(days=90)
_FORGETS_EVERY = timedelta(hours=1)
_log = structlog.get_logger("notifier")


class Step(Protocol):
    """Something that is done a round at a time."""

    def step(self) -> int:
        """Do a round; return how much there was to do."""


class Sender:
    """Sends on one way. `step` is one testable round; called from one thread."""

    def __init__(
        self, name: str, way: Way | None, outbox: Outbox, book: WayBook, cases: Cases,
        wording: Wording, now: Callable[[], datetime],
    ) -> None:  # fmt: skip
        """`way`: None when it isn't set up any more; what waits for it is given up."""
        self._name, self._way = name, way
        self._outbox, self._book, self._cases, self._wording = outbox, book, cases, wording
        self._now = now
        self._failed = 0  # attempts in a row
        self._rests_until: datetime | None = None

    def step(self) -> int:
        """Send what is due, as much as there is room for; return how much was taken up.

        Raises: Unavailable; what was claimed is claimed again when the claim ends.
        """
        now = self._now()
        if self._rests(now):
            return 0
        claim = Claim(token=secrets.token_hex(8), now=now, until=now + LEASE)
        rate = None if self._way is None else self._way.rate
        most = 1 if self._failed >= RESTS_AFTER else BATCH
        taken = self._outbox.take(self._name, most, rate, claim)
        if not taken:
            return 0
        shut = self._outbox.shut(self._name)
        for one in taken:
            self._deliver(one, claim, shut)
        return len(taken)

    def _rests(self, now: datetime) -> bool:
        """Whether the way has failed so often in a row that it is let alone for a while."""
        until = self._rests_until
        return until is not None and now < until <= now + timedelta(seconds=LONGEST_REST_S)

    def _deliver(self, one: Delivery, claim: Claim, shut: Shut) -> None:
        try:
            said = self._said(one)
        except MilepostError:
            raise
        except Exception as error:  # what one can't be put into words stops no other
            _log.exception("not put into words", site=one.site, delivery=one.number)
            self._settle(one, claim, Permanent(f"no words: {type(error).__name__}"))
            return
        if said is None:
            self._finish(one, claim, DeliveryState.WITHDRAWN, one.answer)
            return
        why = shut.get("", shut.get(one.address))
        if self._way is None or why is not None:
            self._settle(one, claim, Permanent(why or f"no way is called {self._name}"))
            return
        kept = one.notice or self._outbox.keep_notice(one, said, claim)
        if kept is not None:
            self._settle(one, claim, self._way.send(kept))

    def _said(self, one: Delivery) -> Notice | None:
        """Return what is said: what was said at first, unless it is over by now."""
        if one.topic is Topic.DIGEST:
            members = self._members(one)
            if not members:
                return None
            return one.notice or self._wording.digest(one, members)
        if one.topic is Topic.EXCEPTION:
            case = self._case(one)
            if case is None or not still_says(one, case):
                return None
            return one.notice or self._wording.exception(one, case)
        return one.notice or self._wording.milestone(one)

    def _members(self, digest: Delivery) -> list[tuple[Delivery, Case]]:
        members = self._outbox.members(digest)
        numbers = [one.exception for one in members if one.exception is not None]
        cases = {case.number: case for case in self._cases.cases(digest.site, numbers)}
        found = ((one, cases.get(one.exception or 0)) for one in members)
        return [(one, case) for one, case in found if case is not None and still_says(one, case)]

    def _case(self, one: Delivery) -> Case | None:
        return next(iter(self._cases.cases(one.site, [one.exception or 0])), None)

    def _settle(self, one: Delivery, claim: Claim, outcome: Outcome) -> None:
        """Keep what the far side said, and what follows from it."""
        if isinstance(outcome, Sent):
            self._failed, self._rests_until = 0, None
            self._finish(one, claim, DeliveryState.SENT, outcome.detail)
        elif isinstance(outcome, Transient):
            self._try_again(one, claim, outcome)
        else:
            if outcome.disable:
                self._shut(one, outcome.reason)
            self._give_up(one, claim, outcome.reason)

    def _try_again(self, one: Delivery, claim: Claim, outcome: Transient) -> None:
        now, asked = self._now(), outcome.retry_after_s
        self._rest(now, asked)
        if is_over(one.first_at or claim.now, one.attempts, now):
            self._give_up(one, claim, outcome.reason)
            return
        wait_s = max(pause_s(one.attempts, one.id), min(asked or 0.0, LONGEST_WAIT_S))
        later = replace(one, due_at=now + timedelta(seconds=wait_s))
        self._finish(later, claim, DeliveryState.FAILED, outcome.reason)

    def _rest(self, now: datetime, asked_s: float | None) -> None:
        """Let a way alone that fails; one with a limit of its own for as long as it asks."""
        if asked_s and self._way is not None and self._way.rate is not None:
            until = now + timedelta(seconds=min(asked_s, LONGEST_WAIT_S))
            self._book.pause(self._name, until)
        self._failed += 1
        if self._failed >= RESTS_AFTER:
            rest_s = min(LONGEST_REST_S, 2.0 ** min(self._failed - RESTS_AFTER, 10))
            self._rests_until = now + timedelta(seconds=rest_s)

    def _shut(self, one: Delivery, reason: str) -> None:
        _log.error("a way is gone", way=self._name, reason=reason)
        self._book.shut(self._name, one.address, reason, self._now())

    def _give_up(self, one: Delivery, claim: Claim, reason: str) -> None:
        """Say that it didn't get through; its recipient's next way takes over."""
        _log.warning(
            "delivery given up", site=one.site, delivery=one.number, way=one.way,
            attempts=one.attempts, reason=reason,
        )  # fmt: skip
        instead = None
        if one.others:
            chosen, *others = one.others
            now = self._now()
            instead = replace(
                one, number=0, way=chosen.way, address=chosen.address, others=tuple(others),
                state=DeliveryState.WAITING, planned_at=now, due_at=now, first_at=None,
                attempts=0, answer="", done_at=None, notice=None, gather=False,
            )  # fmt: skip
        self._finish(one, claim, DeliveryState.GIVEN_UP, reason, instead)

    def _finish(
        self, one: Delivery, claim: Claim, state: DeliveryState, answer: str,
        instead: Delivery | None = None,
    ) -> None:  # fmt: skip
        done_at = None if state is DeliveryState.FAILED else self._now()
        done = replace(one, state=state, answer=answer[:500], done_at=done_at)
        if not self._outbox.finish(done, claim, instead):
            _log.warning("claim ended before its delivery", site=one.site, delivery=one.number)


class Notifier:
    """Everything but sending by a way that is set up. `step` is one testable round."""

    def __init__(
        self, planners: Sequence[Step], escalations: Escalations, outbox: Outbox,
        senders: Mapping[str, Sender], stray: Callable[[str], Sender],
        now: Callable[[], datetime],
    ) -> None:  # fmt: skip
        """`senders`: of the ways that are set up; `stray`: makes one for another."""
        self._planners, self._escalations, self._outbox = planners, escalations, outbox
        self._senders, self._stray = senders, stray
        self._now = now
        self._forgot_at: datetime | None = None

    def step(self) -> int:
        """Escalate what is due and plan what nobody was told of; return how much there was.

        Raises: Unavailable.
        """
        done = self._escalations.step() + sum(one.step() for one in self._planners)
        for name in self._outbox.ripe(self._now()):
            if name not in self._senders and name != IN_APP:
                done += self._stray(name).step()
        self._forget()
        return done

    def _forget(self) -> None:
        now = self._now()
        if self._forgot_at is None or now - self._forgot_at >= _FORGETS_EVERY:
            self._forgot_at = now
            self._outbox.forget(now - KEEPS)
