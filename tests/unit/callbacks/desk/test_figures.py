"""The page of figures: its address says what it shows, and each figure how it came about."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from dash.development.base_component import Component

from callbacks.desk.figures import FiguresPage, wanted_of
from callbacks.desk.visit import BadParameter, Visit
from data.domain.kpis import Elements, Kpi
from data.domain.scope import Scope, factory_scope
from data.domain.shift_rows import By, FigureFilter, FigureRow, FiguresReport, ShiftRow
from data.domain.site import Area, Calendar, Shift, Site, WorkCenter, WorkUnit
from layouts.text import LOCALES, translator
from tests.unit.stills import nodes

NOW = datetime(2026, 11, 22, 17, tzinfo=UTC)  # the 23rd in Taipei
SITE = Site(
    id="plant", name="Plant", timezone="Asia/Taipei",
    areas=(Area(id="A", calendar="c", name="Line A"),),
    work_centers=(WorkCenter(id="C2", area="A"), WorkCenter(id="C1", area="A")),
    work_units=(WorkUnit(id="W2", work_center="C2"), WorkUnit(id="W1", work_center="C1")),
    calendars=(Calendar(id="c", shifts=(Shift(name="Day", start="08:00", finish="16:00"),)),),
)  # fmt: skip
GOOD = Elements(pbt=28800, apt=21600, aupt=23400, aubt=25200, adet=2700, aoet=36000,
                standard=18900, pq=210, gq=200, sq=6, rq=4, ip=10, gp=9)  # fmt: skip
FAST = Elements(pbt=3600, apt=1800, aupt=1800, aubt=1800, aoet=1800, standard=3600, pq=60, gq=60)
START = datetime(2026, 11, 22, tzinfo=UTC)


class Figures:
    """Answers with two work centers, and remembers what it was asked."""

    def __init__(self, *rows: FigureRow, derived_at: datetime | None = NOW) -> None:
        self.rows = rows
        self.derived_at = derived_at
        self.asked: list[tuple[FigureFilter, str]] = []

    def report(self, scope: Scope, site: str, wanted: FigureFilter, by: By) -> FiguresReport:
        self.asked.append((wanted, by))
        rows = tuple(row for row in self.rows if wanted.work_center in (None, row.key))
        total = sum((row.elements for row in rows), Elements())
        days = (FigureRow(key="2026-11-22", elements=total),) if rows else ()
        return FiguresReport(rows=rows, total=total, days=days, derived_at=self.derived_at)

    def shifts(self, scope: Scope, site: str, wanted: FigureFilter, most: int) -> list[ShiftRow]:
        self.asked.append((wanted, "shifts"))
        finish = START + timedelta(hours=8)
        return [ShiftRow("W1", START, "Day", finish, date(2026, 11, 22), "C1", "A", GOOD)]


def usual(derived_at: datetime | None = NOW) -> Figures:
    rows = (FigureRow(key="C1", elements=GOOD), FigureRow(key="C2", elements=FAST))
    return Figures(*rows, derived_at=derived_at)


def visit(locale: str = "en", **query: str) -> Visit:
    live: Any = SimpleNamespace(board=SimpleNamespace(site=SITE))
    return Visit(
        scope=factory_scope("plant"), site="plant", live=live, at=None, now=NOW,
        timezone=SITE.timezone, t=translator(locale), theme="light", path="/figures", query=query,
    )  # fmt: skip


def texts(tree: Component) -> str:
    """Everything that a page says."""
    parts = [getattr(part, "children", None) for part in (tree, *tree._traverse())]
    parts += [*tree._traverse(), *nodes(tree)]
    return " | ".join(part for part in parts if isinstance(part, str))


def links(tree: Component) -> dict[str, str]:
    """Every link of a page by its accessible name."""
    found = [part.to_plotly_json()["props"] for part in tree._traverse() if hasattr(part, "href")]
    found += [node[1] for node in nodes(tree) if not isinstance(node, str)]
    return {one.get("aria-label", ""): one["href"] for one in found if one.get("href")}


def test_without_parameters_it_shows_the_last_seven_days_of_the_site() -> None:
    assert wanted_of(visit()) == FigureFilter(since=date(2026, 11, 17), until=date(2026, 11, 23))


def test_the_address_names_period_line_and_shift() -> None:
    wanted = wanted_of(visit(since="2026-11-01", until="2026-11-02", line="A", shift="-"))
    assert (wanted.since, wanted.until) == (date(2026, 11, 1), date(2026, 11, 2))
    assert (wanted.line, wanted.shift) == ("A", "")


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ({"since": "2026-11-03", "until": "2026-11-02"}, "since"),
        ({"since": "1999-01-01"}, "since"),
        ({"until": "soon"}, "until"),
        ({"by": "planet"}, "by"),
        ({"figure": "luck"}, "figure"),
        ({"sort": "luck"}, "sort"),
        ({"by": "day", "key": "luck"}, "key"),
    ],
)
def test_what_cant_be_used_is_refused_by_name(query: dict[str, str], name: str) -> None:
    with pytest.raises(BadParameter) as refused:
        FiguresPage(usual()).body(visit(**query))
    assert refused.value.name == name


def test_a_figure_shows_its_formula_and_every_input() -> None:
    said = texts(FiguresPage(usual()).body(visit(figure="availability", key="C1")))
    assert "APT / PBT" in said
    assert "actual production time" in said
    assert "8.00 h" in said
    assert "75.0 %" in said


def test_a_chosen_row_is_asked_for_alone() -> None:
    figures = usual()
    FiguresPage(figures).body(visit(by="work_unit", key="W1", since="2026-11-20"))
    wanted = {name: (one.work_unit, one.since) for one, name in figures.asked}
    assert wanted["work_unit"] == (None, date(2026, 11, 20))
    assert wanted["day"] == wanted["shifts"] == ("W1", date(2026, 11, 20))


def test_a_chosen_day_is_that_day_and_off_shift_has_a_name() -> None:
    figures = usual()
    FiguresPage(figures).body(visit(by="day", key="2026-11-20"))
    assert {(one.since, one.until) for one, name in figures.asked if name == "shifts"} == {
        (date(2026, 11, 20), date(2026, 11, 20))
    }
    figures = usual()
    FiguresPage(figures).body(visit(by="shift", key="-"))
    assert [one.shift for one, name in figures.asked if name == "shifts"] == [""]


def test_effectiveness_above_one_is_flagged_and_not_capped() -> None:
    found = links(FiguresPage(usual()).body(visit()))
    assert "C2, Effectiveness: 200.0, doubtful" in found
    assert "C1, Effectiveness: 87.5" in found
    body = FiguresPage(usual()).body(visit(figure="effectiveness", key="C2"))
    assert "Above 100 %" in texts(body)


def test_what_has_no_value_is_not_doubtful() -> None:
    made = Elements(apt=60, aupt=60, standard=600, pq=5, gq=5)
    found = links(FiguresPage(Figures(FigureRow(key="C1", elements=made))).body(visit()))
    assert "C1, OEE: –" in found
    assert "C1, Effectiveness: 1,000.0, doubtful" in found


def test_every_cell_links_to_how_it_came_about() -> None:
    found = links(FiguresPage(usual()).body(visit(line="A")))
    href = found["C1, Scrap ratio: 2.9"]
    assert href == "/figures?figure=scrap_ratio&key=C1&line=A"


def test_nothing_to_divide_by_is_no_value() -> None:
    found = links(FiguresPage(usual()).body(visit()))
    assert "C2, First pass yield: –" in found
    body = FiguresPage(Figures(FigureRow(key="C1", elements=Elements()))).body(visit())
    assert "Its denominator is 0" in texts(body)


def test_rows_stand_as_the_line_flows_or_by_a_figure() -> None:
    def first(**query: str) -> str:
        names = [name for name in links(FiguresPage(usual()).body(visit(**query))) if "OEE" in name]
        return names[0][:2]

    assert first() == "C2"
    assert first(sort="effectiveness") == "C1"
    assert first(sort="-effectiveness") == "C2"


def test_no_shift_in_the_period_is_said_with_a_way_out() -> None:
    assert "No shift here" in texts(FiguresPage(Figures()).body(visit(line="A")))
    said = texts(FiguresPage(Figures(derived_at=None)).body(visit()))
    assert "No figures yet" in said


@pytest.mark.parametrize("locale", LOCALES)
def test_the_page_and_its_tables_are_said_in_every_language(locale: str) -> None:
    page = FiguresPage(usual())
    assert texts(page.body(visit(locale)))
    table, days, shifts = page.sheets(visit(locale))
    assert len(table.rows) == 2
    assert {column.key for column in table.columns} >= {"key", "oee", "PBT", "GP"}
    assert days.rows[0]["key"] == "2026-11-22"
    assert shifts.rows[0]["unit"] == "W1"


def test_an_export_holds_the_same_figures() -> None:
    table = FiguresPage(usual()).sheets(visit())[0]
    row = next(row for row in table.rows if row["key"] == "C1")
    assert row[Kpi.OEE] == 0.625
    assert row[Kpi.THROUGHPUT_RATE] == 21.0
    assert row["PBT"] == 28800
