"""Plans in JSON: `{"orders": [...]}` or the bare list of order documents.

For `data.connectors.plan_files` alone. A well-formed order is decoded in one step; one that
isn't is looked at record by record, so that each of its errors is named.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Raw, Struct

from data.connectors.plan_files.columns import PARTS, STRUCTS
from data.connectors.plan_files.report import MAX_ROWS, Report, Unreadable
from data.domain.plan import Order
from data.domain.plan_rules import PlanRules, hint, in_utc
from data.domain.site import Site

_SHEET = "orders"
_BYTE = re.compile(r"\(byte (\d+)\)")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`")


class _File(Struct, forbid_unknown_fields=True):
    orders: list[Raw]


def read_documents(content: bytes, site: Site, report: Report) -> tuple[Order, ...]:
    """Return the orders; only good when nothing was reported.

    Raises: TooMany, Unreadable.
    """
    orders: dict[str, int] = {}
    found: list[Order] = []
    rules, site_told = PlanRules(site), False
    for row, raw in enumerate(_documents(content), 1):
        order = _order(raw, row, report)
        if order is None:
            continue
        if order.id in orders:
            report.add(f"stands in row {orders[order.id]} already", _SHEET, row, "id", order.id)
        orders.setdefault(order.id, row)
        for flaw in rules.flaws(order):
            if flaw.path != "site":
                report.add(flaw.reason, _SHEET, row, flaw.path, flaw.value)
            elif not site_told:
                report.add(flaw.reason)
                site_told = True
        found.append(in_utc(order))
    if not found and not report.errors:
        report.add("the file has no orders")
    return tuple(found)


def _documents(content: bytes) -> list[Raw]:
    try:
        content = content.decode("utf-8-sig").encode()
        if content.lstrip()[:1] == b"[":
            documents = msgspec.json.decode(content, type=list[Raw])
        else:
            documents = msgspec.json.decode(content, type=_File).orders
    except msgspec.ValidationError as error:
        raise Unreadable(f'expected {{"orders": [...]}} or a list of orders: {error}') from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(f"{_line(content, str(error))}isn't JSON in UTF-8: {error}") from None
    if len(documents) > MAX_ROWS:
        raise Unreadable(f"the file has more than {MAX_ROWS:,} orders; import it in parts")
    return documents


def _line(content: bytes, message: str) -> str:
    match = _BYTE.search(message)
    if match is None:
        return "the file "
    return "line {} ".format(content.count(b"\n", 0, int(match[1])) + 1)


def _order(raw: Raw, row: int, report: Report) -> Order | None:
    try:
        return msgspec.json.decode(raw, type=Order)
    except msgspec.ValidationError:
        document = msgspec.json.decode(raw)
    for path, reason, value in _misfits(document):
        report.add(reason, _SHEET, row, path, value)
    return None


def _misfits(document: object) -> Iterator[tuple[str, str, object]]:
    """Yield path, reason and value of what doesn't convert: one a record, of every record."""
    if not isinstance(document, dict):
        yield "", "expected an order's document, a JSON object", document
        return
    own = {name: value for name, value in document.items() if name not in PARTS.values()}
    yield from _misfit(own, Order, "")
    for kind, part in PARTS.items():
        records = document.get(part, ())
        if not isinstance(records, list | tuple):
            yield part, "expected a list", records
            continue
        for i, record in enumerate(records):
            yield from _misfit(record, STRUCTS[kind], f"{part}[{i}]")


def _misfit(record: object, into: Any, path: str) -> Iterator[tuple[str, str, object]]:
    try:
        msgspec.convert(record, into)
    except msgspec.ValidationError as error:
        reason, _, where = str(error).partition(" - at `$")
        inner = where.rstrip("`")
        unknown = _UNKNOWN.fullmatch(reason)
        if unknown:
            inner = f"{inner}.{unknown[1]}"
            known = [field.name for field in msgspec.structs.fields(into)]
            reason = f"isn't a field{hint(unknown[1], known)}"
        yield (path + inner).lstrip("."), reason[:1].lower() + reason[1:], _value(record, inner)


def _value(record: object, path: str) -> object:
    name = path.lstrip(".")
    return record.get(name, "") if isinstance(record, dict) else record
