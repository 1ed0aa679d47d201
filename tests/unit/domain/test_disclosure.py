"""Disclosure: deny by default, mask stably, bucket coarsely, and never tell by order."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from data.domain.disclosure import Eyes, Row, disclose, pseudonym
from data.domain.policy import FIELDS, Kind, Nature, Policy, PolicyError, Treatment, possible
from data.domain.role_policies import POLICIES, usual_policy
from data.domain.scope import Role

AT = datetime(2026, 11, 24, 10, tzinfo=UTC)
SECRET = b"0123456789abcdef"
SAMPLES = {
    Nature.NAME: "CANARY-NAME",
    Nature.INSTANT: AT,
    Nature.QUANTITY: 7,
    Nature.WORD: "CANARY-WORD",
}


def row_of(kind, parties=("acme",), **changes):
    fields = {name: SAMPLES[nature] for name, nature in FIELDS[kind].items()}
    return Row(kind=kind, fields=fields | changes, parties=frozenset(parties))


def eyes_of(role, party="acme", policy=None):
    return Eyes(party=party, policy=policy or usual_policy(role), secret=SECRET)


def only(kind, **treatments):
    return Policy({kind: {name: Treatment(how) for name, how in treatments.items()}})


def test_a_field_that_no_policy_names_is_not_there():
    seen = disclose(
        [row_of(Kind.NEED)], eyes_of(Role.SUPPLIER, policy=only(Kind.NEED, part="show"))
    )
    assert seen == [{"part": "CANARY-NAME"}]


def test_what_rests_on_a_hidden_field_is_told_without_it():
    row = row_of(Kind.NEED, standing="on_track")
    row = replace(row, without={"forecast_need_by": {"standing": "late"}})
    hidden = only(Kind.NEED, standing="show", need_by="bucket")
    shown = hidden.changed({(Kind.NEED, "forecast_need_by"): Treatment.BUCKET})
    assert disclose([row], eyes_of(Role.SUPPLIER, policy=hidden)) == [
        {"need_by": "late", "standing": "late"}
    ]
    assert disclose([row], eyes_of(Role.SUPPLIER, policy=shown)) == [
        {"need_by": "on_track", "forecast_need_by": "on_track", "standing": "on_track"}
    ]


def test_a_role_without_a_policy_gets_nothing():
    assert disclose([row_of(kind) for kind in Kind], eyes_of(Role.SOURCE)) == []


@pytest.mark.parametrize("role", [Role.SUPPLIER, Role.CUSTOMER, Role.LOGISTICS])
@pytest.mark.parametrize("kind", Kind)
def test_a_row_of_another_party_is_not_there(role, kind):
    assert disclose([row_of(kind, parties=("other",))], eyes_of(role)) == []
    assert disclose([row_of(kind, parties=())], eyes_of(role)) == []


@pytest.mark.parametrize(
    ("role", "kind", "hidden"),
    [
        (Role.SUPPLIER, Kind.NEED, {"product", "customer", "operation", "work_center"}),
        (Role.SUPPLIER, Kind.OPERATION, {"product", "work_center", "work_unit", "reason"}),
        (Role.CUSTOMER, Kind.MILESTONE, {"forecast_p50_at"}),
        (Role.CUSTOMER, Kind.ORDER, {"area", "work_center", "cause", "late_s", "done"}),
        (Role.PURCHASER, Kind.OPERATION, {"work_center", "work_unit", "good", "scrap", "reason"}),
        (Role.OPERATOR, Kind.NEED, {"customer", "supplier"}),
    ],
)
def test_what_the_usual_policies_keep_back(role, kind, hidden):
    (seen,) = disclose([row_of(kind)], eyes_of(role))
    assert not hidden & seen.keys()


@pytest.mark.parametrize("kind", [Kind.ORDER, Kind.MILESTONE])
def test_a_supplier_knows_of_no_order_and_no_milestone(kind):
    assert not usual_policy(Role.SUPPLIER).sees(kind)
    assert disclose([row_of(kind)], eyes_of(Role.SUPPLIER)) == []


def test_a_supplier_sees_the_order_under_a_name_of_its_own():
    (seen,) = disclose([row_of(Kind.NEED, order="4711")], eyes_of(Role.SUPPLIER))
    (other,) = disclose(
        [row_of(Kind.NEED, order="4711", parties=("bolts",))], eyes_of(Role.SUPPLIER, "bolts")
    )
    assert seen["order"].startswith("O-") and "4711" not in seen["order"]
    assert seen["order"] != other["order"]


@given(st.text(min_size=1), st.text(min_size=1))
def test_pseudonyms_are_stable_and_tell_names_apart(one, another):
    eyes = eyes_of(Role.SUPPLIER)
    assert pseudonym(one, "order", eyes) == pseudonym(one, "order", eyes)
    if one != another:
        assert pseudonym(one, "order", eyes) != pseudonym(another, "order", eyes)


def test_another_secret_gives_other_pseudonyms():
    other = Eyes(party="acme", policy=Policy(), secret=b"another secret of the site")
    assert pseudonym("4711", "order", eyes_of(Role.SUPPLIER)) != pseudonym("4711", "order", other)


def test_a_party_needs_a_secret():
    with pytest.raises(ValueError, match="secret"):
        Eyes(party="acme", policy=Policy())


def test_an_instant_in_a_bucket_is_the_rows_standing():
    eyes = eyes_of(Role.CUSTOMER, policy=only(Kind.MILESTONE, forecast_p80_at="bucket"))
    row = row_of(Kind.MILESTONE, standing="at_risk")
    assert disclose([row], eyes) == [{"forecast_p80_at": "at_risk"}]


@pytest.mark.parametrize(
    ("received", "bucket"), [(0, "none"), (1, "part"), (99, "part"), (100, "all"), (120, "all")]
)
def test_a_quantity_in_a_bucket_is_none_part_or_all(received, bucket):
    eyes = eyes_of(Role.SUPPLIER, policy=only(Kind.NEED, received="bucket"))
    row = row_of(Kind.NEED, received=received, quantity=100)
    assert disclose([row], eyes) == [{"received": bucket}]


@pytest.mark.parametrize("treatment", [Treatment.MASK, Treatment.BUCKET])
def test_what_is_unknown_stays_unknown(treatment):
    field = "order" if treatment is Treatment.MASK else "promised_at"
    eyes = eyes_of(Role.SUPPLIER, policy=only(Kind.NEED, **{field: treatment}))
    assert disclose([row_of(Kind.NEED, **{field: None})], eyes) == [{field: None}]


@given(st.permutations(["A", "B", "C", "D"]))
def test_the_order_of_rows_tells_nothing(names):
    rows = [row_of(Kind.NEED, order=name, need_by=AT) for name in names]
    first = [row_of(Kind.NEED, order=name, need_by=AT) for name in "ABCD"]
    eyes = eyes_of(Role.SUPPLIER)
    assert disclose(rows, eyes) == disclose(first, eyes)


def test_a_field_that_its_kind_does_not_have_is_an_error_not_a_leak():
    row = Row(kind=Kind.NEED, fields={"salary": 1}, parties=frozenset({"acme"}))
    with pytest.raises(ValueError, match="need has no field salary"):
        disclose([row], eyes_of(Role.SUPPLIER))


@pytest.mark.parametrize(
    ("field", "how", "words"),
    [
        ("salary", "show", "no such field"),
        ("need_by", "mask", "expected one of show, bucket, hide"),
    ],
)
def test_a_policy_that_cannot_be_names_kind_and_field(field, how, words):
    with pytest.raises(PolicyError, match=rf"need\.{field}: .*{words}"):
        only(Kind.NEED, **{field: how})


def test_a_changed_policy_changes_that_field_alone():
    usual = usual_policy(Role.SUPPLIER)
    changed = usual.changed({(Kind.NEED, "part"): Treatment.HIDE})
    assert changed.of(Kind.NEED, "part") is Treatment.HIDE
    assert changed.of(Kind.NEED, "name") is usual.of(Kind.NEED, "name")


@pytest.mark.parametrize("role", POLICIES)
@pytest.mark.parametrize("kind", Kind)
def test_no_treatment_lets_a_canary_through_that_it_should_keep_back(role, kind):
    eyes = eyes_of(role)
    (seen, *_) = disclose([row_of(kind)], eyes) or [{}]
    for field in FIELDS[kind]:
        treatment = eyes.policy.of(kind, field)
        if treatment is Treatment.HIDE:
            assert field not in seen
        elif treatment is Treatment.MASK:
            assert "CANARY" not in str(seen[field])


@pytest.mark.parametrize("kind", Kind)
def test_every_field_can_be_shown_and_hidden(kind):
    for field in FIELDS[kind]:
        assert {Treatment.SHOW, Treatment.HIDE} <= set(possible(kind, field))
