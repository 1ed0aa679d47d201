"""What is said about a need or an outsourced operation, in words. Pure.

Used by the supplier's board, its tables, and what is said after something was done there.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from data.domain.asked import Asked, Change
from data.domain.needed import DRIFT, MINUTE
from data.domain.policy import Kind
from data.domain.view import Standing
from layouts.text import NONE, Translator, msgid
from layouts.theme import LOOKS

HIDDEN = "••"

# How a row stands, when it isn't said as everywhere: a supplier's row is delivered, not done.
_STANDINGS = {Standing.DONE: msgid("received")}

# How a promise lies against a date: too late, with time in hand, just in time.
_ALONE = (msgid("{duration} too late"), msgid("{duration} in hand"), msgid("just in time"))
_AS_FORECAST = (
    msgid("{duration} too late for the need as it stands now"),
    msgid("in time for the need as it stands now, {duration} in hand"),
    msgid("just in time for the need as it stands now"),
)
_AS_PLANNED = (
    msgid("planned need missed by {duration}"),
    msgid("planned need kept, {duration} in hand"),
    msgid("planned need just kept"),
)

# What was expected of a field, by what `data.services.supplying` calls it.
EXPECTED = {
    "again": msgid("This form was sent before with something else. Look again, then send it anew."),
    "ahead": msgid("Choose a date from now on, within three years."),
    "moved": msgid("The date has moved meanwhile. Look again before you confirm it."),
    "whole": msgid("A whole number from {least} to {most}."),
    "short": msgid("At most {most} characters on one line."),
    "some": msgid("Enter how many were made, good or scrap."),
    "choice": msgid("Choose what to report."),
    "begun": msgid("It has been started already."),
    "over": msgid("This is finished; there is nothing left to report."),
    "refused": msgid("The factory's system did not take it. Load the page again and retry."),
    "date": msgid("A date and time, such as 2026-11-24 19:00."),
    "words": msgid("Write 1 to {most} characters."),
    "file": msgid("Choose a file that was exported here, as .xlsx or .csv, up to 5 MB."),
}

# What is wrong in a table that came back.
EXPECTED |= {
    "unknown": msgid("There is no such row among yours."),
    "twice": msgid("This row stands in the file twice."),
    "meanwhile": msgid("This changed after the file was exported. Export it again."),
    "count": msgid("A whole number."),
    "less": msgid("Less than what was shipped already."),
}
FAULT = msgid("Row {row}, {column}: {words}")
NOTHING_TAKEN = msgid("Nothing was taken: {count} things to put right.")
LATER = msgid("The factory's system can't be reached. Nothing was lost: send it again in a moment.")

SAID = {
    "confirm": msgid("Confirmed: {item} by {when}."),
    "propose": msgid("Proposed: {item} by {when}."),
    "ship": msgid("Reported as shipped: {count} × {item}."),
    "progress": msgid("Reported: {item}."),
    "comment": msgid("Your comment was sent."),
    "upload": msgid("Changes taken from the file: {count}."),
    "nothing": msgid("Nothing in the file differs from what is known."),
}


def standing_word(row: Asked, t: Translator) -> str:
    """Return how a row stands."""
    if row.standing is None:
        return t("not shared")
    if row.kind is Kind.OPERATION and row.standing is Standing.DONE:
        return t(LOOKS[Standing.DONE].word)
    return t(_STANDINGS.get(row.standing, LOOKS[row.standing].word))


def drift_words(row: Asked, t: Translator) -> str:
    """Say how far the forecast is off the plan."""
    if not row.drift:
        return t("as planned")
    return _moved(row.drift, t)


def _moved(by: timedelta, t: Translator) -> str:
    length = t.brief(abs(by.total_seconds()))
    if by < timedelta(0):
        return t("earlier by {duration}", duration=length)
    return t("later by {duration}", duration=length)


def change_words(row: Asked, t: Translator) -> str:
    """Say what changed since the last visit; nothing when nothing did."""
    if row.change is Change.NEW:
        return t("new")
    if row.change is Change.QUANTITY:
        return t("was {count}", count=t.number(row.was))
    if row.change is Change.MOVED and row.before is not None:
        now_due = row.due_at or row.planned_at
        return "" if now_due is None else t("moved: {words}", words=_moved(now_due - row.before, t))
    return ""


def spare_words(row: Asked, t: Translator) -> list[str]:
    """Say how a promise lies against when it is needed, and against another plan that it misses.

    Two phrases where either date is missed, since one may be kept; else the one is enough.
    """
    spare, planned = row.spare(), row.planned_spare()
    if spare is None or row.done:
        return []
    missed = planned is not None and planned <= -MINUTE
    if planned is None or not (row.late or missed):
        return [_spare(spare, row.late, _ALONE, t)]
    return [_spare(spare, row.late, _AS_FORECAST, t), _spare(planned, missed, _AS_PLANNED, t)]


def promise_words(row: Asked, t: Translator) -> str:
    """Say the same on one line."""
    return " · ".join(spare_words(row, t))


def _spare(spare: timedelta, late: bool, words: Sequence[str], t: Translator) -> str:
    length = t.duration(abs(spare.total_seconds()))
    missed, kept, just = words
    if late:
        return t(missed, duration=length)
    return t(kept, duration=length) if spare >= DRIFT else t(just)


def moment(at: datetime, timezone: str, t: Translator) -> str:
    """Return a date of the list: weekday, day and time at the site."""
    return f"{t.day(at, timezone)} {t.clock(at, timezone)}"


def status_words(row: Asked, timezone: str, t: Translator) -> str:
    """Say how far an outsourced operation is."""
    if row.finished_at is not None:
        return t("completed {when}", when=moment(row.finished_at, timezone, t))
    if row.started_at is not None:
        return t("started {when}", when=moment(row.started_at, timezone, t))
    if row.planned_start is not None:
        return t("to be started {when}", when=moment(row.planned_start, timezone, t))
    return NONE


def expected_words(expected: str, bounds: dict[str, object], t: Translator) -> str:
    """Say what was expected of a field."""
    given = {name: t.number(v) if isinstance(v, int) else v for name, v in bounds.items()}
    return t(EXPECTED.get(expected, EXPECTED["refused"]), **given)
