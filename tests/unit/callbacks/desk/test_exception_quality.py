"""The page on the quality of exceptions: its address, its words, its tables, in every language."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from callbacks.desk.exception_quality import ExceptionQualityPage
from callbacks.desk.visit import BadParameter, Visit
from data.domain.exceptions.quality.assess import assess
from data.domain.exceptions.quality.records import Course, Opinion, Period, Quality, Step, Told
from data.domain.exceptions.records import Move, Severity, State
from data.domain.exceptions.rules import Condition, Rule
from data.domain.scope import Role, factory_scope
from layouts.pages.exception_quality import rate, subject_words
from layouts.text import LOCALES, translator
from tests.unit.callbacks.desk.places import hrefs, site, texts

TODAY = date(2026, 11, 24)
START = datetime(2026, 11, 23, 16, tzinfo=UTC)
NOW = START + timedelta(hours=30)
RULE = Rule(
    id="down", condition=Condition.UNIT_STATE, severity=Severity.HIGH, owner=Role.OPERATOR,
    name={"en": "Machine down", "zh-Hant": "機台停機", "zh-Hans": "机台停机"},
)  # fmt: skip


def steps(minutes: float, *more: Step) -> tuple[Step, ...]:
    first = Step(at=START + timedelta(minutes=minutes), move=Move.RAISE, after=State.UNACKNOWLEDGED)
    return (first, *more)


def course(number: int, minutes: float) -> Course:
    return Course(
        number=number, rule="down", subject="work-unit/W1", severity=Severity.CRITICAL,
        role=Role.OPERATOR, steps=steps(minutes),
    )  # fmt: skip


def noisy(period: Period) -> Quality:
    """Thirteen alarms at once, one that stands since the day before yesterday."""
    told = [
        Told(at=START + timedelta(seconds=20 * n), person="a", name="Ann", rule="down",
             subject="work-unit/W1")
        for n in range(13)
    ]  # fmt: skip
    courses = [course(n, n / 3) for n in range(1, 14)] + [course(99, -2000)]
    return assess(told, courses, [Opinion(rule="down", useful=False)], period)


class Qualities:
    """Answers what it is given, and remembers what it was asked."""

    def __init__(self, make: Any = noisy) -> None:
        self.make = make
        self.asked: list[tuple[Any, ...]] = []

    def today(self, timezone: str) -> date:
        return TODAY

    def of(self, scope: Any, site: str, since: date, until: date, timezone: str,
           area: str | None = None, person: str | None = None) -> Quality:  # fmt: skip
        self.asked.append((since, until, area, person))
        return self.make(Period(since=since, until=until, timezone=timezone, now=NOW))


def page(qualities: Qualities | None = None) -> ExceptionQualityPage:
    rules: Any = SimpleNamespace(of=lambda site: (RULE,))
    return ExceptionQualityPage(qualities or Qualities(), rules)


def visit(locale: str = "en", at: datetime | None = None, **query: str) -> Visit:
    live: Any = SimpleNamespace(board=SimpleNamespace(site=site()))
    return Visit(
        scope=factory_scope("north"), site="north", live=live, at=at, now=NOW,
        timezone="Asia/Taipei", t=translator(locale), theme="light", path="/exceptions/quality",
        query=query,
    )  # fmt: skip


def test_without_parameters_it_tells_of_the_last_seven_days() -> None:
    asked = Qualities()
    page(asked).body(visit())
    assert asked.asked == [(date(2026, 11, 18), TODAY, None, None)]


def test_the_address_names_days_line_and_person() -> None:
    asked = Qualities()
    page(asked).body(visit(since="2026-11-01", until="2026-11-02", line="A", person="a"))
    assert asked.asked == [(date(2026, 11, 1), date(2026, 11, 2), "A", "a")]


@pytest.mark.parametrize(
    "query",
    [
        {"since": "2026-11-24", "until": "2026-11-23"},
        {"since": "2026-01-01", "until": "2026-11-23"},
        {"line": "Z"},
        {"since": "yesterday"},
    ],
)
def test_what_an_address_can_not_mean_is_named(query: dict[str, str]) -> None:
    with pytest.raises(BadParameter):
        page().body(visit(**query))


def test_looking_back_it_has_nothing_to_say() -> None:
    with pytest.raises(BadParameter):
        page().body(visit(at=NOW))


def test_a_flood_is_said_in_words_with_the_person_and_what_it_came_from() -> None:
    said = texts(page().body(visit()))
    assert "flood" in said and "Ann" in said
    assert "Machine down · W1" in said
    assert "Ann on Tue, Nov 24, by ten minutes" in said
    assert said.count("13") >= 2  # most in ten minutes, most on a day


def test_what_stands_for_long_leads_to_its_page() -> None:
    assert "/exceptions/99" in hrefs(page().body(visit()))


def test_a_person_s_row_leads_to_their_worst_day() -> None:
    assert "/exceptions/quality?person=a" in hrefs(page().body(visit()))


@pytest.mark.parametrize("locale", LOCALES)
def test_a_quiet_period_is_calm(locale: str) -> None:
    quiet = Qualities(lambda period: assess((), (), (), period))
    body = page(quiet).body(visit(locale))
    said = translator(locale)("Nothing came up and nobody was told of anything in this period.")
    assert said in texts(body)


@pytest.mark.parametrize("locale", LOCALES)
def test_it_is_exported_with_all_its_tables(locale: str) -> None:
    sheets = page().sheets(visit(locale))
    assert [len(sheet.rows) for sheet in sheets] == [1, 1, 1, 3, 2, 1, 1, 1]
    for sheet in sheets:
        keys = {column.key for column in sheet.columns}
        assert all(set(row) == keys for row in sheet.rows)


def test_subjects_and_rates_are_written_short() -> None:
    assert subject_words("operation/SO-1/30") == "SO-1 · 30"
    assert (rate(0.333, translator("en")), rate(12.4, translator("en"))) == ("0.33", "12")
