"""What the plan of an order must be before it may become a `plan.changed` event.

Pure. Shared by every way in for plans: the HTTP API, files, connectors. `rules` checks the
envelope; this checks what the document says against itself and against the site, and
makes the envelopes.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from math import isfinite
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from data.domain.events import EventType, order_subject
from data.domain.plan import MaterialNeed, Milestone, Operation, Order
from data.domain.rules import LATEST, MAX_QUANTITY, OLDEST
from data.domain.site import PartyKind, Site
from data.domain.site_rules import is_name
from data.domain.subjects import OrderState
from data.domain.timelines import Moment

MAX_TEXT = 200
MAX_RECORDS = 2_000  # operations of an order, and as many milestones and needs
MAX_SECONDS = 366 * 86_400.0
NO_PREDECESSORS = "-"  # how a table says "none", so no operation may be called that

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
_LIST_MARKS = re.compile("[;\uff1b]")
_OUTSIDE = (PartyKind.SUPPLIER, PartyKind.LOGISTICS, PartyKind.FACTORY)

_INSTANTS: dict[type[Struct], tuple[str, ...]] = {
    Order: ("due_at", "released_at"),
    Operation: ("planned_start", "planned_finish"),
    Milestone: ("baseline_at", "committed_at"),
    MaterialNeed: ("need_by",),
}
_Record = TypeVar("_Record", Order, Operation, Milestone, MaterialNeed)
_Found = tuple[str, object, str]  # (field, value, reason)


class Flaw(Struct, frozen=True):
    """What is wrong with a plan: path in the document (`operations[2].work_center`) and why.

    The path `site` speaks of the site itself, so it is the same for every order.
    """

    path: str
    reason: str
    value: str = ""


def flaws(order: Order, site: Site) -> Iterator[Flaw]:
    """Yield everything that keeps the order's plan from being taken at the site."""
    return PlanRules(site).flaws(order)


def in_utc(order: Order) -> Order:
    """Return the same plan with every aware instant in UTC; equal plans then encode alike.

    A naive one stays as it is, for the rules to refuse.
    """
    records = {
        part: tuple(_in_utc(record) for record in getattr(order, part))
        for part in ("operations", "milestones", "needs")
    }
    return msgspec.structs.replace(_in_utc(order), **records)


def to_envelopes(
    orders: Iterable[Order],
    source: str,
    now: datetime,
    known: Mapping[str, OrderState] | None = None,
) -> list[dict[str, Any]]:
    """Return the `plan.changed` envelopes (decoded JSON) that bring these plans in.

    The identity comes from the plan alone, so the same plan sent again is a duplicate.
    With `known` (a board's orders) a plan that already holds gives no envelope, and one
    that goes back to an older plan has an identity and a time after the plan it replaces.
    """
    envelopes = []
    for order in map(in_utc, orders):
        state = (known or {}).get(order.id)
        if state is None or state.plan is None or in_utc(state.plan) != order:
            envelopes.append(_envelope(order, source, now, state.moment if state else None))
    return envelopes


def _envelope(order: Order, source: str, now: datetime, replaced: Moment | None) -> dict[str, Any]:
    document = msgspec.json.encode(order)
    digest = hashlib.blake2b(document, digest_size=16)
    if replaced is not None:
        digest.update("\n".join(replaced[1:]).encode())
        now = max(now, replaced[0] + timedelta(microseconds=1))
    return {
        "specversion": "1.0",
        "id": f"plan-{digest.hexdigest()}",
        "source": source,
        "type": EventType.PLAN_CHANGED.value,
        "subject": order_subject(order.id),
        "time": now.isoformat(),
        "data": {"order": msgspec.json.decode(document)},
    }


def nearest(name: str, names: Iterable[str]) -> str:
    """Return the name most like `name` whatever its case; empty when none is like it."""
    by_key = {known.casefold(): known for known in names}
    close = get_close_matches(name.casefold(), by_key, 1, 0.5)
    return by_key[close[0]] if close else ""


def hint(name: str, names: Iterable[str]) -> str:
    """Return the end of a reason that names the nearest known name, or nothing."""
    close = nearest(name, names)
    return f"; did you mean '{close}'?" if close else ""


