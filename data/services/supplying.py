"""What a supplier does on its board: promise, ship, report progress of an outsourced operation.

A row is named by its key, which is made of what is disclosed. Here the viewer's own rows are
disclosed once more and the key is sought among them, so a key of somebody else's, or of nothing
at all, is simply not there. What is done becomes a progress event and goes through the one door.
"""

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from data.domain.asked import Asked, asked, key_of
from data.domain.audit import Action, Detail
from data.domain.board import Board
from data.domain.disclosure import Eyes, Row, concerns, disclosed
from data.domain.events import (
    Data,
    EventType,
    OperationStatus,
    need_subject,
    operation_subject,
)
from data.domain.policy import Kind
from data.domain.rows import Rows
from data.domain.scope import Scope, party_source
from data.domain.subjects import Fold
from data.services.audit import Audit
from data.services.boards import Boards
from data.services.comments import Thread
from data.services.disclosures import Disclosures
from data.services.errors import Forbidden
from data.services.ingest import Ingest, Status, Verdict
from data.services.live import LiveSite

FURTHEST = timedelta(days=3 * 365)
PAST_GRACE = timedelta(minutes=5)  # a date chosen a moment ago may have come by now
MOST_PIECES = 1_000_000_000
MOST_ADVICE = 100
_TOKEN = re.compile(r"[A-Za-z0-9_-]{8,64}")
_TENTH = 10
_STEPS = {
    "started": EventType.OPERATION_STARTED,
    "progressed": EventType.OPERATION_PROGRESSED,
    "completed": EventType.OPERATION_COMPLETED,
}


class Unfit(ValueError):
    """What was given can't be taken: the field, what was expected of it, and its bounds."""

    def __init__(self, field: str, expected: str, **bounds: str | int | datetime) -> None:
        super().__init__(f"{field}: {expected}")
        self.field = field
        self.expected = expected
        self.bounds = bounds


class By(Struct, frozen=True, kw_only=True):
    """Who does it; `actor` and `address` as the audit trail names them."""

    scope: Scope
    actor: str
    name: str = ""
    address: str = ""


class Found(Struct, frozen=True, kw_only=True):
    """One of the viewer's rows: as it is disclosed, and what it really is."""

    key: str
    asked: Asked
    order: str
    item: str
    party: str | None = None  # who supplies or performs it

    @property
    def subject(self) -> str:
        """The subject of events about it."""
        make = need_subject if self.asked.kind is Kind.NEED else operation_subject
        return make(self.order, self.item)

    @property
    def thread(self) -> Thread:
        """Where what is said about it stands."""
        own = self.item if self.asked.kind is Kind.NEED else f"operation/{self.item}"
        return self.order, own


class Deed(Struct, frozen=True, kw_only=True):
    """One thing to be reported about a row; `token` makes it count once."""

    found: Found
    token: str
    type: EventType
    data: Data
    before: str | int | None = None
    after: str | int | None = None


class Sites(Protocol):
    """What is asked of the followed sites."""

    def disclosing(self, scope: Scope) -> list[LiveSite]:
        """The sites of which rows may be disclosed to the scope."""

    def settle(self, live: LiveSite) -> None:
        """Wait until the board has folded what the log has by now."""


