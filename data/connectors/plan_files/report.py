"""What a plan file came to: orders, or every error by row and column.

For `data.connectors.plan_files` alone, which passes the results on.
"""

from msgspec import Struct

from data.domain.plan import Order

MAX_BYTES = 20 * 1024 * 1024
MAX_ROWS = 200_000
MAX_ERRORS = 500
_MAX_SHOWN = 100


class RowError(Struct, frozen=True, kw_only=True):
    """One thing to put right: where it stands, what stands there, what was expected.

    `sheet` is the sheet's name, `""` in CSV; `row` counts from 1 as Excel does, 0 is the
    whole file or sheet; `column` is the heading as the file has it. In JSON the row is the
    order's place in the list and the column its path (`operations[2].work_center`).
    """

    reason: str
    sheet: str = ""
    row: int = 0
    column: str = ""
    value: str = ""

    def __str__(self) -> str:
        """Return it as one line for a terminal."""
        row = f"row {self.row}" if self.row else ""
        place = ", ".join(part for part in (self.sheet, row, self.column) if part)
        value = repr(self.value) if self.value else ""
        return ": ".join(part for part in (place, value, self.reason) if part)


class PlanFile(Struct, frozen=True, kw_only=True):
    """A file that was read: its orders, instants in UTC, or its errors in the file's order.

    `more_errors`: the file has more than the `MAX_ERRORS` that are listed.
    """

    orders: tuple[Order, ...] = ()
    errors: tuple[RowError, ...] = ()
    more_errors: bool = False


class Unreadable(Exception):
    """The file as a whole can't be read; the text says why and what to do."""


class TooMany(Exception):
    """There are more errors than anyone wants to read: reading stops."""


class Report:
    """Errors collected so far, in the order found."""

    def __init__(self) -> None:
        """Begin with no errors."""
        self.errors: list[RowError] = []

    def add(
        self, reason: str, sheet: str = "", row: int = 0, column: str = "", value: object = ""
    ) -> None:
        """Take an error in.

        Raises: TooMany, when the report is full already.
        """
        if len(self.errors) >= MAX_ERRORS:
            raise TooMany
        text = "" if value is None else str(value)
        shown = text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "…"
        self.errors.append(
            RowError(reason=reason, sheet=sheet, row=row, column=column, value=shown)
        )

    def whole_file(self, reason: str) -> None:
        """Put first why the file can't be read any further."""
        self.errors = [RowError(reason=reason), *self.errors[: MAX_ERRORS - 1]]

    def result(self, orders: tuple[Order, ...], more: bool = False) -> PlanFile:
        """Return the orders when nothing was found, else the errors."""
        if self.errors:
            return PlanFile(errors=tuple(self.errors), more_errors=more)
        return PlanFile(orders=orders)
