"""The door: validate, authorise, deduplicate; refuse with a reason or acknowledge for good.

Acknowledged means that the log has it on disk. Imported by `callbacks` and the worker roles;
put together by the wiring.
"""

import hashlib
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from data.domain.events import Event, EventType
from data.domain.quarantine import Quarantined, QuarantineKind
from data.domain.rules import MAX_ID, Refusal, Refused, parse_event
from data.domain.scope import Scope
from data.domain.subjects import Identity
from data.services.archived import Archive, ArchivedPast
from data.services.errors import Cold, Forbidden
from data.services.ports import Claim, Outcome
from data.services.promises import Promises

LATE = 5 / 6  # of the time for which the log remembers; older: SQL is asked for the identity
_OWN_CLOCK = timedelta(minutes=1)  # a site whose now differs by more has a clock of its own
_event_json = msgspec.json.Encoder().encode


class Status(StrEnum):
    """What became of one event."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REFUSED = "refused"


class Verdict(Struct, frozen=True, omit_defaults=True):
    """The door's answer for one event; a refusal names the field and the reason."""

    id: str
    status: Status
    field: str | None = None
    reason: str | None = None


class Log(Protocol):
    """What the door asks of the log. `remember_s`: for how long it knows an identity."""

    remember_s: int

    def append(self, site: str, claims: Sequence[Claim]) -> list[Outcome]:
        """Append what is new."""

    def append_quarantined(self, site: str, records: Sequence[bytes]) -> None:
        """Keep what can't be taken."""

    def warm(self, site: str, epoch: str, digests: Mapping[Identity, bytes]) -> None:
        """Fill the memory of identities."""


class Memory(Archive, Protocol):
    """What the door asks of the history."""

    def digests(self, site: str, since: datetime) -> dict[Identity, bytes]:
        """Identities recorded since an instant."""

    def digests_of(self, site: str, identities: Sequence[Identity]) -> dict[Identity, bytes]:
        """Digests of identities that are recorded."""


class Plans(Protocol):
    """What the door asks about what is planned at a site."""

    def now(self, site: str) -> datetime:
        """The site's own now."""

    def flaw(self, site: str, event: Event) -> Refusal | None:
        """Why the event doesn't fit what is known of the site; None when it does."""