class PlanRules:
    """The rules with one site's names at hand, for checking many orders."""

    def __init__(self, site: Site) -> None:
        """Index the names that plans may refer to."""
        self._site = site.id
        self._areas = {area.id for area in site.areas}
        self._centers = {center.id for center in site.work_centers}
        self._units = {unit.id: unit.work_center for unit in site.work_units}
        self._parties = {party.id: party.kind for party in site.parties}
        self._reasons: dict[tuple[str, str], str] = {}

    def flaws(self, order: Order) -> Iterator[Flaw]:
        """Yield everything wrong with the plan, the order's own fields first."""
        yield from _at("", self._order(order))
        if order.operations and not self._centers:
            yield Flaw("site", f"site '{self._site}' has no work centers yet; send its model first")
        for i, operation in enumerate(order.operations):
            yield from _at(f"operations[{i}].", self._operation(operation))
        yield from _predecessor_flaws(order.operations)
        steps = {operation.id for operation in order.operations}
        for i, milestone in enumerate(order.milestones):
            yield from _at(f"milestones[{i}].", _milestone(milestone, steps))
        for i, need in enumerate(order.needs):
            yield from _at(f"needs[{i}].", self._need(need, steps))

    def _order(self, order: Order) -> Iterator[_Found]:
        yield from _name("id", order.id)
        yield from _text("product", order.product, required=True)
        yield from _text("family", order.family)
        yield from _whole("quantity", order.quantity)
        yield from _instants(order)
        yield from _not_before(order, "due_at", "released_at")
        if order.area is not None and order.area not in self._areas:
            yield "area", order.area, self._unknown("area", order.area, self._areas)
        if order.customer is not None:
            yield from self._party("customer", order.customer, (PartyKind.CUSTOMER,))
        if order.shipped_by is not None:
            yield from self._party("shipped_by", order.shipped_by, (PartyKind.LOGISTICS,))
        yield from _lists(order)

    def _operation(self, operation: Operation) -> Iterator[_Found]:
        yield from _name("id", operation.id)
        if operation.id == NO_PREDECESSORS or _LIST_MARKS.search(operation.id):
            yield "id", operation.id, "expected a name without ';' that isn't just '-'"
        yield from _text("name", operation.name)
        yield from _seconds(operation, "run_time_s", "setup_s")
        yield from _instants(operation)
        yield from _not_before(operation, "planned_finish", "planned_start")
        if self._centers:
            yield from self._equipment(operation)
        if operation.performed_by is not None:
            yield from self._party("performed_by", operation.performed_by, _OUTSIDE)

    def _equipment(self, operation: Operation) -> Iterator[_Found]:
        center, unit = operation.work_center, operation.work_unit
        if center not in self._centers:
            yield "work_center", center, self._unknown("work center", center, self._centers)
        if unit is None:
            return
        if unit not in self._units:
            yield "work_unit", unit, self._unknown("work unit", unit, self._units)
        elif self._units[unit] != center and center in self._centers:
            belongs = f"belongs to work center '{self._units[unit]}', not to '{center}'"
            yield "work_unit", unit, belongs

    def _need(self, need: MaterialNeed, steps: Collection[str]) -> Iterator[_Found]:
        yield from _name("id", need.id)
        yield from _text("part", need.part, required=True)
        yield from _text("name", need.name)
        yield from _step(need.operation, steps)
        yield from self._party("supplier", need.supplier, (PartyKind.SUPPLIER,))
        yield from _whole("quantity", need.quantity)
        yield from _instants(need)

    def _party(self, field: str, party: str, kinds: Sequence[PartyKind]) -> Iterator[_Found]:
        kind = self._parties.get(party)
        wanted = " or ".join(kinds)
        if kind is None:
            fitting = [name for name, known in self._parties.items() if known in kinds]
            yield field, party, self._unknown(wanted, party, fitting)
        elif kind not in kinds:
            yield field, party, f"is a {kind} of site '{self._site}', expected a {wanted}"

    def _unknown(self, what: str, name: str, known: Collection[str]) -> str:
        # The same unknown name often stands in thousands of rows; its nearest is sought once.
        if (what, name) not in self._reasons:
            end = hint(name, known) if known else "; it has none"
            self._reasons[what, name] = f"isn't a {what} of site '{self._site}'{end}"
        return self._reasons[what, name]


def _at(path: str, found: Iterable[_Found]) -> Iterator[Flaw]:
    for field, value, reason in found:
        shown = value.isoformat() if isinstance(value, datetime) else str(value)
        yield Flaw(path + field, reason, shown)


def _lists(order: Order) -> Iterator[_Found]:
    for part in ("operations", "milestones", "needs"):
        records = getattr(order, part)
        if len(records) > MAX_RECORDS:
            yield part, len(records), f"an order has at most {MAX_RECORDS} {part}"
        seen: set[str] = set()
        for i, record in enumerate(records):
            if record.id in seen:
                yield f"{part}[{i}].id", record.id, "stands twice in this order"
            seen.add(record.id)


