"""Words that messages share: instants, severities, dates that moved. Pure.

A message is read later than it was written, perhaps on another day: an instant always stands
with its date.
"""

from datetime import datetime

from data.domain.exceptions.records import Severity
from data.domain.tellings import LateTold, Moved
from layouts.messages.records import Item, Section
from layouts.text import Translator, msgid

DOT = " · "
_YEAR_DAYS = 300

SEVERITIES = {
    Severity.CRITICAL: msgid("Critical"),
    Severity.HIGH: msgid("High"),
    Severity.LOW: msgid("Low"),
}
TONES = {
    Severity.CRITICAL: "stopped-edge",
    Severity.HIGH: "at-risk",
    Severity.LOW: "mute",
}

_MOVES = {
    "need": msgid("{name}: need-by moves from {before} to {after}"),
    "milestone": msgid("{name}: milestone moves from {before} to {after}"),
    "order": msgid("{name}: finish moves from {before} to {after}"),
}
_FIRST = {
    "need": msgid("{name}: need-by is now {after}"),
    "milestone": msgid("{name}: milestone is now expected {after}"),
    "order": msgid("{name}: finish is now expected {after}"),
}


def moment(at: datetime, timezone: str, now: datetime, t: Translator) -> str:
    """Return an instant with its day, and its year where that could be mistaken."""
    if abs((at - now).days) >= _YEAR_DAYS:
        return t.exact(at, timezone)
    return f"{t.day(at, timezone)} {t.clock(at, timezone)}"


def span(start: datetime, finish: datetime, timezone: str, t: Translator) -> str:
    """Return from when to when; the second day is left out when it is the first."""
    begin = moment(start, timezone, finish, t)
    same = t.day(start, timezone) == t.day(finish, timezone)
    end = t.clock(finish, timezone) if same else moment(finish, timezone, finish, t)
    return f"{begin} – {end}"


def moved_words(one: Moved, timezone: str, now: datetime, t: Translator) -> str:
    """Say how a date moved, and by how much."""
    if one.after_at is None:
        return t("{name}: no date can be told any more", name=one.name)
    after = moment(one.after_at, timezone, now, t)
    if one.before_at is None:
        return t(_FIRST.get(one.kind, _FIRST["order"]), name=one.name, after=after)
    before = moment(one.before_at, timezone, now, t)
    said = t(_MOVES.get(one.kind, _MOVES["order"]), name=one.name, before=before, after=after)
    return aside(said, _by((one.after_at - one.before_at).total_seconds(), t), t)


def aside(words: str, more: str, t: Translator) -> str:
    """Return words with more of them in brackets."""
    return t("{words} ({more})", words=words, more=more)


def late_words(one: LateTold, t: Translator) -> str:
    """Say of an order how late it is, and why."""
    late = "" if one.late_s is None else t("later by {duration}", duration=t.duration(one.late_s))
    return joined(one.order, one.product, late, one.cause)


def listed(title: str, items: list[Item], more: int, t: Translator) -> tuple[Section, ...]:
    """Return a list with how many are left out, or none where nothing is to be said."""
    if more:
        items = [*items, Item(t("and {count} more", count=t.number(more)))]
    return (Section(title, tuple(items)),) if items else ()


def joined(*parts: str | None) -> str:
    """Return what there is of these, with dots between."""
    return DOT.join(part for part in parts if part)


def facts(*pairs: tuple[str, str | None]) -> tuple[tuple[str, str], ...]:
    """Return the labels and values of which something can be said."""
    return tuple((label, value) for label, value in pairs if value)


def _by(seconds: float, t: Translator) -> str:
    length = t.duration(abs(seconds))
    if seconds < 0:
        return t("earlier by {duration}", duration=length)
    return t("later by {duration}", duration=length)