class Ingest:
    """The one way in."""

    def __init__(
        self, log: Log, memory: Memory, plans: Plans, promises: Promises | None = None
    ) -> None:
        """`promises`: where a process that reads the log back writes down what it acknowledges."""
        self._log = log
        self._memory = memory
        self._plans = plans
        self._promises = promises
        self._archived = ArchivedPast(memory)
        self._warming = threading.Lock()

    def accept(
        self, scope: Scope, site: str, envelopes: Sequence[Any], real_now: datetime
    ) -> list[Verdict]:
        """Take CloudEvents envelopes; one verdict for each, in their order.

        Documents go first: what is planned in a request can be reported in the same one.

        Raises: Forbidden, Unavailable, Overloaded; then nothing was acknowledged.
        """
        if site not in scope.sites:
            raise Forbidden(site)
        ranks = [_rank(envelope) for envelope in envelopes]
        verdicts: dict[int, Verdict] = {}
        for rank in sorted(set(ranks)):
            places = [i for i, own in enumerate(ranks) if own == rank]
            taken = self._take(scope, site, [envelopes[i] for i in places], real_now)
            verdicts.update(zip(places, taken, strict=True))
        return [verdicts[i] for i in range(len(envelopes))]

    def _take(
        self, scope: Scope, site: str, envelopes: Sequence[Any], real_now: datetime
    ) -> list[Verdict]:
        recorded_at = self._plans.now(site)
        parsed: list[Event | Verdict] = [
            self._parse(scope, site, envelope, recorded_at) for envelope in envelopes
        ]
        parsed = self._without_archived(site, parsed, real_now)
        events = [item for item in parsed if isinstance(item, Event)]
        verdicts = iter(self._append(site, events, recorded_at, real_now))
        return [next(verdicts) if isinstance(item, Event) else item for item in parsed]

    def _without_archived(
        self, site: str, parsed: Sequence[Event | Verdict], real_now: datetime
    ) -> list[Event | Verdict]:
        """Refuse what concerns events that are archived."""
        events = [item for item in parsed if isinstance(item, Event)]
        gone = self._archived.refusals(site, events, real_now) if events else {}
        return [
            _refusal(item.id, gone[item.source, item.id])
            if isinstance(item, Event) and (item.source, item.id) in gone
            else item
            for item in parsed
        ]

    def quarantine(
        self, scope: Scope, site: str, envelopes: Sequence[Any], verdicts: Sequence[Verdict],
        real_now: datetime,
    ) -> None:  # fmt: skip
        """Keep refused inputs of a source that can't be answered, to be looked at by people."""
        if site not in scope.sites:
            raise Forbidden(site)
        refused = [
            _encoded(QuarantineKind.UNANSWERABLE, envelope, verdict, real_now)
            for envelope, verdict in zip(envelopes, verdicts, strict=True)
            if verdict.status is Status.REFUSED
        ]
        if refused:
            self._log.append_quarantined(site, refused)

    def _parse(
        self, scope: Scope, site: str, envelope: Any, recorded_at: datetime
    ) -> Event | Verdict:
        event_id = envelope.get("id") if isinstance(envelope, dict) else None
        named = _shown(event_id) if isinstance(event_id, str) else ""
        try:
            event = parse_event(envelope, recorded_at)
        except Refused as refused:
            return _refusal(named, refused.refusal)
        if not scope.may_report(site, event.source):
            return _refusal(named, Refusal("source", f"expected '{scope.source}', as the key's"))
        voided = event.data.event_source
        if voided is not None and not scope.may_report(site, voided):
            return _refusal(named, Refusal("data.event_source", f"expected '{scope.source}'"))
        flaw = self._plans.flaw(site, event)
        return event if flaw is None else _refusal(named, flaw)

    def _append(
        self, site: str, events: Sequence[Event], recorded_at: datetime, real_now: datetime
    ) -> list[Verdict]:
        if not events:
            return []
        claims = [_claim(event) for event in events]
        known = self._recorded_long_ago(site, events, recorded_at, real_now)
        fresh = [claim for claim in claims if (claim.source, claim.id) not in known]
        outcomes = iter(self._claim(site, fresh, real_now) if fresh else [])
        verdicts, conflicts = [], []
        for claim in claims:
            digest = known.get((claim.source, claim.id))
            if digest is None:
                outcome = next(outcomes)
            else:
                outcome = "duplicate" if digest == claim.digest else "conflict"
            verdict = _verdict(claim, outcome)
            verdicts.append(verdict)
            if outcome == "conflict":
                conflicts.append(_quarantined(QuarantineKind.CONFLICT, claim.source,
                                              claim.payload, verdict, real_now))  # fmt: skip
        if conflicts:
            self._log.append_quarantined(site, conflicts)
        return verdicts

    def _claim(self, site: str, claims: Sequence[Claim], real_now: datetime) -> list[Outcome]:
        if self._promises is None:
            return self._append_claims(site, claims, real_now)
        outcomes, promised = [], self._promises.made(site, claims)
        try:
            outcomes = self._append_claims(site, claims, real_now)
        finally:
            self._promises.decided(site, promised, outcomes)
        return outcomes

    def _append_claims(
        self, site: str, claims: Sequence[Claim], real_now: datetime
    ) -> list[Outcome]:
        try:
            return self._log.append(site, claims)
        except Cold:
            with self._warming:
                return self._claim_warmed(site, claims, real_now)

    def _claim_warmed(
        self, site: str, claims: Sequence[Claim], real_now: datetime
    ) -> list[Outcome]:
        try:  # another may have warmed it while this one waited
            return self._log.append(site, claims)
        except Cold:
            self.warm(site, real_now)
            return self._log.append(site, claims)

    def warm(self, site: str, real_now: datetime) -> None:
        """Let the log know what was recorded lately; needed once after it was emptied."""
        since = self._plans.now(site) - timedelta(seconds=self._log.remember_s)
        digests = self._memory.digests(site, since)
        self._log.warm(site, real_now.isoformat(), digests)

    def _recorded_long_ago(
        self, site: str, events: Sequence[Event], recorded_at: datetime, real_now: datetime
    ) -> dict[Identity, bytes]:
        """Ask SQL for identities that the log may have forgotten; it counts in real time."""
        runs_apart = abs(recorded_at - real_now) > _OWN_CLOCK
        known_since = recorded_at - timedelta(seconds=self._log.remember_s * LATE)
        late = [(e.source, e.id) for e in events if runs_apart or e.time < known_since]
        return self._memory.digests_of(site, late) if late else {}


def digest_of(event: Event) -> bytes:
    """Return what tells two bodies under one identity apart."""
    time = None if event.type is EventType.PLAN_CHANGED else event.time  # a plan may be sent again
    body = msgspec.json.encode((event.type, event.subject, time, event.data))
    return hashlib.blake2b(body, digest_size=8).digest()


def _claim(event: Event) -> Claim:
    return Claim(event.source, event.id, digest_of(event), _event_json(event))


def _verdict(claim: Claim, outcome: Outcome) -> Verdict:
    if outcome == "conflict":
        reason = "was recorded with another body before; correct it by event.voided"
        return Verdict(claim.id, Status.REFUSED, "id", reason)
    return Verdict(claim.id, Status(outcome))


def _refusal(event_id: str, refusal: Refusal) -> Verdict:
    return Verdict(event_id, Status.REFUSED, refusal.field, refusal.reason)


def _rank(envelope: Any) -> int:
    """Return the order in which to take it: the site's document, plans, all else."""
    if not isinstance(envelope, dict) or envelope.get("type") != EventType.PLAN_CHANGED.value:
        return 2
    return 0 if str(envelope.get("subject")).startswith("site/") else 1


def _shown(text: str) -> str:
    """Return what of a sender's text can be sent back, stored and read."""
    if len(text) <= MAX_ID and text.isprintable():
        return text
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[:MAX_ID])


def _encoded(kind: QuarantineKind, envelope: Any, verdict: Verdict, now: datetime) -> bytes:
    source = envelope.get("source") if isinstance(envelope, dict) else None
    raw = msgspec.json.encode(envelope)
    return _quarantined(kind, _shown(source) if isinstance(source, str) else "", raw, verdict, now)


def _quarantined(
    kind: QuarantineKind, source: str, raw: bytes, verdict: Verdict, now: datetime
) -> bytes:
    return msgspec.json.encode(
        Quarantined(
            kind=kind,
            source=source,
            event_id=verdict.id,
            field=verdict.field or "",
            reason=verdict.reason or "",
            raw=raw,
            received_at=now,
        )
    )