def _milestone(milestone: Milestone, steps: Collection[str]) -> Iterator[_Found]:
    yield from _name("id", milestone.id)
    yield from _text("name", milestone.name, required=True)
    yield from _step(milestone.operation, steps)
    yield from _instants(milestone)


def _step(operation: str, steps: Collection[str]) -> Iterator[_Found]:
    if operation not in steps:
        reason = f"isn't an operation of this order{hint(operation, steps)}"
        yield "operation", operation, reason


def _name(field: str, value: str) -> Iterator[_Found]:
    if not is_name(value):
        reason = "expected 1 to 100 printable characters without '/' or outer spaces"
        yield field, value, reason


def _text(field: str, value: str, required: bool = False) -> Iterator[_Found]:
    if required and not value.strip():
        yield field, value, "is required"
    elif len(value) > MAX_TEXT or _CONTROL.search(value):
        yield field, value, f"expected up to {MAX_TEXT} characters on one line"


def _whole(field: str, value: int) -> Iterator[_Found]:
    if not 1 <= value <= MAX_QUANTITY:
        yield field, value, f"expected a whole number from 1 to {MAX_QUANTITY}"


def _seconds(record: Operation, *fields: str) -> Iterator[_Found]:
    for field in fields:
        value = getattr(record, field)
        if not isfinite(value) or not 0 <= value <= MAX_SECONDS:
            yield field, value, f"expected seconds from 0 to {MAX_SECONDS:.0f}"


def _instants(record: Struct) -> Iterator[_Found]:
    for field in _INSTANTS[type(record)]:
        value = getattr(record, field)
        if value is None:
            continue
        if value.tzinfo is None:
            yield field, value, "expected an offset too, such as 2026-11-24T14:30:00+08:00"
        elif not OLDEST <= value < LATEST:
            yield field, value, f"expected a year from {OLDEST.year} to {LATEST.year - 1}"


def _not_before(record: Struct, later: str, earlier: str) -> Iterator[_Found]:
    first, last = getattr(record, earlier), getattr(record, later)
    if first is None or first.tzinfo is None or last.tzinfo is None:
        return
    if last < first:
        yield later, last, f"is before {earlier}, {first.isoformat()}"


def _predecessor_flaws(operations: Sequence[Operation]) -> Iterator[Flaw]:
    ids = [operation.id for operation in operations]
    known = set(ids)
    for i, operation in enumerate(operations):
        for name in operation.predecessors or ():
            if name not in known:
                reason = f"isn't an operation of this order{hint(name, known)}"
                yield Flaw(f"operations[{i}].predecessors", reason, name)
    circle = _circle(operations) if len(known) == len(ids) else ()
    if circle:
        shown = " → ".join(circle)
        path = f"operations[{ids.index(circle[0])}].predecessors"
        yield Flaw(path, f"operations wait for each other in a circle: {shown}", circle[1])


def _circle(operations: Sequence[Operation]) -> tuple[str, ...]:
    """Return ids that wait for each other, the first repeated at the end; empty when none do."""
    waits = _waits(operations)
    waiting = Counter({name: len(before) for name, before in waits.items()})
    followers: dict[str, list[str]] = {name: [] for name in waits}
    for name, before in waits.items():
        for earlier in before:
            followers[earlier].append(name)
    free = [name for name, count in waiting.items() if not count]
    while free:
        name = free.pop()
        del waits[name]
        for follower in followers[name]:
            waiting[follower] -= 1
            if not waiting[follower]:
                free.append(follower)
    return _walk(waits)


def _waits(operations: Sequence[Operation]) -> dict[str, set[str]]:
    known = {operation.id for operation in operations}
    waits: dict[str, set[str]] = {}
    before: tuple[str, ...] = ()
    for operation in operations:
        named = before if operation.predecessors is None else operation.predecessors
        waits[operation.id] = known.intersection(named)
        before = (operation.id,)
    return waits


def _walk(waits: dict[str, set[str]]) -> tuple[str, ...]:
    if not waits:
        return ()
    path = [next(iter(waits))]
    while True:
        following = min(name for name in waits[path[-1]] if name in waits)
        if following in path:
            return (*path[path.index(following) :], following)
        path.append(following)


def _in_utc(record: _Record) -> _Record:
    changed = {
        field: value.astimezone(UTC)
        for field in _INSTANTS[type(record)]
        if (value := getattr(record, field)) is not None and value.tzinfo not in (None, UTC)
    }
    return msgspec.structs.replace(record, **changed) if changed else record
