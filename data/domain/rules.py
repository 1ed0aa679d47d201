"""What a progress event of each type must and may say.

Pure. The door (`data.services.ingest`) refuses what these rules refuse, naming the field
and what was expected; what passes can be folded by the board, and stored and read back as
it is. What an order's plan must be against itself and its site, `plan_rules` says.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from data.domain.events import Data, Event, EventType, SubjectKind
from data.domain.site_rules import flaws as site_flaws
from data.domain.site_rules import is_name

MAX_ID = 200
FUTURE_LIMIT = timedelta(minutes=5)
OLDEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
MAX_QUANTITY = 1_000_000_000
MAX_TEXT = 500

_DATED = frozenset({"promised_at", "order", "site"})

Found = tuple[str, str]  # (path below the value, reason)
T = TypeVar("T")

_UNSOUND = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_PARTS = {
    SubjectKind.OPERATION: ("order", "operation"),
    SubjectKind.NEED: ("order", "need"),
    SubjectKind.WORK_UNIT: ("work unit",),
    SubjectKind.ORDER: ("order",),
    SubjectKind.SITE: ("site",),
}


class Refusal(Struct, frozen=True):
    """Why an event isn't taken: the field (a path such as `data.good`) and the reason."""

    field: str
    reason: str


class Refused(ValueError):
    """An event broke a rule."""

    def __init__(self, field: str, reason: str) -> None:
        """Keep what can be shown of both: a sender's own text may stand in either."""
        self.refusal = Refusal(_shown(field), _shown(reason))
        super().__init__(f"{self.refusal.field}: {self.refusal.reason}")


def _shown(text: str) -> str:
    return _UNSOUND.sub("\N{REPLACEMENT CHARACTER}", text[:MAX_TEXT])


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
    _check_void(envelope, event_type, data)
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
        if not isinstance(value, str) or not _is_identity(value):
            raise Refused(name, _IDENTITY)


_IDENTITY = f"expected printable text of 1 to {MAX_ID} characters"


def _is_identity(text: str) -> bool:
    return 0 < len(text) <= MAX_ID and text.isprintable()


def _type(value: object) -> EventType:
    try:
        return EventType(value) if isinstance(value, str) else EventType("")
    except ValueError:
        raise Refused("type", "expected one of " + ", ".join(EventType)) from None


def _subject(envelope: dict[str, Any], rule: Rule) -> str:
    subject = envelope.get("subject")
    forms = " or ".join("/".join((k, *(f"<{p}>" for p in _PARTS[k]))) for k in rule.kinds)
    if not isinstance(subject, str):
        raise Refused("subject", f"expected {forms}")
    if not any(_is_subject(subject, kind) for kind in rule.kinds):
        raise Refused("subject", f"expected {forms}")
    return subject


def _is_subject(text: str, kind: SubjectKind) -> bool:
    first, *names = text.split("/")
    return first == kind and len(names) == len(_PARTS[kind]) and all(map(is_name, names))


def _time(value: object, recorded_at: datetime) -> datetime:
    expected = "expected an RFC 3339 instant with its offset, such as 2026-11-24T14:30:00+08:00"
    if not isinstance(value, str):
        raise Refused("time", expected)
    try:
        time = msgspec.convert(value, datetime)
    except (msgspec.ValidationError, UnicodeEncodeError):
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
    for name in sorted(rule.required):
        if given.get(name) is None:
            raise Refused(f"data.{name}", "is required")
    for name in sorted(given.keys() - rule.required - rule.optional):
        allowed = ", ".join(sorted(rule.required | rule.optional))
        raise Refused(f"data.{name}", f"isn't a field of this type; it has {allowed}")
    return convert(given, Data, "data")


def convert(given: dict[str, Any], into: type[Data], path: str) -> Data:
    """Convert decoded JSON, check each value by itself, turn instants to UTC.

    `path` leads the field names. Raises: Refused.
    """
    try:
        data = msgspec.convert(given, into)
    except msgspec.ValidationError as error:
        reason, _, where = str(error).rpartition(" - at `$")
        reason, where = (reason, where) if reason else (where, "")
        raise Refused(path + where.rstrip("`"), reason[:1].lower() + reason[1:]) from None
    except UnicodeEncodeError:
        raise Refused(path, "expected well-formed Unicode text") from None
    for name in given:
        for below, reason in _value_flaws(getattr(data, name)):
            raise Refused(f"{path}.{name}{below}", reason)
    for below, reason in _flaws(data):
        raise Refused(path + below, reason)
    return data if given.keys().isdisjoint(_DATED) else in_utc(data)


def _value_flaws(value: object) -> Iterator[Found]:
    """Yield what is wrong with any value within, whatever its field means."""
    if isinstance(value, Struct):
        for name in value.__struct_fields__:
            for below, reason in _value_flaws(getattr(value, name)):
                yield f".{name}{below}", reason
    elif isinstance(value, tuple):
        for i, item in enumerate(value):
            for below, reason in _value_flaws(item):
                yield f"[{i}]{below}", reason
    else:
        flaw = _value_flaw(value)
        if flaw is not None:
            yield "", flaw


def _value_flaw(value: object) -> str | None:
    if isinstance(value, str):
        if len(value) > MAX_TEXT or _UNSOUND.search(value):
            return f"expected at most {MAX_TEXT} characters on one line"
    elif isinstance(value, int):
        if not 0 <= value <= MAX_QUANTITY:
            return f"expected a whole number from 0 to {MAX_QUANTITY}"
    elif isinstance(value, float):
        if not (isfinite(value) and 0 <= value <= MAX_QUANTITY):
            return f"expected a number from 0 to {MAX_QUANTITY}"
    elif isinstance(value, datetime):
        return _instant_flaw(value)
    return None


def _instant_flaw(value: datetime) -> str | None:
    if value.tzinfo is None:
        return "expected an instant with its offset, such as 2026-11-24T14:30:00+08:00"
    if not OLDEST <= value < LATEST:
        return f"expected a year from {OLDEST.year} to {LATEST.year - 1}"
    return None


def _flaws(data: Data) -> Iterator[Found]:
    if data.passed > data.inspected:
        yield ".passed", "is more than inspected"
    if data.work_unit is not None and not is_name(data.work_unit):
        yield ".work_unit", "expected 1 to 100 printable characters without '/'"
    if data.operation is not None and not _is_subject(data.operation, SubjectKind.OPERATION):
        yield ".operation", "expected operation/<order>/<operation>"
    if data.event_id is not None and not _is_identity(data.event_id):
        yield ".event_id", _IDENTITY
    if data.event_source is not None and not _is_identity(data.event_source):
        yield ".event_source", _IDENTITY
    if data.site is not None:
        for path, reason in site_flaws(data.site):
            yield f".site.{path}", reason


def in_utc(value: T) -> T:
    """Return the value with every aware instant within it in UTC."""
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, tuple):
        return tuple(map(in_utc, value))  # type: ignore[return-value]
    if isinstance(value, Struct):
        fields = {name: getattr(value, name) for name in value.__struct_fields__}
        turned = {name: in_utc(field) for name, field in fields.items()}
        changed = {name: turned[name] for name in fields if turned[name] is not fields[name]}
        return msgspec.structs.replace(value, **changed) if changed else value
    return value


def _check_void(envelope: dict[str, Any], event_type: EventType, data: Data) -> None:
    if event_type is not EventType.EVENT_VOIDED or data.event_id != envelope["id"]:
        return
    if data.event_source in (None, envelope["source"]):
        raise Refused("data.event_id", "names this very event; a void undoes another")


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
