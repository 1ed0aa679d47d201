"""`/report`: what a shift came to; for a party, what of it is its own."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Protocol

from dash import Dash
from dash.development.base_component import Component

from callbacks.desk.party_visit import PartyVisit
from callbacks.desk.visit import BadParameter
from callbacks.gate import MANAGERS
from data.domain.report import DailyReport, OwnReport, Shift, last_over, names_of, shift_of
from data.domain.scope import Role, Scope
from data.domain.site import Site
from data.services.daily_report import own_report
from data.services.errors import Forbidden, NoSuchInstant
from data.services.live import LiveSite
from layouts.pages import report as page
from layouts.pages.report_sheets import own_sheets, sheets
from layouts.sheets import Sheet
from layouts.text import Translator

WHOLE_DAY = "all"
ROLES = MANAGERS | {Role.PURCHASER, Role.SUPPLIER, Role.CUSTOMER, Role.LOGISTICS}


class Reports(Protocol):
    """What the page asks: `data.services.daily_report.DailyReports`."""

    def of(self, scope: Scope, site: str, shift: Shift) -> DailyReport:
        """What a shift came to."""


class Sites(Protocol):
    """Sites of which rows may be shown: here their models and clocks alone are looked at."""

    def disclosing(self, scope: Scope) -> list[LiveSite]:
        """Those of a scope."""


Form = Callable[[PartyVisit, Site], Component | None]


class ReportPage:
    """The daily report; all its state is in the address."""

    name = "report"
    path = "/report"
    topics = 0  # it is of what is over
    party = True  # and so given nothing but disclosed rows
    roles = ROLES

    def __init__(self, reports: Reports, sites: Sites, form: Form) -> None:
        """`form`: where someone says that it is to be mailed to them."""
        self._reports = reports
        self._sites = sites
        self._form = form

    def title(self, t: Translator) -> str:
        """Return the page's name."""
        return t(page.SHORT)

    def body(self, visit: PartyVisit) -> Component:
        """Return the report that the address asks for."""
        model, shift = self._asked(visit)
        asked = page.Asked(
            day=shift.day,
            shift=visit.text("shift") or page.named(shift),
            shifts=tuple(n for n in names_of(model) if shift_of(model, shift.day, n)),
            timezone=visit.timezone,
            form=self._form(visit, model),
        )
        try:
            found = self._report(visit, model, shift)
        except NoSuchInstant:
            return page.nothing(asked, visit.href, visit.t)
        return page.layout(found, asked, visit.href, visit.t)

    def sheets(self, visit: PartyVisit) -> Sequence[Sheet]:
        """Return the same as tables."""
        model, shift = self._asked(visit)
        found = self._report(visit, model, shift)
        if isinstance(found, OwnReport):
            return own_sheets(found, visit.t)
        return sheets(found, visit.t)

    def register(self, app: Dash) -> None:
        """Nothing: all its state is in the address."""

    def _report(self, visit: PartyVisit, model: Site, shift: Shift) -> DailyReport | OwnReport:
        if visit.scope.may_see(visit.site):
            return self._reports.of(visit.scope, visit.site, shift)
        if shift.start > visit.now:
            raise NoSuchInstant(shift.start.isoformat())
        return own_report(model, visit.now, shift, visit.rows)

    def _asked(self, visit: PartyVisit) -> tuple[Site, Shift]:
        """Return the shift that an address names; without, the one that ended last.

        Raises: BadParameter.
        """
        model = self._model(visit)
        name, last = visit.text("shift"), last_over(model, visit.now)
        day: date | None = visit.day("day")
        if name is None and day is None:
            return model, last
        known = names_of(model)
        if name is not None and name not in (WHOLE_DAY, *known):
            raise BadParameter("shift", "choice", (WHOLE_DAY, *known))
        wanted = "" if name in (None, WHOLE_DAY) else name
        shift = shift_of(model, day or last.day, wanted or "")
        if shift is None:
            raise BadParameter("shift", "choice", (WHOLE_DAY,))
        return model, shift

    def _model(self, visit: PartyVisit) -> Site:
        lives = self._sites.disclosing(visit.scope)
        live = next((one for one in lives if one.site == visit.site), None)
        if live is None:
            raise Forbidden(visit.site)
        return live.board.site
