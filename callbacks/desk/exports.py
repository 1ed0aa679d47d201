"""`GET /export/<page>.<csv|xlsx>`: what a desk page shows, as a table for a spreadsheet.

The parameters are those of the page. Texts that a spreadsheet would take for a formula are
written with an apostrophe before them.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, request
from gevent import get_hub
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from callbacks.desk.party_visit import PartyVisit
from callbacks.desk.shell import Shell
from callbacks.desk.visit import BadParameter, Given
from data.services.errors import Loading, MilepostError, Unavailable
from layouts.sheets import Column, Kind, Sheet, Value

MOST_ROWS = 20_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_NO_TAB = re.compile(r"[\[\]:*?/\\]")
_FORMATS: dict[Kind, str] = {
    "moment": "yyyy-mm-dd hh:mm",
    "seconds": "#,##0.00",
    "share": "0.0%",
}
_WIDTHS: dict[Kind, float] = {
    "text": 18, "number": 12, "moment": 17, "seconds": 12, "share": 10,
}  # fmt: skip
_NO_HISTORY = "history can't be reached"
_MIMES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_HOUR_S = 3600.0


def blueprint(shell: Shell) -> Blueprint:
    """Return the route."""
    routes = Blueprint("exports", __name__, url_prefix="/export")

    @routes.get("/<name>.<kind>")
    def export(name: str, kind: str) -> Response:
        page = shell.page(name)
        if page is None or kind not in _MIMES:
            return _refused("not found", 404)
        try:
            visit = shell.visit_of(page, request.args.to_dict())
            sheets = page.sheets(visit)
            chosen = _chosen(sheets, visit)
            if isinstance(visit, PartyVisit):
                visit.exported(sheets)
        except BadParameter as error:
            return _refused(str(error), 400)
        except Unavailable as error:
            what = "the board isn't there yet" if isinstance(error, Loading) else _NO_HISTORY
            return _refused(what, 503, error.retry_after_s)
        except MilepostError:
            return _refused("not found", 404)
        if not sheets:
            return _refused("nothing to export", 404)
        write = partial(as_csv, chosen) if kind == "csv" else partial(as_xlsx, sheets)
        body = get_hub().threadpool.apply(write, (visit.timezone,))  # screens go on meanwhile
        return _file(body, file_name(visit, name, kind), kind)

    return routes


def as_csv(sheet: Sheet, timezone: str) -> bytes:
    """Return one table as CSV that Excel opens as UTF-8; instants with their offset."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([_text(_heading(column)) for column in sheet.columns])
    zone = ZoneInfo(timezone)
    for row in sheet.rows[:MOST_ROWS]:
        writer.writerow([_plain(row.get(c.key), c.kind, zone) for c in sheet.columns])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def as_xlsx(sheets: Sequence[Sheet], timezone: str) -> bytes:
    """Return tables as a workbook, a tab each, with typed cells; instants in the site's time."""
    book = Workbook(write_only=True)
    zone, taken = ZoneInfo(timezone), set[str]()
    for sheet in sheets:
        tab = book.create_sheet(_tab(sheet.name, taken))
        _prepare(tab, sheet.columns)
        for row in sheet.rows[:MOST_ROWS]:
            tab.append([_typed(tab, row.get(c.key), c.kind, zone) for c in sheet.columns])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def file_name(visit: Given, name: str, kind: str) -> str:
    """Return a name of letters, digits, dots and dashes: site, page, what it is of, when."""
    when = visit.now.astimezone(ZoneInfo(visit.timezone)).strftime("%Y%m%d-%H%M")
    parts = [visit.site, name, *(visit.query.get(one, "") for one in visit.variables), when]
    safe = [_UNSAFE.sub("-", part).strip("-.")[:60] for part in parts]
    return "_".join(part for part in safe if part) + f".{kind}"


def escaped(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    clean = _CONTROLS.sub("", text)
    return f"'{clean}" if clean.startswith(_FORMULA) else clean


def _chosen(sheets: Sequence[Sheet], visit: Given) -> Sheet:
    """Return the table that `sheet` names by its number, else the first."""
    number = visit.whole("sheet", 1, max(1, len(sheets)), 1)
    return sheets[number - 1] if sheets else Sheet(name="", columns=(), rows=())


def _heading(column: Column) -> str:
    return f"{column.heading} (h)" if column.kind == "seconds" else column.heading


def _text(value: Value) -> str:
    return escaped("" if value is None else str(value))


def _plain(value: Value, kind: Kind, zone: ZoneInfo) -> str:
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat(timespec="seconds")
    if kind == "seconds" and isinstance(value, int | float):
        return f"{value / _HOUR_S:.4f}"
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) else str(value)
    return _text(value)


def _typed(tab: WriteOnlyWorksheet, value: Value, kind: Kind, zone: ZoneInfo) -> object:
    """Return a value for a cell; only what needs a format is worth a cell of its own."""
    if value is None:
        return None
    if isinstance(value, str):
        return escaped(value)
    shown: object = value
    if isinstance(value, datetime):
        shown = value.astimezone(zone).replace(tzinfo=None)
    elif kind == "seconds":
        shown = value / _HOUR_S
    if kind not in _FORMATS:
        return shown
    cell = WriteOnlyCell(tab, value=shown)
    cell.number_format = _FORMATS[kind]
    return cell


def _prepare(tab: WriteOnlyWorksheet, columns: Sequence[Column]) -> None:
    tab.freeze_panes = "A2"
    for number, column in enumerate(columns, 1):
        wide = max(_WIDTHS[column.kind], min(40.0, 1.6 * len(column.heading)))
        tab.column_dimensions[get_column_letter(number)].width = wide
    tab.append(list(_headings(tab, columns)))


def _headings(tab: WriteOnlyWorksheet, columns: Iterable[Column]) -> Iterable[WriteOnlyCell]:
    for column in columns:
        cell = WriteOnlyCell(tab, value=escaped(_heading(column)))
        cell.font = Font(bold=True)
        cell.alignment = Alignment(vertical="top", wrap_text=True)
        yield cell


def _tab(name: str, taken: set[str]) -> str:
    """Return a tab's name as Excel allows it, once each."""
    base = _NO_TAB.sub(" ", name).strip()[:28] or "1"
    found = base if base not in taken else f"{base} {len(taken) + 1}"
    taken.add(found)
    return found


def _file(body: bytes, name: str, kind: str) -> Response:
    answer = Response(body, mimetype=_MIMES[kind].split(";")[0])
    answer.headers["Content-Type"] = _MIMES[kind]
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _refused(words: str, status: int, retry_after_s: int | None = None) -> Response:
    answer = Response(words + "\n", status=status, mimetype="text/plain")
    if retry_after_s is not None:
        answer.headers["Retry-After"] = str(retry_after_s)
    return answer
