"""Rules as forms and addresses have them: what is read, what can't be, what is shown again."""

from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from msgspec.structs import replace
from werkzeug.exceptions import NotFound

from callbacks.desk.rule_forms import edited, fresh, names_of, typed, wrong_field
from callbacks.desk.visit import Visit
from data.domain.exceptions.rule_rules import APPLIES, checked
from data.domain.exceptions.rules import Condition, Level, RuleError
from data.domain.scope import Role
from data.services.errors import Forbidden
from layouts.components.rule_form import FIELDS
from layouts.text import LOCALES, translator
from tests.unit.callbacks.desk.places import live_site, manager_of, site
from tests.unit.callbacks.desk.rule_book import Ruled

QUEUE = {
    "site": "north", "form": "1", "new": "queue", "name": "Soldering queue", "limit": "4",
    "on": "1", "severity": "low", "owner": "planner", "applies_work_center": "CA, CB",
}  # fmt: skip


def ruled(role=Role.MANAGER) -> Ruled:
    return Ruled(manager_of("north", role=role), token=lambda: "proof")


def posted(made: Ruled, act: str, **form):
    """Answer of a form; of where it leads the parameters."""
    app = Flask("forms")
    with app.test_request_context("/rules", method="POST", data=form):
        answer = getattr(made.page, act)()
    return {k: v[0] for k, v in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def shown(made: Ruled, role=Role.MANAGER, locale="en", **query: str) -> str:
    live = live_site(site())
    visit = Visit(
        scope=manager_of("north", role=role).scope, site="north", live=live, at=None,
        now=live.now, timezone="Asia/Taipei", t=translator(locale), theme="light",
        path="/rules", query=query,
    )  # fmt: skip
    return str(made.page.body(visit).to_plotly_json()["props"]["data-still"])


@pytest.mark.parametrize("condition", Condition)
def test_a_new_rule_of_any_condition_begins_as_the_usual_one_for_everything(condition):
    rule = fresh(condition)
    assert (rule.condition, rule.id, rule.applies, rule.on) == (condition, "", {}, True)
    checked(replace(rule, id="new"))


@pytest.mark.parametrize("condition", Condition)
@pytest.mark.parametrize("locale", LOCALES)
def test_the_form_of_any_condition_can_be_drawn(condition, locale):
    text = shown(ruled(), locale=locale, new=condition.value)
    assert '"name": "new"' in text or '"name":"new"' in text
    for field in APPLIES[condition]:
        assert f"applies_{field}" in text


def test_a_field_by_which_a_rule_is_narrowed_has_words():
    fields = {field for possible in APPLIES.values() for field in possible}
    assert {f"applies_{field}" for field in fields} <= set(FIELDS)


def test_a_form_says_a_rule_whole():
    given = {
        **QUEUE, "below": "2", "role_0": "manager", "after_0": "30", "informs_purchaser": "1",
        "expires_min": "60",
    }  # fmt: skip
    rule = edited(fresh(Condition.QUEUE), given, "en", own=True)
    assert (rule.name, rule.limit, rule.below) == ({"en": "Soldering queue"}, 4.0, 2.0)
    assert rule.applies == {"work_center": ("CA", "CB")}
    assert rule.levels == (Level(after_min=30.0, role=Role.MANAGER),)
    assert (rule.informs, rule.expires_min, rule.by_cause) == ((Role.PURCHASER,), 60.0, False)


def test_states_are_those_that_are_ticked():
    given = {"form": "1", "state_down": "1", "state_repair": "1"}
    assert set(edited(fresh(Condition.UNIT_STATE), given).states) == {"down", "repair"}


def test_a_name_in_one_language_is_there_for_readers_of_every_other():
    rule = edited(fresh(Condition.QUEUE), {**QUEUE, "name": "排隊"}, "zh-Hant", own=True)
    assert rule.name == {"en": "排隊", "zh-Hant": "排隊"}
    later = edited(rule, {**QUEUE, "name": "Queue"}, "en", own=True)
    assert later.name == {"en": "Queue", "zh-Hant": "排隊"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""), ("limit", "many"), ("severity", "awful"), ("owner", "customer"),
        ("expires_min", "x"), ("role_0", "auditor"), ("after_0", "soon"),
    ],
)  # fmt: skip
def test_what_is_no_choice_and_no_number_is_refused_by_its_field(field, value):
    given = {**QUEUE, "role_0": "manager", "after_0": "5", field: value}
    with pytest.raises(RuleError) as refused:
        edited(fresh(Condition.QUEUE), given, own=True)
    assert str(refused.value) == ("levels" if field in ("role_0", "after_0") else field)


