"""How the columns of someone's event log become progress events: the mapping file.

A mapping is YAML (`docs/replay.md`). Every scalar is read as text, as a CSV cell is, so
`14:00`, `no` and `007` mean what they look like. Imported by the event log's modules and
by `app.py`.
"""

import codecs
import re
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import yaml
from msgspec import Struct, field

from data.domain.site import Shift
from data.domain.site_rules import is_name, minutes_of


class MappingError(ValueError):
    """A mapping can't be used: the key that is wrong and what was expected."""

    def __init__(self, key: str, reason: str) -> None:
        """Say which key, and what is wrong with it."""
        super().__init__(f"{key}: {reason}")
        self.key, self.reason = key, reason


class _Part(Struct, frozen=True, forbid_unknown_fields=True):
    """A section of the file: unknown keys are errors, as they are mostly typing slips."""


class Column(_Part, frozen=True, kw_only=True):
    """A column, and what of its cell counts: the first group of `pattern`, else all of it."""

    column: str
    pattern: str | None = None


ColumnRef = str | Column


class Cells(_Part, frozen=True, kw_only=True):
    """The rows that hold one of these values in a column."""

    column: str
    values: tuple[str, ...]


class SiteFacts(_Part, frozen=True, kw_only=True):
    """The site on which the log is shown. `timezone` also reads timestamps without offset."""

    id: str
    name: str
    timezone: str = "UTC"
    area: str = "line-1"
    area_name: str = ""
    output: tuple[str, ...] = ()  # work centers whose good pieces are the output


class FileFacts(_Part, frozen=True, kw_only=True):
    """How the CSV file is written."""

    delimiter: str = ","
    encoding: str = "utf-8-sig"


class Columns(_Part, frozen=True, kw_only=True):
    """Which column says what; `order`, `operation` and `start` or `finish` are needed."""

    order: ColumnRef
    operation: ColumnRef
    work_center: ColumnRef | None = None  # without it, the operation's name
    work_unit: ColumnRef | None = None
    product: ColumnRef | None = None
    family: ColumnRef | None = None
    customer: ColumnRef | None = None
    quantity: ColumnRef | None = None
    start: str | None = None
    finish: str | None = None
    duration: str | None = None
    good: str | None = None
    scrap: str | None = None
    rework: str | None = None


class Unit(StrEnum):
    """Units a duration can have."""

    SECONDS = "seconds"
    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"

    @property
    def in_s(self) -> float:
        """Seconds of one unit."""
        return {"seconds": 1.0, "minutes": 60.0, "hours": 3600.0, "days": 86400.0}[self]


class Times(_Part, frozen=True, kw_only=True):
    """`format` is `iso` or a strptime format."""

    format: str = "iso"
    duration_unit: Unit = Unit.SECONDS


class Constants(_Part, frozen=True, kw_only=True):
    """What holds for every row whose column is missing or blank."""

    product: str = "unknown"
    quantity: int = 1
    family: str = ""
    customer: str | None = None


class Known(StrEnum):
    """When the site learns of an order."""

    FROM_START = "from_start"
    AT_RELEASE = "at_release"


class PlanRule(_Part, frozen=True, kw_only=True):
    """How the plan that the log doesn't hold is derived."""

    due_factor: float = 1.5
    known: Known = Known.FROM_START


class BadRows(StrEnum):
    """What to do with rows that can't be read."""

    STOP = "stop"
    LEAVE_OUT = "leave_out"


class Mapping(_Part, frozen=True, kw_only=True):
    """A whole mapping file."""

    site: SiteFacts
    columns: Columns
    file: FileFacts = field(default_factory=FileFacts)
    times: Times = field(default_factory=Times)
    constants: Constants = field(default_factory=Constants)
    plan: PlanRule = field(default_factory=PlanRule)
    setup: Cells | None = None
    skip: tuple[Cells, ...] = ()
    cut: Cells | None = None
    shifts: tuple[Shift, ...] = ()
    bad_rows: BadRows = BadRows.STOP


