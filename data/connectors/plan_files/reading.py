"""A plan file to orders or errors, whatever its form.

For `data.connectors.plan_files` alone, which passes `read_plan` on.
"""

from collections.abc import Iterator

from data.connectors.plan_files.assembly import Assembly
from data.connectors.plan_files.columns import RECORD, SHEETS, kind_of, name_of
from data.connectors.plan_files.documents import read_documents
from data.connectors.plan_files.report import MAX_BYTES, PlanFile, Report, TooMany, Unreadable
from data.connectors.plan_files.tables import Sheet, Tables
from data.connectors.plan_files.text import Row, csv_rows, decode, is_empty
from data.connectors.plan_files.workbook import sheets
from data.domain.plan import Order
from data.domain.plan_rules import hint
from data.domain.site import Site

_ZIP, _OLD_OFFICE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


def read_plan(name: str, content: bytes, site: Site) -> PlanFile:
    """Return the orders of a JSON, CSV or XLSX file, or every error in it.

    `name` is the file's own name. Instants without an offset are in the site's time zone
    in tables, and refused in JSON. An order comes as the file has it: whole.
    """
    report = Report()
    try:
        return report.result(_orders(name, content, site, report))
    except TooMany:
        return report.result((), more=True)
    except Unreadable as error:
        report.whole_file(str(error))
        return report.result(())


def _orders(name: str, content: bytes, site: Site, report: Report) -> tuple[Order, ...]:
    _check(name, content)
    if _is_json(name, content):
        return read_documents(content, site, report)
    tables, assembly = Tables(site.timezone, report), Assembly(site, report)
    found = _workbook(content, report) if content.startswith(_ZIP) else _csv(content)
    for sheet in found:
        assembly.add(tables.records(sheet))
    return assembly.orders()


def _check(name: str, content: bytes) -> None:
    if len(content) > MAX_BYTES:
        raise Unreadable(f"the file is larger than {MAX_BYTES // 1024**2} MB; import it in parts")
    if not content.strip():
        raise Unreadable("the file is empty")
    if content.startswith(_OLD_OFFICE):
        raise Unreadable("the file is an old .xls or has a password; save it as .xlsx without one")
    if name.lower().endswith((".xlsx", ".xlsm")) and not content.startswith(_ZIP):
        raise Unreadable("the file isn't an Excel workbook, though it is named like one")


def _is_json(name: str, content: bytes) -> bool:
    start = content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    named = name.lower().rpartition(".")[2]
    return named == "json" or (start in (b"{", b"[") and named not in ("csv", "tsv", "txt"))


def _csv(content: bytes) -> Iterator[Sheet]:
    yield Sheet("", None, csv_rows(decode(content)))


def _workbook(content: bytes, report: Report) -> Iterator[Sheet]:
    for raw in sheets(content, report):
        flat = _is_flat(raw.rows)
        kind = None if flat else kind_of(raw.name)
        if raw.rows and kind is None and not flat:
            known = tuple(SHEETS.values())
            reason = f"isn't a sheet of a plan, which has {', '.join(known)} and read me"
            report.add(reason + hint(raw.name, known), raw.name)
        else:
            yield Sheet(raw.name, kind, raw.rows)


def _is_flat(rows: list[Row]) -> bool:
    heading = next((cells for _, cells in rows if not is_empty(cells)), ())
    return any(name_of(str(cell)) == RECORD for cell in heading)