class Supplying:
    """What suppliers do, at every site."""

    def __init__(
        self, sites: Sites, boards: Boards, disclosures: Disclosures, ingest: Ingest, audit: Audit,
    ) -> None:  # fmt: skip
        self._sites = sites
        self._boards = boards
        self._disclosures = disclosures
        self._ingest = ingest
        self._audit = audit

    def find(self, scope: Scope, site: str, key: str) -> Found:
        """Return the viewer's row of this key.

        Raises: Forbidden when there is none among its own; Unavailable.
        """
        return next(iter(self.find_all(scope, site, [key]).values()), None) or _nothing(key)

    def find_all(self, scope: Scope, site: str, keys: Iterable[str]) -> dict[str, Found]:
        """Return those of the keys that name rows of the viewer.

        Raises: Forbidden when the scope gets no rows of the site; Unavailable.
        """
        live, wanted = self.live(scope, site), set(keys)
        eyes = self._disclosures.eyes(scope, site)
        found: dict[str, Found] = {}
        for kind, row, shown in self._own(scope, live, eyes):
            key = key_of(kind, shown)
            if key is not None and key in wanted:
                found[key] = _found(key, kind, row, shown)
        return found

    def keys(
        self, scope: Scope, site: str, threads: Iterable[tuple[str, Thread]]
    ) -> dict[tuple[str, Thread], str]:
        """Return the keys of the viewer's rows that parties' threads are about.

        Raises: Forbidden, Unavailable.
        """
        live, wanted = self.live(scope, site), set(threads)
        eyes = self._disclosures.eyes(scope, site)
        orders = {order for _, (order, _) in wanted}
        found = {}
        for kind, row, shown in self._own(scope, live, eyes, orders):
            key = key_of(kind, shown)
            one = None if key is None else _found(key, kind, row, shown)
            if one is not None and one.party and (one.party, one.thread) in wanted:
                found[one.party, one.thread] = one.key
        return found

    def promise(
        self, by: By, site: str, key: str, token: str, promised_at: datetime,
        confirming: bool = False,
    ) -> Found:  # fmt: skip
        """Promise a need for a date; `confirming`: the date that is asked for.

        Raises: Forbidden, Unfit, Unavailable, Overloaded.
        """
        found = self.find(by.scope, site, key)
        deed = promise_deed(found, token, promised_at)
        dates = (found.asked.planned_at, found.asked.due_at)
        if confirming and not any(_same_minute(promised_at, at) for at in dates):
            raise Unfit("promised_at", "moved")
        self.do(by, site, [deed])
        return self.find(by.scope, site, key)

    def ship(
        self, by: By, site: str, key: str, token: str, quantity: int, advice: str | None = None
    ) -> Found:
        """Report that a quantity of a need has left.

        Raises: Forbidden, Unfit, Unavailable, Overloaded.
        """
        found = self.find(by.scope, site, key)
        self.do(by, site, [ship_deed(found, token, quantity, advice)])
        return self.find(by.scope, site, key)

    def report(
        self, by: By, site: str, key: str, token: str, step: str, good: int = 0, scrap: int = 0
    ) -> Found:
        """Report progress of an operation: `started`, `progressed` or `completed`.

        Raises: Forbidden, Unfit, Unavailable, Overloaded.
        """
        found = self.find(by.scope, site, key)
        self.do(by, site, [report_deed(found, token, step, good, scrap)])
        return self.find(by.scope, site, key)

    def do(self, by: By, site: str, deeds: Sequence[Deed]) -> None:
        """Note deeds in the trail, report them, and wait until the board shows them.

        Raises: Unfit for the first that isn't taken; Unavailable, Overloaded.
        """
        live, source = self.live(by.scope, site), party_source(by.scope.party)
        now = live.now
        fresh = [deed for deed in deeds if not _was_done(live.board, source, deed)]
        for deed in fresh:
            check(deed, now)
        for deed in fresh:
            self._note(by, site, Action.REPORTED, deed, _told(deed))
        envelopes = [_envelope(deed, source, now) for deed in fresh]
        verdicts = self._ingest.accept(by.scope, site, envelopes, datetime.now(UTC))
        self._sites.settle(live)
        live.renew()
        for deed, verdict in zip(fresh, verdicts, strict=True):
            if verdict.status is Status.REFUSED and not _was_done(live.board, source, deed):
                self._refused(by, site, deed, verdict)

    def live(self, scope: Scope, site: str) -> LiveSite:
        """Return the site's board, for its rows to be disclosed and nothing else.

        Raises: Forbidden.
        """
        for live in self._sites.disclosing(scope):
            if live.site == site and live.loaded:
                return live
        raise Forbidden(site)

    def clock(self, scope: Scope, site: str) -> tuple[datetime, str]:
        """Return the site's now and its time zone.

        Raises: Forbidden.
        """
        live = self.live(scope, site)
        return live.now, live.board.site.timezone

    def _own(
        self, scope: Scope, live: LiveSite, eyes: Eyes, among: Container[str] | None = None
    ) -> Iterator[tuple[Kind, Row, Mapping[str, Any]]]:
        live.renew()
        rows = Rows(board=live.board, facts=live.facts, now=live.now)
        own = self._boards.orders(scope, live, live.indexes.parties)
        orders = [order for order in own if among is None or order in among]
        made = ((Kind.NEED, rows.needs(orders)), (Kind.OPERATION, rows.operations(orders)))
        for kind, some in made:
            if eyes.policy.sees(kind):
                for row in some:
                    if concerns(row, eyes):
                        yield kind, row, disclosed(row, eyes)

    def _refused(self, by: By, site: str, deed: Deed, verdict: Verdict) -> None:
        told: Detail = {"why": f"{verdict.field}: {verdict.reason}"}
        self._note(by, site, Action.REFUSED, deed, told)
        raise Unfit("token", "again") if verdict.field == "id" else Unfit("row", "refused")

    def _note(self, by: By, site: str, action: Action, deed: Deed, detail: Detail) -> None:
        self._audit.note(
            by.actor, action, deed.found.subject, site=site, party=by.scope.party,
            address=by.address, detail=detail,
        )  # fmt: skip