def parse_mapping(text: str | bytes) -> Mapping:
    """Read a mapping from YAML.

    Raises: MappingError, naming the key and what was expected.
    """
    try:
        # BaseLoader makes text, lists and dicts only.
        document = yaml.load(text, Loader=yaml.BaseLoader)  # nosec B506
    except yaml.YAMLError as error:
        raise MappingError("$", f"isn't YAML: {' '.join(str(error).split())}") from None
    try:
        mapping = msgspec.convert(document, Mapping, strict=False)
    except msgspec.ValidationError as error:
        raise _explained(str(error)) from None
    _check_site(mapping.site)
    _check_file(mapping.file)
    _check_columns(mapping.columns)
    _check_rest(mapping)
    return mapping


def column_of(ref: ColumnRef) -> Column:
    """Return a reference to a column in its long form."""
    return Column(column=ref) if isinstance(ref, str) else ref


def columns_read(mapping: Mapping) -> dict[str, str]:
    """Every key of the mapping that names a column, and the column it names."""
    named: dict[str, str] = {}
    for key in mapping.columns.__struct_fields__:
        ref = getattr(mapping.columns, key)
        if ref is not None:
            named[f"columns.{key}"] = column_of(ref).column
    for number, cells in enumerate(mapping.skip):
        named[f"skip[{number}].column"] = cells.column
    for key, only in (("setup", mapping.setup), ("cut", mapping.cut)):
        if only is not None:
            named[f"{key}.column"] = only.column
    return named


def _explained(message: str) -> MappingError:
    reason, _, where = message.partition(" - at `$")
    missing = re.fullmatch(r"Object missing required field `(\w+)`", reason)
    unknown = re.fullmatch(r"Object contains unknown field `(\w+)`", reason)
    path = where.rstrip("`").lstrip(".")
    name = missing or unknown
    key = ".".join(part for part in (path, name.group(1) if name else "") if part) or "$"
    if missing:
        return MappingError(key, "is required")
    if unknown:
        return MappingError(key, "isn't a key here; see docs/replay.md for those there are")
    return MappingError(key, reason[:1].lower() + reason[1:])


def _need(holds: object, key: str, expected: str) -> None:
    if not holds:
        raise MappingError(key, f"expected {expected}")


def _check_site(site: SiteFacts) -> None:
    for key in ("id", "area"):
        name = getattr(site, key)
        _need(is_name(name), f"site.{key}", "1 to 100 printable characters without a slash")
    _need(site.name.strip(), "site.name", "a name to show")
    try:
        ZoneInfo(site.timezone)
    except (KeyError, ValueError, OSError):  # no such zone, not a key, a folder of zones
        _need(False, "site.timezone", "an IANA time zone such as Asia/Taipei")


def _check_file(file: FileFacts) -> None:
    _need(len(file.delimiter) == 1, "file.delimiter", 'one character; a tab is "\\t" in quotes')
    try:
        codecs.lookup(file.encoding)
    except LookupError:
        _need(False, "file.encoding", "an encoding that Python knows, such as utf-8 or big5")


def _check_columns(columns: Columns) -> None:
    times = columns.start, columns.finish, columns.duration
    _need(columns.start or columns.finish, "columns.start", "a start or a finish column")
    _need(not all(times), "columns.duration", "no duration where start and finish are given")
    for key in columns.__struct_fields__:
        ref: Any = getattr(columns, key)
        if isinstance(ref, Column) and ref.pattern is not None:
            _check_pattern(f"columns.{key}.pattern", ref.pattern)


def _check_pattern(key: str, pattern: str) -> None:
    expected = "a regular expression with one group, such as '^(.*) - Machine'"
    try:
        groups = re.compile(pattern).groups
    except re.error:
        groups = 0
    _need(groups == 1, key, expected)


def _check_rest(mapping: Mapping) -> None:
    _need(mapping.plan.due_factor > 0, "plan.due_factor", "a number above 0")
    _need(mapping.constants.quantity > 0, "constants.quantity", "a whole number above 0")
    _need(mapping.constants.product.strip(), "constants.product", "a product's name")
    customer = mapping.constants.customer
    _need(customer is None or is_name(customer), "constants.customer", "a name without a slash")
    for number, shift in enumerate(mapping.shifts):
        for key in ("start", "finish"):
            fits = minutes_of(getattr(shift, key)) is not None
            _need(fits, f"shifts[{number}].{key}", "a local time HH:MM")
        days = shift.days and all(1 <= day <= 7 for day in shift.days)
        _need(days, f"shifts[{number}].days", "ISO weekdays, 1 (Monday) to 7")
