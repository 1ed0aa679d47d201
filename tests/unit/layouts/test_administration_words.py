"""Whatever can be disclosed, done or marked has a word, and the documentation tells it."""

from pathlib import Path

import pytest

from data.domain.access import Mark
from data.domain.audit import Action, Break
from data.domain.people import PEOPLE
from data.domain.policy import FIELDS, Kind, Treatment
from data.domain.view import Standing
from layouts.components import disclosure_words
from layouts.pages import access, audit, disclosure, people
from layouts.text import translator
from layouts.theme import LOOKS

DOCS = Path(__file__).parents[3] / "docs"
EN = translator("en")


def test_every_kind_field_and_treatment_has_a_word_and_no_other_does():
    assert set(disclosure_words.FIELDS) == {name for kind in Kind for name in FIELDS[kind]}
    assert set(disclosure_words.KINDS) == set(Kind)
    assert set(disclosure_words.TREATMENTS) == set(Treatment)


def test_every_action_break_mark_and_role_has_a_word():
    assert set(audit.ACTIONS) == set(Action)
    assert set(audit.BREAKS) == set(Break)
    assert set(access.MARKS) == set(Mark)
    assert set(people.ROLES) == set(PEOPLE)


@pytest.mark.parametrize("action", Action)
def test_every_action_is_told_in_the_documentation(action):
    assert f"`{action}`" in (DOCS / "audit.md").read_text()


@pytest.mark.parametrize("mark", Mark)
def test_every_mark_is_told_in_the_documentation(mark):
    assert access.MARKS[mark] in (DOCS / "audit.md").read_text()


@pytest.mark.parametrize("treatment", Treatment)
def test_every_treatment_is_told_in_the_documentation(treatment):
    word = disclosure_words.TREATMENTS[treatment]
    assert f"| {word} |" in (DOCS / "disclosure.md").read_text()


def test_changes_are_told_apart_from_everything_else():
    changes, rest = audit.told(
        {"need.part.before": "show", "need.part.after": "mask", "columns": ["a", "b"], "count": 2}
    )
    assert changes == [("need.part", "show", "mask")]
    assert rest == {"columns": "a, b", "count": "2"}
    assert audit.told({"before": None, "after": 3, "row": "x"}) == (
        [("", "–", "3")], {"row": "x"},
    )  # fmt: skip
    assert audit.told({"before": "alone"}) == ([], {"before": "alone"})


@pytest.mark.parametrize("value", Standing)
def test_what_is_said_roughly_reads_as_words(value):
    assert disclosure.said(Kind.NEED, "need_by", value.value, EN) == LOOKS[value].word
    assert disclosure.said(Kind.NEED, "standing", value.value, EN) == LOOKS[value].word


def test_a_quantity_said_roughly_reads_as_words_and_names_stay_as_they_are():
    assert disclosure.said(Kind.NEED, "received", "part", EN) == "some of it"
    assert disclosure.said(Kind.NEED, "part", "all", EN) == "all"
