"""The daily report's page: which shift an address names, whose report it is, the mail's form."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest
from dash import html
from flask import Flask
from werkzeug.exceptions import NotFound

from callbacks.desk.party_visit import PartyVisit
from callbacks.desk.report import ReportPage
from callbacks.desk.report_acts import ReportActs
from callbacks.desk.visit import BadParameter
from callbacks.gate import Viewer
from data.domain.people import Account
from data.domain.policy import Kind
from data.domain.report import DailyReport, LineOutput, Shift
from data.domain.report_schedule import Schedule
from data.domain.scope import Role, Scope
from data.services.errors import Forbidden, NoSuchInstant, Unavailable
from layouts.components.report_form import ACTION
from layouts.text import LOCALES, translator
from tests.unit.callbacks.desk.places import NOW, TAIPEI, Places, live_site, texts
from tests.unit.cases import ordinary
from tests.unit.stills import nodes

TODAY, BEFORE = date(2026, 11, 24), date(2026, 11, 23)  # it is 11:42; the shift runs 06:00-22:00
ROWS: Mapping[Kind, list[dict[str, Any]]] = {
    Kind.NEED: [{"part": "J-204", "order": "O-77", "need_by": NOW, "standing": "late"}],
    Kind.MILESTONE: [],
    Kind.EXCEPTION: [{"exception": "E-X", "condition": "material_not_shipped", "severity": "high"}],
}


class Reports:
    """Answers with a shift that fell short, and remembers what it was asked."""

    def __init__(self, trouble: Exception | None = None) -> None:
        self.asked: list[tuple[str, Shift]] = []
        self.trouble = trouble

    def of(self, scope: Scope, site: str, shift: Shift) -> DailyReport:
        self.asked.append((site, shift))
        if self.trouble is not None:
            raise self.trouble
        return DailyReport(
            site=site, site_name="North", timezone=TAIPEI, shift=shift,
            as_of=min(shift.finish, NOW),
            lines=(LineOutput(area="A", name="Line A", planned=200.0, good=150),),
            completed=5, in_time=4, exceptions=tuple(ordinary()), missing=("scrap",),
        )  # fmt: skip


def page(reports: Reports | None = None, form: Any = lambda visit, site: None) -> ReportPage:
    return ReportPage(reports or Reports(), Places(live_site()), form)  # type: ignore[arg-type]


def visit(
    role: Role = Role.MANAGER, party: str | None = None, locale: str = "en", site: str = "north",
    **query: str,
) -> PartyVisit:  # fmt: skip
    return PartyVisit(
        scope=Scope(role=role, sites=("north",), party=party), site=site, site_name="North",
        now=NOW, timezone=TAIPEI, t=translator(locale), theme="light", path="/report",
        query=query, actor="account/a", name="May", address="", csrf="token",
        log_connected=True, rows=lambda kind: ROWS.get(kind, []), exported=lambda _: None,
    )  # fmt: skip


def asked(**query: str) -> tuple[date, str]:
    reports = Reports()
    page(reports).body(visit(**query))
    shift = reports.asked[0][1]
    return shift.day, shift.name


def test_without_parameters_it_is_the_shift_that_ended_last() -> None:
    assert asked() == (BEFORE, "d")


def test_the_address_names_day_and_shift() -> None:
    assert asked(day="2026-11-20", shift="d") == (date(2026, 11, 20), "d")
    assert asked(day="2026-11-20") == (date(2026, 11, 20), "")
    assert asked(shift="all") == (BEFORE, "")


@pytest.mark.parametrize("query", [{"shift": "siesta"}, {"day": "yesterday"}])
def test_what_an_address_can_not_mean_is_named(query: dict[str, str]) -> None:
    with pytest.raises(BadParameter):
        page().body(visit(**query))


def test_it_says_what_fell_short_what_is_open_and_what_could_not_be_had() -> None:
    said = texts(page().body(visit()))
    assert "150 of 200" in said and "4 of 5" in said
    assert "Could not be had, the history is out of reach: scrap" in said
    assert any("U1: down" in one for one in said)


def test_a_shift_that_runs_says_until_when_it_is_told() -> None:
    said = texts(page().body(visit(day="2026-11-24", shift="d")))
    assert any("still running, as of 11:42" in one for one in said)


@pytest.mark.parametrize("locale", LOCALES)
def test_before_the_history_and_in_the_future_there_is_nothing_to_report(locale: str) -> None:
    body = page(Reports(NoSuchInstant("then"))).body(visit(locale=locale))
    assert translator(locale)("Nothing to report") in texts(body)


def test_a_party_is_told_its_own_rows_and_nothing_of_the_site() -> None:
    reports = Reports()
    said = texts(page(reports).body(visit(Role.SUPPLIER, "P2")))
    assert reports.asked == []
    assert "J-204" in said and "material not shipped" in said
    assert "Output against plan" not in said


def test_a_party_has_no_report_of_the_future() -> None:
    said = texts(page().body(visit(Role.SUPPLIER, "P2", day="2026-12-24")))
    assert "Nothing to report" in said


def test_another_site_has_no_report() -> None:
    with pytest.raises(Forbidden):
        page().body(visit(site="elsewhere"))


@pytest.mark.parametrize("locale", LOCALES)
def test_it_is_exported_as_the_tables_that_are_shown(locale: str) -> None:
    names = [sheet.name for sheet in page().sheets(visit(locale=locale))]
    assert len(names) == len(set(names)) == 6
    own = page().sheets(visit(Role.SUPPLIER, "P2", locale=locale))
    assert [len(sheet.rows) for sheet in own] == [1, 1]


class Schedules:
    """Schedules in memory."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], Schedule] = {}

    def of(self, account: str, site: str) -> Schedule | None:
        return self.kept.get((account, site))

    def keep(self, said: Schedule) -> None:
        self.kept[said.account, said.site] = said

    def drop(self, account: str, site: str) -> None:
        self.kept.pop((account, site), None)


