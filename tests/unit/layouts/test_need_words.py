"""A promise in words: against when the part is needed, and against the plan where they differ."""

from datetime import UTC, datetime, timedelta

import pytest

from data.domain.asked import asked
from data.domain.policy import Kind
from data.domain.supply import Supply
from layouts.components.need_card import known
from layouts.components.need_forms import Sender
from layouts.components.need_words import promise_words
from layouts.pages import needs, supplier
from layouts.text import LOCALES, translator

NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
DUE = NOW + timedelta(days=2)
EN = translator("en")


def row(promised, forecast=None, **more):
    fields = {
        "order": "O-1", "need": "n1", "part": "bolt", "quantity": 5, "shipped": 0,
        "need_by": DUE, "promised_at": DUE + timedelta(hours=promised), "standing": "on_track",
        "forecast_need_by": None if forecast is None else DUE + timedelta(hours=forecast),
    } | more  # fmt: skip
    return asked(Kind.NEED, [fields])[0]


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (row(9.5), "9 h 30 min too late"),
        (row(0.5), "30 min too late"),
        (row(-3), "3 h in hand"),
        (row(0), "just in time"),
        (row(9.5, 0.9), "9 h 30 min too late"),
        (row(10, 18), "in time for the need as it stands now, 8 h in hand"
                      " · planned need missed by 10 h"),
        (row(18.5, 18), "just in time for the need as it stands now"
                        " · planned need missed by 18 h"),
        (row(20, 18), "2 h too late for the need as it stands now"
                      " · planned need missed by 20 h"),
        (row(0, -9), "9 h too late for the need as it stands now · planned need just kept"),
        (row(-2, -9), "7 h too late for the need as it stands now"
                      " · planned need kept, 2 h in hand"),
        (row(-2, 18), "20 h in hand"),
        (row(-11, -9.5), "1 h 30 min in hand"),
        (row(10, 18, standing="done"), ""),
        (row(10, 18, promised_at=None), ""),
    ],
)  # fmt: skip
def test_a_promise_says_by_which_need_it_is_judged_and_both_where_they_differ(found, words):
    assert promise_words(found, EN) == words


@pytest.mark.parametrize("locale", LOCALES)
def test_every_language_says_both(locale):
    t = translator(locale)
    said = promise_words(row(10, 18), t)
    assert t.duration(8 * 3600) in said and t.duration(10 * 3600) in said
    assert locale == "en" or "need" not in said


def test_only_what_is_late_as_it_stands_now_stands_out_on_the_card():
    sender = Sender(site="s", timezone="UTC", csrf="", token="", back="", now=NOW)
    found = []
    for one in (row(10, 18), row(20, 18)):
        judged, planned = known(one, sender, EN, "Promised")[2:]
        assert planned.children.startswith("planned need missed")
        found.append(judged.children.className)
    assert found == ["", "mp-ask-late"]


def test_the_tables_of_both_sides_say_what_the_card_says():
    one = row(10, 18)
    sheets = (
        supplier.sheet([one], NOW, EN),
        needs.sheet([Supply(asked=one, supplier="S")], {}, EN),
    )
    assert {sheet.rows[0]["judged"] for sheet in sheets} == {promise_words(one, EN)}
