"""Records to orders: each with its operations, milestones and needs, checked by the plan rules.

For `data.connectors.plan_files` alone. What a rule finds is told by the row it stands in.
"""

import re
from collections.abc import Iterable
from typing import Any

from data.connectors.plan_files.columns import PARTS, SHEETS, STRUCTS, Kind, field_columns
from data.connectors.plan_files.report import Report
from data.connectors.plan_files.tables import Record
from data.domain.plan import Order
from data.domain.plan_rules import Flaw, PlanRules, hint
from data.domain.site import Site

_LISTED = re.compile(r"(\w+)\[(\d+)\]\.(\w+)")
_COLUMNS = {kind: field_columns(kind) for kind in Kind}
_KIND_BY_PART = {part: kind for kind, part in PARTS.items()}


class Assembly:
    """Gathers the records of a file by order."""

    def __init__(self, site: Site, report: Report) -> None:
        """Check against `site` and put errors into `report`."""
        self._rules = PlanRules(site)
        self._report = report
        self._orders: dict[str, Record] = {}
        self._parts: dict[str, dict[Kind, list[Record]]] = {}
        self._site_told = False

    def add(self, records: Iterable[Record]) -> None:
        """Take records in.

        Raises: TooMany.
        """
        for record in records:
            if record.kind is not Kind.ORDER:
                self._parts.setdefault(record.order, {}).setdefault(record.kind, []).append(record)
            elif record.order in self._orders:
                first = self._orders[record.order]
                where = f"in row {first.row}" + (f" of {first.sheet}" if first.sheet else "")
                record.report(self._report, "order", f"stands {where} already")
            else:
                self._orders[record.order] = record

    def orders(self) -> tuple[Order, ...]:
        """Return the orders, in the order of their rows; only good when nothing was reported.

        Raises: TooMany.
        """
        self._report_strays()
        built = tuple(self._order(name) for name in self._orders)
        if not built and not self._report.errors:
            self._report.add("the file has no orders")
        return built

    def _report_strays(self) -> None:
        for name in [name for name in self._parts if name not in self._orders]:
            stray = next(iter(self._parts[name].values()))[0]
            end = hint(name, self._orders)
            stray.report(self._report, "order", f"isn't among the {SHEETS[Kind.ORDER]}{end}")

    def _order(self, name: str) -> Order:
        parts = self._parts.get(name, {})
        built: dict[str, Any] = {
            part: tuple(STRUCTS[kind](**record.values) for record in parts.get(kind, ()))
            for kind, part in PARTS.items()
        }
        order = Order(**self._orders[name].values, **built)
        for flaw in self._rules.flaws(order):
            self._tell(flaw, name)
        return order

    def _tell(self, flaw: Flaw, name: str) -> None:
        if flaw.path == "site":
            if not self._site_told:
                self._report.add(flaw.reason)
            self._site_told = True
            return
        listed = _LISTED.fullmatch(flaw.path)
        if listed is None:
            record, field = self._orders[name], flaw.path
        else:
            record = self._parts[name][_KIND_BY_PART[listed[1]]][int(listed[2])]
            field = listed[3]
        column = _COLUMNS[record.kind].get(field, field)
        written = None if column in record.shown else flaw.value
        record.report(self._report, column, flaw.reason, written)
