"""What a progress event of each type must and may say.

Pure. The door (`data.services.ingest`) refuses what these rules refuse, naming the field
and what was expected; what passes can be folded by the board.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from data.domain.events import Data, Event, EventType, SubjectKind

MAX_ID = 200
FUTURE_LIMIT = timedelta(minutes=5)
OLDEST = datetime(2000, 1, 1, tzinfo=UTC)
MAX_QUANTITY = 1_000_000_000

_NAME = re.compile(r"[^\s/\x00-\x1f\x7f][^/\x00-\x1f\x7f]{0,99}")
_PARTS = {
    SubjectKind.OPERATION: ("order", "operation"),
    SubjectKind.NEED: ("order", "need"),
    SubjectKind.WORK_UNIT: ("work unit",),
    SubjectKind.ORDER: ("order",),
    SubjectKind.SITE: ("site",),
}
_QUANTITIES = ("good", "scrap", "rework", "inspected", "passed", "quantity")


class Refusal(Struct, frozen=True):
    """Why an event isn't taken: the field (a path such as `data.good`) and the reason."""

    field: str
    reason: str


class Refused(ValueError):
    """An event broke a rule."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.refusal = Refusal(field, reason)


class Rule(Struct, frozen=True):
    """Subject kinds, and the fields of `data` that are required or optional."""

    kinds: tuple[SubjectKind, ...]
    required: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()


_OPERATION = Rule(
    (SubjectKind.OPERATION,),
    optional=frozenset({"work_unit", "good", "scrap", "rework", "reason"}),
)
RULES: dict[EventType, Rule] = {
    EventType.OPERATION_STARTED: _OPERATION,
    EventType.OPERATION_PROGRESSED: _OPERATION,
    EventType.OPERATION_PAUSED: _OPERATION,
    EventType.OPERATION_RESUMED: _OPERATION,
    EventType.OPERATION_COMPLETED: _OPERATION,
    EventType.OPERATION_REOPENED: _OPERATION,
    EventType.WORK_UNIT_STATE_CHANGED: Rule(
        (SubjectKind.WORK_UNIT,), frozenset({"state"}), frozenset({"reason", "operation"})
    ),
    EventType.MATERIAL_PROMISED: Rule(
        (SubjectKind.NEED,), frozenset({"promised_at"}), frozenset({"quantity", "reason"})
    ),
    EventType.MATERIAL_SHIPPED: Rule(
        (SubjectKind.NEED,), frozenset({"quantity"}), frozenset({"dispatch_advice", "reason"})
    ),
    EventType.MATERIAL_RECEIVED: Rule(
        (SubjectKind.NEED,), frozenset({"quantity"}), frozenset({"dispatch_advice", "reason"})
    ),
    EventType.QUALITY_INSPECTED: Rule(
        (SubjectKind.OPERATION,),
        frozenset({"inspected", "passed"}),
        frozenset({"scrap", "rework", "reason", "work_unit"}),
    ),
    EventType.EVENT_VOIDED: Rule(
        tuple(SubjectKind), frozenset({"event_id"}), frozenset({"event_source", "reason"})
    ),
    EventType.PLAN_CHANGED: Rule(
        (SubjectKind.ORDER, SubjectKind.SITE), optional=frozenset({"order", "site"})
    ),
}


def parse_event(envelope: dict[str, Any], recorded_at: datetime) -> Event:
    """Turn a CloudEvents envelope (decoded JSON) into an event.

    Raises: Refused, naming the first field that breaks a rule.
    """
    _check_envelope(envelope)
    event_type = _type(envelope.get("type"))
    subject = _subject(envelope, RULES[event_type])
    time = _time(envelope.get("time"), recorded_at)
    data = _data(envelope.get("data"), RULES[event_type])
    _check_document(event_type, subject, data)
    return Event(
        id=envelope["id"],
        source=envelope["source"],
        type=event_type,
        subject=subject,
        time=time,
        recorded_at=recorded_at,
        data=data,
    )


def _check_envelope(envelope: dict[str, Any]) -> None:
    if not isinstance(envelope, dict):
        raise Refused("$", "expected a JSON object")
    if envelope.get("specversion", "1.0") != "1.0":
        raise Refused("specversion", "expected '1.0'")
    for name in ("id", "source"):
        value = envelope.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= MAX_ID or not value.isprintable():
            raise Refused(name, f"expected printable text of 1 to {MAX_ID} characters")


def _type(value: object) -> EventType:
    try:
        return EventType(str(value))
    except ValueError:
        raise Refused("type", "expected one of " + ", ".join(EventType)) from None


def _subject(envelope: dict[str, Any], rule: Rule) -> str:
    subject = envelope.get("subject")
    forms = " or ".join("/".join((k, *(f"<{p}>" for p in _PARTS[k]))) for k in rule.kinds)
    if not isinstance(subject, str):
        raise Refused("subject", f"expected {forms}")
    kind, *names = subject.split("/")
    fits = any(kind == k and len(names) == len(_PARTS[k]) for k in rule.kinds)
    if not fits or not all(_NAME.fullmatch(name) for name in names):
        raise Refused("subject", f"expected {forms}")
    return subject


def _time(value: object, recorded_at: datetime) -> datetime:
    expected = "expected an RFC 3339 instant with its offset, such as 2026-11-24T14:30:00+08:00"
    if not isinstance(value, str):
        raise Refused("time", expected)
    try:
        time = msgspec.convert(value, datetime)
    except msgspec.ValidationError:
        raise Refused("time", expected) from None
    if time.tzinfo is None:
        raise Refused("time", expected)
    if time > recorded_at + FUTURE_LIMIT:
        raise Refused("time", f"lies in the future of the site's now, {recorded_at.isoformat()}")
    if time < OLDEST:
        raise Refused("time", f"expected an instant after {OLDEST.isoformat()}")
    return time.astimezone(UTC)


def _data(value: object, rule: Rule) -> Data:
    given = {} if value is None else value
    if not isinstance(given, dict):
        raise Refused("data", "expected a JSON object")
    for name in sorted(rule.required - given.keys()):
        raise Refused(f"data.{name}", "is required")
    for name in given.keys() - rule.required - rule.optional:
        allowed = ", ".join(sorted(rule.required | rule.optional))
        raise Refused(f"data.{name}", f"isn't a field of this type; it has {allowed}")
    return convert(given, Data, "data")


def convert(given: object, into: type[Data], path: str) -> Data:
    """Convert decoded JSON and check instants and quantities; `path` leads the field names.

    Raises: Refused.
    """
    try:
        data = msgspec.convert(given, into)
    except msgspec.ValidationError as error:
        reason, _, where = str(error).partition(" - at `$")
        raise Refused(path + where.rstrip("`"), reason[:1].lower() + reason[1:]) from None
    for name, reason in _flaws(data):
        raise Refused(f"{path}.{name}", reason)
    return data


def _flaws(data: Data) -> Iterator[tuple[str, str]]:
    for name in _QUANTITIES:
        if not 0 <= getattr(data, name) <= MAX_QUANTITY:
            yield name, f"expected a whole number from 0 to {MAX_QUANTITY}"
    if data.promised_at is not None and data.promised_at.tzinfo is None:
        yield "promised_at", "expected an instant with its offset"
    if data.passed > data.inspected:
        yield "passed", "is more than inspected"


def _check_document(event_type: EventType, subject: str, data: Data) -> None:
    if event_type is not EventType.PLAN_CHANGED:
        return
    kind, name = subject.split("/", 1)
    document = data.order if kind == SubjectKind.ORDER else data.site
    other = data.site if kind == SubjectKind.ORDER else data.order
    if document is None or other is not None:
        raise Refused(f"data.{kind}", f"expected the {kind}'s document, and no other")
    if document.id != name:
        raise Refused(f"data.{kind}.id", f"expected '{name}', as in the subject")