ACCOUNT = Account(id="a", login="may@works.test", name="May", role=Role.MANAGER, sites=("north",),
                  created_at=datetime(2026, 1, 1, tzinfo=UTC))  # fmt: skip
SEES = Scope(role=Role.MANAGER, sites=("north",))
MANAGER = Viewer(scope=SEES, actor="account/a", account=ACCOUNT)
FORM = {"site": "north", "do": "keep", "when": "each", "days": ["1", "5"], "formats": ["pdf"],
        "language": "zh-Hant"}  # fmt: skip


def acts(schedules: Schedules, who: Viewer = MANAGER, mail: str = "may@works.test") -> ReportActs:
    return ReportActs(schedules, Places(live_site()), lambda _: mail, lambda: who)


def sent(schedules: Schedules, who: Viewer = MANAGER, **form: Any) -> str:
    with Flask("test").test_request_context(ACTION, method="POST", data={**FORM, **form}):
        return str(acts(schedules, who).schedule().headers["Location"])


def test_a_form_keeps_what_it_says_for_who_sent_it_from_now_on() -> None:
    schedules = Schedules()
    assert sent(schedules) == "/report?said=kept&site=north"
    assert schedules.kept["a", "north"] == Schedule(
        account="a", site="north", upto=NOW, days=(1, 5), formats=("pdf",), language="zh-Hant"
    )


def test_daily_at_a_time_or_after_one_shift() -> None:
    schedules = Schedules()
    sent(schedules, when="daily", at="07:15")
    assert schedules.kept["a", "north"].at == "07:15"
    sent(schedules, when="d")
    assert (schedules.kept["a", "north"].shift, schedules.kept["a", "north"].at) == ("d", "")


def test_it_can_be_switched_off_again() -> None:
    schedules = Schedules()
    sent(schedules)
    assert sent(schedules, do="drop") == "/report?said=dropped&site=north"
    assert schedules.kept == {}


@pytest.mark.parametrize(
    ("field", "form"),
    [
        ("days", {"days": []}),
        ("days", {"days": ["x"]}),
        ("at", {"when": "daily", "at": ""}),
        ("shift", {"when": "siesta"}),
        ("formats", {"formats": ["docx"]}),
        ("language", {"language": "fr"}),
    ],
)
def test_what_can_not_be_is_said_and_nothing_kept(field: str, form: dict[str, Any]) -> None:
    schedules = Schedules()
    assert sent(schedules, **form) == f"/report?site=north&wrong={field}"
    assert schedules.kept == {}


@pytest.mark.parametrize(
    ("who", "site"),
    [
        (MANAGER, "elsewhere"),
        (Viewer(scope=MANAGER.scope, actor="link/1"), "north"),
        (msgspec.structs.replace(MANAGER, scope=Scope(role=Role.OPERATOR, sites=("north",))),
         "north"),
    ],
)  # fmt: skip
def test_nobody_else_may_have_one_mailed(who: Viewer, site: str) -> None:
    schedules = Schedules()
    with pytest.raises(NotFound):
        sent(schedules, who, site=site)
    assert schedules.kept == {}


def said_by_form(schedules: Schedules, mail: str = "may@works.test", **query: str) -> str:
    form = acts(schedules, mail=mail).form(visit(**query), live_site().board.site)
    assert form is not None
    inside = nodes(html.Div([form]))
    return " | ".join([*texts(form), *(one for one in inside if isinstance(one, str))])


def test_the_form_says_where_it_goes_and_what_came_of_it() -> None:
    schedules = Schedules()
    assert "Not sent to you yet." in said_by_form(schedules)
    sent(schedules)
    told = said_by_form(schedules, said="kept")
    assert "Sent to may@works.test." in told and "Kept." in told
    assert "Choose at least one day." in said_by_form(schedules, wrong="days")


def test_without_an_address_the_form_says_so() -> None:
    assert "No e-mail address of yours is known" in said_by_form(Schedules(), mail="")


def test_without_an_account_or_a_database_there_is_no_form() -> None:
    nobody = Viewer(scope=MANAGER.scope, actor="link/1")
    assert acts(Schedules(), nobody).form(visit(), live_site().board.site) is None

    def fails(_: Account) -> str:
        raise Unavailable("gone")

    broken = ReportActs(Schedules(), Places(live_site()), fails, lambda: MANAGER)
    assert broken.form(visit(), live_site().board.site) is None


def test_a_running_shift_is_not_judged_against_its_whole_plan() -> None:
    over = page().body(visit(day="2026-11-23", shift="d"))
    running = page().body(visit(day="2026-11-24", shift="d"))
    css = [
        [getattr(one, "className", "") or "" for one in tree._traverse()]
        for tree in (over, running)
    ]
    late = [any(name.startswith("mp-stat mp-is-late") for name in names) for names in css]
    assert late == [True, False]
