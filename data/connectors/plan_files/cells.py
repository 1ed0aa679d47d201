"""What one cell says: text of a CSV file or a value of Excel's, to a value of the plan.

For `data.connectors.plan_files` alone. An instant without an offset is in the site's time zone.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from data.connectors.plan_files.columns import Holds
from data.domain.plan_rules import NO_PREDECESSORS

_ERRORS = {"#REF!", "#N/A", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#####"}
_SHORTENED = re.compile(r"\d\.\d+E\+\d+")
_WHOLE = re.compile(r"([+-]?\d+)(?:\.0*)?")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?")
_YES = {"yes", "y", "true", "1", "是"}
_NO = {"no", "n", "false", "0", "否"}
_INSTANT = re.compile(
    r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})"
    r"(?:[T\s]\s*(?:(?P<before>上午|下午)\s*)?"
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.(?P<fraction>\d{1,9}))?)?"
    r"\s*(?P<after>AM|PM)?\s*(?P<offset>Z|[+-]\d{2}:?\d{2})?)?",
    re.IGNORECASE,
)
_INSTANT_EXPECTED = (
    "expected a date and time such as 2026-11-24 14:30 (in the site's time zone) "
    "or 2026-11-24T14:30:00+08:00"
)


class Unfit(Exception):
    """A cell doesn't hold what its column does; the text says what was expected."""


def is_blank(value: object) -> bool:
    """Whether a cell is empty, as far as a person can see."""
    return value is None or (isinstance(value, str) and not value.strip())


def read_cell(holds: Holds, value: object, zone: ZoneInfo) -> object:
    """Return what the cell says; it must not be blank.

    Raises: Unfit.
    """
    if isinstance(value, str):
        value = value.strip()
        if value in _ERRORS:
            raise Unfit("is an error of Excel's; put the value itself here")
    if holds is Holds.INSTANT:
        return instant(value, zone)
    return _READERS[holds](value)


def text(value: object) -> str:
    """Return text; a whole number loses the decimals that Excel gives it."""
    if isinstance(value, str):
        if _SHORTENED.fullmatch(value):
            raise Unfit("is a number that Excel shortened; format the column as text, type it anew")
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unfit("expected text; format the column as text and type it anew")
    if abs(value) >= 1e15:
        raise Unfit("is a number of which Excel keeps 15 digits; format the column as text")
    return str(int(value)) if value == int(value) else repr(value)


def whole(value: object) -> int:
    """Return a whole number; `30.0` is one."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    match = _WHOLE.fullmatch(value) if isinstance(value, str) and len(value) <= 20 else None
    if match is None:
        raise Unfit("expected a whole number such as 30, without thousands separators")
    return int(match[1])


def seconds(value: object) -> float:
    """Return seconds, whole or not."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value)
    raise Unfit("expected seconds as a number such as 90 or 12.5")


def yes_no(value: object) -> bool:
    """Return whether the cell says yes, in any of the languages."""
    if isinstance(value, int | float):
        value = str(int(value)) if value in (0, 1) else "?"
    word = value.casefold() if isinstance(value, str) else "?"
    if word not in _YES | _NO:
        raise Unfit("expected yes or no (是 or 否, 1 or 0, true or false)")
    return word in _YES


def ids(value: object) -> tuple[str, ...]:
    """Return the ids of a list `10;20`; `-` is a list of none."""
    listed = text(value)
    if listed == NO_PREDECESSORS:
        return ()
    parts = (part.strip() for part in re.split("[;\uff1b]", listed))
    return tuple(part for part in parts if part)


def instant(value: object, zone: ZoneInfo) -> datetime:
    """Return an instant in UTC; a date alone means its first minute."""
    if isinstance(value, datetime):
        return _in_utc(value if value.tzinfo else value.replace(tzinfo=zone))
    if isinstance(value, date):
        return _in_utc(datetime.combine(value, time(), zone))
    match = _INSTANT.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise Unfit(_INSTANT_EXPECTED)
    try:
        return _in_utc(_from_parts(match, zone))
    except ValueError as error:
        raise Unfit(f"isn't in the calendar ({error}); {_INSTANT_EXPECTED}") from None


def _from_parts(match: re.Match[str], zone: ZoneInfo) -> datetime:
    day = datetime(int(match["year"]), int(match["month"]), int(match["day"]), tzinfo=zone)
    if match["hour"] is None:
        return day
    return day.replace(
        hour=_hour(int(match["hour"]), (match["before"] or match["after"] or "").upper()),
        minute=int(match["minute"]),
        second=int(match["second"] or 0),
        microsecond=int((match["fraction"] or "0")[:6].ljust(6, "0")),
        tzinfo=datetime.strptime(match["offset"], "%z").tzinfo if match["offset"] else zone,
    )


def _hour(hour: int, half: str) -> int:
    if not half:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError("an hour with 上午, 下午, AM or PM is from 1 to 12")
    return hour % 12 + (12 if half in ("PM", "下午") else 0)


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise Unfit(_INSTANT_EXPECTED) from None


_READERS: dict[Holds, Callable[[object], object]] = {
    Holds.TEXT: text,
    Holds.WHOLE: whole,
    Holds.SECONDS: seconds,
    Holds.YES_NO: yes_no,
    Holds.IDS: ids,
}
EARLY = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(days=1)
STAND_INS: dict[Holds, object] = {
    Holds.TEXT: "?",
    Holds.WHOLE: 1,
    Holds.SECONDS: 0.0,
    Holds.INSTANT: EARLY,
    Holds.YES_NO: False,
    Holds.IDS: (),
}
