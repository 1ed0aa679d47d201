"""What an exception is called, where it is and what is known of it, in the reader's language.

Pure. Made of a case's kind, place and values (`data.domain.exceptions.values` names them), for
pages, walls and messages alike. A kind that this version doesn't know is told by its subject.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from data.domain.events import WorkUnitState
from data.domain.exceptions.records import Case, Place, Value
from data.domain.exceptions.rules import Condition
from layouts.components.evidence import STATES
from layouts.text import Translator, msgid

HOUR_S = 3600.0

# What each condition is called, for lists of rules and for filters.
CONDITIONS = {
    Condition.NOT_STARTED: msgid("operation not started"),
    Condition.NOT_FINISHED: msgid("operation not finished"),
    Condition.PAST_DUE: msgid("order forecast past its due date"),
    Condition.MILESTONE_AT_RISK: msgid("milestone at risk"),
    Condition.UNIT_STATE: msgid("work unit stopped or waiting"),
    Condition.NO_SIGNAL: msgid("no signal from a machine"),
    Condition.QUEUE: msgid("long queue"),
    Condition.SCRAP: msgid("much scrap"),
    Condition.NOT_PROMISED: msgid("material not promised"),
    Condition.NOT_SHIPPED: msgid("material not shipped"),
    Condition.NOT_RECEIVED: msgid("material not received"),
    Condition.PROMISED_LATE: msgid("material promised too late"),
    Condition.BOTTLENECK_MOVED: msgid("bottleneck moved"),
    Condition.SCREEN_DARK: msgid("wall screen dark"),
    Condition.READER_LAG: msgid("recorder or watch behind"),
    Condition.QUARANTINE: msgid("events in quarantine"),
    Condition.LOG_GAP: msgid("gap in the log"),
    Condition.WAY_SHUT: msgid("nothing goes out by a way"),
}

_TITLES = {
    Condition.NOT_STARTED: msgid("{order}: {operation} has not started"),
    Condition.NOT_FINISHED: msgid("{order}: {operation} is not finished"),
    Condition.PAST_DUE: msgid("{order} will be late"),
    Condition.MILESTONE_AT_RISK: msgid("{order}: {milestone} is at risk"),
    Condition.UNIT_STATE: msgid("{unit}: {state}"),
    Condition.NO_SIGNAL: msgid("{unit}: no signal"),
    Condition.QUEUE: msgid("{center}: {waiting} operations wait"),
    Condition.SCRAP: msgid("{where}: {ratio} % scrap"),
    Condition.NOT_PROMISED: msgid("{part} for {order}: not promised"),
    Condition.NOT_SHIPPED: msgid("{part} for {order}: not shipped"),
    Condition.NOT_RECEIVED: msgid("{part} for {order}: not here"),
    Condition.PROMISED_LATE: msgid("{part} for {order}: promised too late"),
    Condition.BOTTLENECK_MOVED: msgid("Bottleneck moved from {before} to {after}"),
    Condition.SCREEN_DARK: msgid("Screen {screen} is dark"),
    Condition.READER_LAG: msgid("{reader} is {lag} behind"),
    Condition.QUARANTINE: msgid("{entries} events could not be read"),
    Condition.LOG_GAP: msgid("Events vanished from the log before they were recorded"),
    Condition.WAY_SHUT: msgid("Nothing goes out by {way}"),
}
_READERS = {"recorder": msgid("The recorder"), "watch": msgid("The watch")}


class Words(Struct, frozen=True):
    """In which language, of which time zone, at which instant of the site something is said.

    `parties`: names of those that may be named; others go without.
    """

    t: Translator
    timezone: str
    now: datetime
    parties: Mapping[str, str] = {}

    def at(self, instant: datetime) -> str:
        """Return an instant as short as it can be without being mistaken."""
        return self.t.stamp(instant, self.timezone, self.now)


def title(case: Case, t: Translator) -> str:
    """Return what it is about, in one short sentence."""
    kind = _kind(case.kind)
    if kind is None:
        return case.subject
    return t(_TITLES[kind], **_named(case.values, case.place, case.subject, t))


def facts(case: Case, words: Words) -> str:
    """Return what is known of it in one line: by when it should have been, why, how much."""
    kind = _kind(case.kind)
    if kind is None:
        return ""
    return " · ".join(said for said in _FACTS[kind](case, words) if said)


def where(case: Case, areas: Mapping[str, str]) -> str:
    """Return where it is, from the line down; `areas`: their names."""
    place = case.place
    line = areas.get(place.area, place.area) if place.area else None
    return " · ".join(one for one in (line, place.work_unit or place.work_center) if one)


def condition(kind: str, t: Translator) -> str:
    """Return what a kind of rule is called."""
    known = _kind(kind)
    return kind if known is None else t(CONDITIONS[known])


def lasts(case: Case, now: datetime, t: Translator) -> str:
    """Return for how long the condition has held, or held."""
    until = case.cleared_at or case.closed_at or now
    return t.duration(max(0.0, (until - case.since).total_seconds()))


def _kind(kind: str) -> Condition | None:
    return Condition(kind) if kind in set(Condition) else None


def _named(
    values: Mapping[str, Value], place: Place, subject: str, t: Translator
) -> dict[str, str]:
    """Return all that titles name; what isn't known is told by the subject's last part."""
    last = subject.rpartition("/")[2]
    unit = place.work_unit or last
    number = t("operation {id}", id=_text(values, "operation"))
    operation = _text(values, "operation_name") or number
    return {
        "order": place.order or last,
        "operation": operation,
        "milestone": _text(values, "milestone_name") or _text(values, "milestone") or last,
        "unit": unit,
        "center": place.work_center or last,
        "where": place.work_unit or place.work_center or place.order or last,
        "state": _state(values, t),
        "waiting": t.number(_number(values, "waiting")),
        "ratio": t.percent(_number(values, "ratio")),
        "part": _text(values, "part") or _text(values, "need") or last,
        "before": _text(values, "before"),
        "after": _text(values, "after") or last,
        "screen": _text(values, "screen") or last,
        "reader": t(_READERS.get(_text(values, "reader"), last)),
        "lag": t.duration(_number(values, "lag_s") or 0),
        "entries": t.number(_number(values, "entries")),
        "way": _text(values, "way") or last,
    }


def _state(values: Mapping[str, Value], t: Translator) -> str:
    state = _text(values, "state")
    return t(STATES[WorkUnitState(state)]) if state in set(WorkUnitState) else state


def _operation(case: Case, words: Words) -> list[str]:
    t, values = words.t, case.values
    planned, started = _at(values, "planned_at"), _at(values, "started_at")
    said = [t("planned for {when}", when=words.at(planned))] if planned else []
    said += [t("begun {when}", when=words.at(started))] if started else []
    said += [t("others wait for it")] if values.get("critical") else []
    return [*said, _product(values, t)]


def _promise(case: Case, words: Words) -> list[str]:
    t, values = words.t, case.values
    due, likely, safe = (_at(values, name) for name in ("due_at", "p50_at", "p80_at"))
    said = [t("promised for {when}", when=words.at(due))] if due else []
    said += [t("as likely as not by {when}", when=words.at(likely))] if likely else []
    said += [t("80 % by {when}", when=words.at(safe))] if safe else []
    return [*said, words.parties.get(_text(values, "customer"), "")]


def _unit(case: Case, words: Words) -> list[str]:
    t, values = words.t, case.values
    since, at = _at(values, "state_since"), _text(values, "operation")
    said = [t("since {when}", when=words.at(since))] if since else []
    working = at.split("/")[1:3]
    said += [t("at work on {what}", what=" · ".join(working))] if working else []
    return [_text(values, "reason"), *said]


def _signal(case: Case, words: Words) -> list[str]:
    heard = _at(case.values, "heard_at") or _at(case.values, "seen_at")
    return [words.t("last heard {when}", when=words.at(heard))] if heard else []


def _queue(case: Case, words: Words) -> list[str]:
    t, values = words.t, case.values
    since, pieces = _at(values, "longest_since"), _number(values, "pieces")
    said = [t("{count} pieces", count=t.number(pieces))] if pieces else []
    said += [t("the first since {when}", when=words.at(since))] if since else []
    return [*said, _limit(values, t)]


def _scrap(case: Case, words: Words) -> list[str]:
    t, values = words.t, case.values
    counts = {name: t.number(_number(values, name)) for name in ("scrap", "pieces")}
    allowed = _number(values, "limit")
    said = [t("{scrap} of {pieces} pieces", **counts), _over(values, t)]
    return [*said, t("allowed {ratio} %", ratio=t.percent(allowed))] if allowed else said


def _need(case: Case, words: Words) -> list[str]:
    t, values = words.t, case.values
    by, promised = _at(values, "need_by"), _at(values, "promised_at")
    said = [t("needed by {when}", when=words.at(by))] if by else []
    said += [t("promised for {when}", when=words.at(promised))] if promised else []
    planned = _at(values, "planned_by")
    if by and planned and abs(by - planned) >= timedelta(hours=1):
        said += [t("planned for {when}", when=words.at(planned))]
    amount, here = _number(values, "quantity"), _number(values, "received")
    parts = {"here": t.number(here), "all": t.number(amount)}
    said += [t("{here} of {all} here", **parts)] if here else []
    return [*said, _text(values, "name")]


def _bottleneck(case: Case, words: Words) -> list[str]:
    t, share = words.t, _number(case.values, "share")
    moved = _at(case.values, "moved_at")
    said = [t("{share} % of today", share=t.percent(share))] if share is not None else []
    return [*said, t("since {when}", when=words.at(moved)) if moved else ""]


def _limited(case: Case, words: Words) -> list[str]:
    return [_over(case.values, words.t), _limit(case.values, words.t)]


def _gap(case: Case, words: Words) -> list[str]:
    """Say up to where all is recorded, when what vanished came in, and what came back."""
    t, values = words.t, case.values
    begin, until = _at(values, "recorded_at"), _at(values, "until_at")
    place, back = _text(values, "place"), _number(values, "put_back")
    said = [t("recorded up to {place}", place=place)] if place else []
    if begin and until:
        span = {"begin": _to_the_second(begin, words), "end": _to_the_second(until, words)}
        said += [t("what came in between {begin} and {end} may be missing", **span)]
    if not back:
        return [*said, t("nothing was put back so far")]
    events = _text(values, "events")
    return [*said, t("put back: {count} ({events})", count=t.number(back), events=events)]


def _to_the_second(at: datetime, words: Words) -> str:
    return f"{words.t.date(at, words.timezone)} {words.t.seconds(at, words.timezone)}"


def _way(case: Case, words: Words) -> list[str]:
    t, since = words.t, _at(case.values, "failing_since")
    count = _number(case.values, "addresses")
    said = [t("the far side says that it is gone")] if case.values.get("shut") else []
    said += [t("{count} addresses", count=t.number(count))] if count else []
    said += [t("since {when}", when=words.at(since))] if since else []
    return [*said, _text(case.values, "reason")]


def _nothing(case: Case, words: Words) -> list[str]:
    return []


_FACTS: Mapping[Condition, Callable[[Case, Words], list[str]]] = {
    Condition.NOT_STARTED: _operation,
    Condition.NOT_FINISHED: _operation,
    Condition.PAST_DUE: _promise,
    Condition.MILESTONE_AT_RISK: _promise,
    Condition.UNIT_STATE: _unit,
    Condition.NO_SIGNAL: _signal,
    Condition.QUEUE: _queue,
    Condition.SCRAP: _scrap,
    Condition.NOT_PROMISED: _need,
    Condition.NOT_SHIPPED: _need,
    Condition.NOT_RECEIVED: _need,
    Condition.PROMISED_LATE: _need,
    Condition.BOTTLENECK_MOVED: _bottleneck,
    Condition.SCREEN_DARK: _signal,
    Condition.READER_LAG: _nothing,
    Condition.QUARANTINE: _limited,
    Condition.LOG_GAP: _gap,
    Condition.WAY_SHUT: _way,
}


def _product(values: Mapping[str, Value], t: Translator) -> str:
    product, pieces = _text(values, "product"), _number(values, "quantity")
    if not product or pieces is None:
        return product
    return t("{count} × {product}", count=t.number(pieces), product=product)


def _limit(values: Mapping[str, Value], t: Translator) -> str:
    limit = _number(values, "limit")
    return "" if limit is None else t("allowed {count}", count=t.number(limit))


def _over(values: Mapping[str, Value], t: Translator) -> str:
    over = _number(values, "over_s")
    return "" if over is None else t("within {duration}", duration=t.duration(over))


def _text(values: Mapping[str, Value], name: str) -> str:
    value = values.get(name)
    return "" if value is None else str(value)


def _number(values: Mapping[str, Value], name: str) -> float | None:
    value: Any = values.get(name)
    return float(value) if isinstance(value, int | float) else None


def _at(values: Mapping[str, Value], name: str) -> datetime | None:
    value = values.get(name)
    return value if isinstance(value, datetime) else None