def promise_deed(found: Found, token: str, promised_at: datetime) -> Deed:
    """Return the promise of a need for a date."""
    at, before = promised_at.astimezone(UTC), found.asked.promised_at
    return Deed(
        found=found,
        token=token,
        type=EventType.MATERIAL_PROMISED,
        data=Data(promised_at=at),
        before=None if before is None else before.isoformat(),
        after=at.isoformat(),
    )


def ship_deed(found: Found, token: str, quantity: int, advice: str | None) -> Deed:
    """Return the shipment of a quantity of a need."""
    shipped = found.asked.shipped or 0
    return Deed(
        found=found,
        token=token,
        type=EventType.MATERIAL_SHIPPED,
        data=Data(quantity=quantity, dispatch_advice=advice or None),
        before=shipped,
        after=shipped + quantity,
    )


def report_deed(found: Found, token: str, step: str, good: int, scrap: int) -> Deed:
    """Return the progress of an operation.

    Raises: Unfit when there is no such step.
    """
    if step not in _STEPS:
        raise Unfit("step", "choice")
    row = found.asked
    return Deed(
        found=found,
        token=token,
        type=_STEPS[step],
        data=Data() if step == "started" else Data(good=good, scrap=scrap),
        before=f"{row.status}, {row.good} good, {row.scrap} scrap",
        after=f"{step}, {good} good and {scrap} scrap more",
    )


def check(deed: Deed, now: datetime) -> None:
    """Refuse what can't be right of the row that it is about.

    Raises: Unfit, which tells nothing but what is disclosed of the row.
    """
    row = deed.found.asked
    if not _TOKEN.fullmatch(deed.token):
        raise Unfit("token", "again")
    if (row.kind is Kind.NEED) != deed.type.startswith("material."):
        raise Unfit("row", "refused")
    if row.done:
        raise Unfit("row", "over")
    if deed.type is EventType.MATERIAL_PROMISED:
        _check_date(deed.data.promised_at, now)
    elif deed.type is EventType.MATERIAL_SHIPPED:
        _check_shipment(row, deed.data)
    else:
        _check_progress(row, deed)


def _check_date(at: datetime | None, now: datetime) -> None:
    if at is None or not now - PAST_GRACE <= at <= now + FURTHEST:
        raise Unfit("promised_at", "ahead")


def _check_shipment(row: Asked, data: Data) -> None:
    """A tenth more than is outstanding may come."""
    most = MOST_PIECES
    if row.outstanding is not None and row.quantity is not None:
        most = row.outstanding + -(-row.quantity // _TENTH)
    if not 1 <= data.quantity <= most:
        raise Unfit("quantity", "whole", least=1, most=most)
    advice = data.dispatch_advice or ""
    if len(advice) > MOST_ADVICE or not advice.isprintable():
        raise Unfit("dispatch_advice", "short", most=MOST_ADVICE)


def _check_progress(row: Asked, deed: Deed) -> None:
    data, started = deed.data, deed.type is EventType.OPERATION_STARTED
    if started and row.status not in (None, OperationStatus.PLANNED):
        raise Unfit("step", "begun")
    most = MOST_PIECES if row.outstanding is None else row.outstanding
    for name, value in (("good", data.good), ("scrap", data.scrap)):
        if not 0 <= value <= most:
            raise Unfit(name, "whole", least=0, most=most)
    if deed.type is EventType.OPERATION_PROGRESSED and not data.good + data.scrap:
        raise Unfit("good", "some")


def _found(key: str, kind: Kind, row: Row, shown: Mapping[str, Any]) -> Found:
    item = row.fields["need" if kind is Kind.NEED else "operation"]
    party = row.fields["supplier" if kind is Kind.NEED else "performed_by"]
    return Found(
        key=key, asked=asked(kind, [shown])[0], order=str(row.fields["order"]), item=str(item),
        party=None if party is None else str(party),
    )  # fmt: skip


def _nothing(key: str) -> Found:
    raise Forbidden(key)


def _same_minute(one: datetime, other: datetime | None) -> bool:
    return other is not None and abs(one - other) < timedelta(minutes=1)


def _told(deed: Deed) -> Detail:
    return {"row": deed.found.key, "what": deed.type.value, "before": deed.before,
            "after": deed.after}  # fmt: skip


def _envelope(deed: Deed, source: str, now: datetime) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": deed.token,
        "source": source,
        "type": deed.type.value,
        "subject": deed.found.subject,
        "time": now.isoformat(),
        "data": msgspec.to_builtins(deed.data),
    }


def _was_done(board: Board, source: str, deed: Deed) -> bool:
    """Whether just this was reported before: sent twice, at another moment."""
    needs = deed.found.asked.kind is Kind.NEED
    states: Mapping[str, Fold] = board.needs if needs else board.operations
    state = states.get(deed.found.subject)
    event = None if state is None else state.ledger.get((source, deed.token))
    return event is not None and (event.type, event.data) == (deed.type, deed.data)
