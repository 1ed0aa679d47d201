"""`/exceptions/quality`: the alarm rate of the program itself, and what makes it what it is."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Protocol

from dash import Dash
from dash.development.base_component import Component

from callbacks.desk.visit import BadParameter, Visit
from data.domain.exceptions.quality.records import Quality
from data.domain.exceptions.rules import Rule
from data.domain.scope import Scope
from layouts.pages import exception_quality, exception_quality_sheets
from layouts.pages.exception_quality import Shown
from layouts.sheets import Sheet
from layouts.text import Translator

DAYS = timedelta(days=6)
LONGEST = timedelta(days=91)  # deliveries are kept for as long


class Qualities(Protocol):
    """What the page asks: `data.services.alarm_quality.AlarmQuality`."""

    def today(self, timezone: str) -> date:
        """The day that it really is."""

    def of(
        self, scope: Scope, site: str, since: date, until: date, timezone: str,
        area: str | None = None, person: str | None = None,
    ) -> Quality:  # fmt: skip
        """All that can be said of a period."""


class Rules(Protocol):
    """Which rules a site has."""

    def of(self, site: str) -> Sequence[Rule]:
        """The usual ones and the site's own."""


class ExceptionQualityPage:
    """The page on the quality of exceptions; all its state is in the address."""

    name = "alarm-quality"  # Dash asks pages by name: this one before that of one exception
    path = "/exceptions/quality"
    topics = 0  # it tells of days

    def __init__(self, qualities: Qualities, rules: Rules) -> None:
        self._qualities = qualities
        self._rules = rules

    def title(self, t: Translator) -> str:
        """Return the page's name."""
        return t(exception_quality.TITLE)

    def body(self, visit: Visit) -> Component:
        """Return rates, floods, sources, answers and marks."""
        return exception_quality.layout(self._shown(visit), visit.href, visit.t)

    def sheets(self, visit: Visit) -> Sequence[Sheet]:
        """Return the same as tables."""
        return exception_quality_sheets.sheets(self._shown(visit), visit.t)

    def register(self, app: Dash) -> None:
        """Nothing: all its state is in the address."""

    def _shown(self, visit: Visit) -> Shown:
        if visit.at is not None:
            raise BadParameter("at", "live")
        areas = {one.id: one.name or one.id for one in visit.live.board.site.areas}
        area, person = visit.choice("line", tuple(areas), "") or None, visit.text("person")
        since, until = self._days(visit)
        return Shown(
            quality=self._qualities.of(
                visit.scope, visit.site, since, until, visit.timezone, area, person
            ),
            rules={one.id: _name(one, visit.t) for one in self._rules.of(visit.site)},
            areas=areas,
            area=area,
            person=person,
            theme=visit.theme,
        )

    def _days(self, visit: Visit) -> tuple[date, date]:
        """Return the period that an address names; the last seven days without.

        Raises: BadParameter.
        """
        today = self._qualities.today(visit.timezone)
        until = visit.day("until") or max(today, visit.day("since") or date.min)
        since = visit.day("since") or until - DAYS
        if not timedelta() <= until - since <= LONGEST:
            raise BadParameter("since", "day")
        return since, until


def _name(rule: Rule, t: Translator) -> str:
    return rule.name.get(t.locale) or rule.name.get("en") or rule.id
