"""Of each field it is known what becomes of it, and at which level that was said."""

from data.domain.field_rules import Level, field_rules
from data.domain.policy import FIELDS, Kind, Treatment
from data.domain.role_policies import usual_policy
from data.domain.scope import Role

PART = (Kind.NEED, "part")
USUAL = usual_policy(Role.SUPPLIER)


def part(of_role=None, of_party=None):
    roles = {} if of_role is None else {PART: of_role}
    parties = {} if of_party is None else {PART: of_party}
    rules = field_rules(USUAL, roles, parties)
    return next(rule for rule in rules if (rule.kind, rule.field) == PART)


def test_every_field_that_there_is_has_one_rule():
    found = [(rule.kind, rule.field) for rule in field_rules(USUAL, {})]
    assert found == [(kind, field) for kind, fields in FIELDS.items() for field in fields]


def test_what_nobody_said_otherwise_is_as_usual():
    assert (part().holds, part().level) == (Treatment.SHOW, Level.USUAL)


def test_a_partys_own_word_counts_before_the_roles_and_the_roles_before_the_usual():
    assert (part(Treatment.MASK).holds, part(Treatment.MASK).level) == (
        Treatment.MASK, Level.ROLE,
    )  # fmt: skip
    both = part(Treatment.MASK, Treatment.HIDE)
    assert (both.holds, both.level) == (Treatment.HIDE, Level.PARTY)


def test_taking_a_level_back_leaves_what_is_said_below_it():
    both = part(Treatment.MASK, Treatment.HIDE)
    assert both.without(Level.PARTY) is Treatment.MASK
    assert both.without(Level.ROLE) is Treatment.SHOW
    assert part(None, Treatment.HIDE).without(Level.PARTY) is Treatment.SHOW
    assert (both.own(Level.ROLE), both.own(Level.PARTY)) == (Treatment.MASK, Treatment.HIDE)


def test_only_what_fits_a_field_is_possible():
    rules = {(rule.kind, rule.field): rule.possible for rule in field_rules(USUAL, {})}
    assert Treatment.BUCKET not in rules[PART]
    assert Treatment.MASK not in rules[Kind.NEED, "need_by"]
    assert rules[Kind.NEED, "standing"] == (Treatment.SHOW, Treatment.HIDE)