@pytest.mark.parametrize("value", ["nan", "inf", "1e30"])
def test_pieces_that_are_no_whole_number_are_refused(value):
    given = {"form": "1", "least": value, "limit": "0.1"}
    try:
        rule = edited(fresh(Condition.SCRAP), given)
    except RuleError as error:
        assert str(error) == "least"
    else:
        assert rule.least == int(float(value))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"limit": "-1"}, "limit"),
        ({"below": "9"}, "below"),
        ({"expires_min": "0"}, "expires_min"),
        ({"applies_work_center": "CA, elsewhere"}, "applies_work_center"),
        ({"role_0": "manager", "after_0": "9", "role_1": "manager", "after_1": "3"}, "levels"),
        ({}, ""),
    ],
)
def test_what_can_not_be_is_named_by_its_field_in_the_form(changes, field):
    rule = edited(fresh(Condition.QUEUE), {**QUEUE, **changes}, own=True)
    assert wrong_field(rule, site(), own=True) == field


def test_names_of_the_site_are_offered():
    assert names_of(site())["work_center"] == ["CA", "CB"]
    assert names_of(site())["customer"] == ["P1"]


def test_a_rule_is_made_by_its_form_and_stands_in_the_trail():
    made = ruled()
    assert posted(made, "add", **QUEUE) == {
        "site": "north", "rule": "soldering-queue", "said": "added",
    }  # fmt: skip
    assert made.book.own["soldering-queue"][0]["limit"] == 4.0
    assert made.trail.records[-1].deed.subject == "rule/soldering-queue"
    assert "Soldering queue" in shown(made, rule="soldering-queue", said="added")


def test_a_form_with_something_wrong_is_shown_again_as_it_was_typed():
    made = ruled()
    back = posted(made, "add", **{**QUEUE, "limit": "-3", "csrf_token": "secret"})
    assert (back["said"], back["field"], back["limit"]) == ("wrong", "limit", "-3")
    assert "csrf_token" not in back
    text = shown(made, **back)
    assert "expected a number of at least 0" in text
    assert "Soldering queue" in text
    assert made.book.own == {}


def test_a_name_that_the_site_does_not_have_is_answered_with_those_it_has():
    back = posted(ruled(), "add", **{**QUEUE, "applies_area": "Z"})
    assert "names of the site: A, B" in shown(ruled(), **back)


def test_a_field_that_is_no_number_leaves_the_others_as_they_were_typed():
    text = shown(ruled(), **{**QUEUE, "limit": "many"})
    assert "expected a number of at least 0" in text
    assert "CA, CB" in text


def test_a_new_rule_is_tried_before_it_is_made():
    made = ruled()
    text = shown(made, **QUEUE, **{"try": "7"})
    assert "Would have come up 3 times" in text
    assert [(rule.limit, days) for rule, days in made.trials.asked] == [(4.0, 7.0)]
    assert made.book.own == {}


def test_what_is_not_recorded_is_said_to_be_untried():
    text = shown(ruled(), **{"site": "north", "form": "1", "new": "no_signal", "name": "x",
                             "limit_s": "3", "try": "7"})  # fmt: skip
    assert "it can't be tried" in text


def test_a_rule_of_its_own_can_be_changed_and_retired_and_no_usual_one():
    made = ruled()
    posted(made, "add", **QUEUE)
    known = {"site": "north", "rule": "soldering-queue", "was": "1"}
    changed = posted(made, "save", **{**QUEUE, **known, "limit": "6"})
    assert changed["said"] == "saved"
    assert made.book.own["soldering-queue"][0]["limit"] == 6.0
    assert posted(made, "retire", **known)["said"] == "moved"
    gone = posted(made, "retire", **{**known, "was": "2"})
    assert gone == {"site": "north", "said": "retired"}
    assert "Soldering queue" not in shown(made, said="retired")
    with pytest.raises(NotFound):
        posted(made, "retire", site="north", rule="order-past-due", was="0")


@pytest.mark.parametrize("act", ["add", "save", "reset", "retire"])
@pytest.mark.parametrize("role", [Role.OPERATOR, Role.AUDITOR, Role.PURCHASER])
def test_whoever_may_only_look_changes_nothing(act, role):
    made = ruled(role)
    with pytest.raises(NotFound):
        posted(made, act, **{**QUEUE, "rule": "order-past-due", "was": "0"})
    assert made.book.own == {}


def test_whoever_may_only_look_is_offered_no_new_rule():
    assert "New rule" not in shown(ruled(Role.AUDITOR), role=Role.AUDITOR)
    with pytest.raises(Forbidden):
        shown(ruled(Role.AUDITOR), role=Role.AUDITOR, new="queue")


def test_a_form_of_a_site_that_is_not_theirs_finds_nothing():
    for act in ("add", "save", "retire"):
        with pytest.raises(NotFound):
            posted(ruled(), act, **{**QUEUE, "site": "south", "rule": "order-past-due"})


def test_an_address_keeps_what_was_typed_and_no_proof():
    given = {"limit": " 4 ", "csrf_token": "t", "was": "1", "try": "7", "name": "n" * 300}
    assert typed(given, 200) == {"limit": "4", "name": "n" * 200}


def test_a_rule_that_the_site_made_is_marked_in_the_list():
    made = ruled()
    posted(made, "add", **QUEUE)
    assert "made here" in shown(made)
