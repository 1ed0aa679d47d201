import pytest
from msgspec.structs import replace

from data.domain.exceptions.records import Severity
from data.domain.exceptions.rule_rules import (
    APPLIES,
    LOCALES,
    SETTINGS,
    checked,
    difference,
    merged,
    parsed,
    rule_of,
)
from data.domain.exceptions.rules import Condition, Level, Rule, RuleError
from data.domain.exceptions.values import VALUES
from data.domain.scope import Role
from data.services.rules import usual_rules
from tests.unit.domain.exceptions.floor import rule

GOOD = {
    "id": "late",
    "condition": "operation_not_started",
    "severity": "high",
    "owner": "planner",
    "limit_s": 1800,
    "levels": [{"after_min": 30, "role": "manager"}],
}


def test_every_condition_says_its_settings_its_fields_and_its_values():
    assert set(SETTINGS) == set(APPLIES) == set(VALUES) == set(Condition)


def test_the_usual_rules_look_for_every_condition_and_have_names_in_every_language():
    usual = usual_rules()
    assert {one.condition for one in usual} == set(Condition)
    assert all(set(one.name) == set(LOCALES) for one in usual)
    assert all(one.on for one in usual)


def test_a_rule_is_read_from_its_document():
    found = rule_of(GOOD)
    assert (found.condition, found.severity) == (Condition.NOT_STARTED, Severity.HIGH)
    assert found.levels == (Level(after_min=30, role=Role.MANAGER),)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"condition": "boredom"}, "late: condition: "),
        ({"limits": 5}, "late: Object contains unknown field `limits`"),
        ({"id": "Late!"}, "Late!: id: expected lower case words"),
        ({"limit_s": "soon"}, "late: limit_s: Expected `float`"),
        ({"limit_s": -1}, "late: limit_s: expected seconds"),
        ({"limit_s": float("nan")}, "late: limit_s: expected"),
        ({"limit": 3}, "late: limit: isn't asked for by operation_not_started"),
        ({"below_s": 3}, "late: below_s: isn't asked for"),
        ({"owner": "supplier"}, "late: owner: expected one of operator"),
        ({"informs": ["screen"]}, "late: informs[0]: expected one of"),
        ({"name": {"fr": "x"}}, "late: name.fr: expected one of en"),
        ({"name": {"en": " "}}, "late: name.en: expected 1 to 80"),
        ({"applies": {"colour": ["red"]}}, "late: applies.colour: expected one of area"),
        ({"applies": {"critical": ["yes"]}}, "late: applies.critical: expected true or false"),
        ({"applies": {"area": []}}, "late: applies.area: expected at least one"),
        ({"levels": [{"after_min": 0, "role": "manager"}]}, "late: levels[0].after_min"),
        ({"levels": [{"after_min": 5, "role": "logistics"}]}, "late: levels[0].role"),
        ({"levels": [{"after_min": 5}]}, "late: levels[0]: Object missing required field `role`"),
        ({"expires_min": 0}, "late: expires_min: expected minutes"),
        ({"condition": "work_unit_state"}, "late: states: expected some of blocked"),
        ({"condition": "no_signal", "limit_s": 0}, "late: limit_s: expected at least a second"),
        ({"condition": "forecast_past_due", "below_s": 1801}, "late: below_s: expected no more"),
        ({"condition": "scrap_ratio", "limit": 1, "least": 5}, "late: limit: expected a ratio"),
        ({"condition": "scrap_ratio", "limit": 0.1}, "late: least: expected at least one"),
        ({"condition": "scrap_ratio", "limit_s": 1000}, "late: limit_s: expected whole quarters"),
        ({"condition": "queue", "limit_s": 0, "below": 3}, "late: below: expected from 0"),
    ],
)
def test_what_is_wrong_is_named_by_rule_and_field(change: dict, said: str):
    with pytest.raises(RuleError) as raised:
        rule_of({**GOOD, **change})
    assert str(raised.value).startswith(said)


@pytest.mark.parametrize("documents", [{"id": "late"}, [GOOD, GOOD], [GOOD, "x"], [GOOD] * 201])
def test_a_list_of_rules_is_one_of_different_rules(documents: object):
    with pytest.raises(RuleError):
        parsed(documents)


def test_a_site_keeps_of_a_rule_only_what_differs_and_gets_the_rest_as_usual():
    usual = rule(Condition.NOT_STARTED, limit_s=600)
    own = replace(usual, limit_s=900.0, applies={"area": ("A",)})
    kept = difference(usual, own)
    assert kept == {"limit_s": 900.0, "applies": {"area": ("A",)}}
    better = replace(usual, severity=Severity.LOW)
    assert merged([better], {"r": kept}, print) == (replace(own, severity=Severity.LOW),)


def test_a_rule_of_the_sites_own_is_kept_whole():
    usual, own = rule(Condition.QUEUE, "usual", limit=5), checked(rule_of(GOOD))
    assert merged([usual], {"late": difference(None, own)}, print) == (usual, own)


def test_what_fits_no_more_is_left_out_and_told():
    usual, told = rule(Condition.NOT_STARTED, limit_s=600), list[tuple[str, str]]()
    own = {"r": {"limit": 5}, "gone": {"limit_s": 5}}
    assert merged([usual], own, lambda *said: told.append(said)) == (usual,)
    assert [name for name, _ in told] == ["r", "gone"]


def test_a_change_that_was_taken_back_leaves_the_usual_rule():
    usual: tuple[Rule, ...] = usual_rules()
    assert merged(usual, {usual[0].id: {}}, print) == usual
