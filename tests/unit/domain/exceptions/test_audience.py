"""Who may know of an exception and move it, and what a party gets of it."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from data.domain.board import Board
from data.domain.disclosure import Eyes, disclose
from data.domain.exceptions.audience import concerns, may_move
from data.domain.exceptions.records import Case, Hit, Move, Place
from data.domain.facts import Facts
from data.domain.policy import FIELDS, Kind, Treatment
from data.domain.role_policies import usual_policy
from data.domain.rows import Rows
from data.domain.scope import Role, Scope
from tests.unit.domain.exceptions.test_lifecycle import case

AT = datetime(2026, 11, 3, 6, tzinfo=UTC)
LATER = AT + timedelta(hours=28)
HITS = (
    Hit(kind="need", order="SO-1", id="n", name="bolt", party="P1", before_at=AT, after_at=LATER),
    Hit(kind="need", order="SO-7", id="n", name="nut", party="P2", before_at=AT, after_at=LATER),
    Hit(kind="milestone", order="SO-1", id="m", name="Tested", party="B1",
        before_at=AT, after_at=LATER),
)  # fmt: skip
CASE = case(
    informs=(Role.SUPPLIER, Role.CUSTOMER), parties=frozenset({"P1", "P2", "B1"}), hits=HITS,
    place=Place(area="A", work_center="C", work_unit="W1"), owner_name="Anna",
    values={"reason": "CANARY"},
)  # fmt: skip


def scope(role: Role, party: str | None = None, site: str = "plant") -> Scope:
    return Scope(role=role, sites=(site,), party=party)


@pytest.mark.parametrize(
    ("viewer", "knows"),
    [
        (scope(Role.MANAGER), True),
        (scope(Role.AUDITOR), True),
        (scope(Role.PLANNER), True),
        (scope(Role.PURCHASER), False),
        (scope(Role.OPERATOR), False),
        (scope(Role.SUPPLIER, "P1"), True),
        (scope(Role.SUPPLIER, "P3"), False),
        (scope(Role.SUPPLIER), False),
        (scope(Role.LOGISTICS, "P1"), False),
        (scope(Role.MANAGER, site="other"), False),
        (scope(Role.SOURCE), False),
    ],
)
def test_it_is_the_business_of(viewer: Scope, knows: bool) -> None:
    assert concerns(CASE, viewer) is knows


def test_a_party_may_acknowledge_and_no_more_and_who_audits_only_looks() -> None:
    supplier = scope(Role.SUPPLIER, "P1")
    assert [move for move in Move if may_move(CASE, supplier, move)] == [Move.ACKNOWLEDGE]
    assert not any(may_move(CASE, scope(Role.AUDITOR), move) for move in Move)
    assert may_move(CASE, scope(Role.MANAGER), Move.RESOLVE)


def rows_for(
    role: Role, party: str | None, case: Case = CASE, **treated: Treatment
) -> list[dict[str, object]]:
    """Rows as disclosed; `treated`: how a field of another kind is, as `need__early_at`."""
    rows = Rows(board=Board("plant"), facts=Facts(), now=AT)
    fields = {name.partition("__")[::2]: treatment for name, treatment in treated.items()}
    changes = {(Kind(kind), field): treatment for (kind, field), treatment in fields.items()}
    eyes = Eyes(party=party, policy=usual_policy(role).changed(changes), secret=b"s" * 32)
    return disclose(rows.exceptions([case], party), eyes)  # type: ignore[return-value]


def test_a_supplier_gets_its_own_need_with_both_dates_and_nothing_of_anybody_else() -> None:
    (row,) = rows_for(Role.SUPPLIER, "P1")
    assert (row["name"], row["before_at"], row["after_at"]) == ("bolt", AT, LATER)
    said = " ".join(str(value) for value in row.values())
    for hidden in ("SO-1", "SO-7", "nut", "W1", "P2", "B1", "Tested", "Anna", "CANARY", "E-1 "):
        assert hidden not in said
    assert row["exception"] != CASE.name


def test_a_customer_gets_its_milestone_and_the_reason_in_a_word() -> None:
    (row,) = rows_for(Role.CUSTOMER, "B1")
    assert (row["order"], row["name"], row["condition"]) == ("SO-1", "Tested", "queue")
    assert "work_unit" not in row


OWED = {
    "supplier": "P1", "name": "bolt", "planned_by": AT, "need_by": LATER,
    "promised_at": LATER + timedelta(hours=9),
}  # fmt: skip
MISSED = replace(
    CASE, kind="material_promised_late", subject="need/SO-1/n", hits=(), values=OWED,
    parties=frozenset({"P1"}),
)  # fmt: skip


@pytest.mark.parametrize("told", [CASE, MISSED])
def test_whom_the_forecast_of_a_need_is_hidden_from_cannot_guess_it_from_what_stands(
    told: Case,
) -> None:
    assert len(rows_for(Role.SUPPLIER, "P1", told)) == 1
    assert rows_for(Role.SUPPLIER, "P1", told, need__forecast_need_by=Treatment.HIDE) == []
    (row,) = rows_for(Role.SUPPLIER, "P1", told, need__forecast_need_by=Treatment.BUCKET)
    assert (row["name"], row["before_at"], row["after_at"]) == ("bolt", None, None)
    assert row["moved_s"] == 0


def test_whom_the_forecast_of_a_milestone_is_hidden_from_is_not_told_that_it_moves() -> None:
    hidden = {"milestone__forecast_p80_at": Treatment.HIDE}
    assert rows_for(Role.CUSTOMER, "B1", **hidden) == []
    assert len(rows_for(Role.SUPPLIER, "P1", **hidden)) == 1


def test_inside_the_factory_there_is_one_row_with_every_field() -> None:
    (row,) = rows_for(Role.MANAGER, None)
    assert row.keys() == FIELDS[Kind.EXCEPTION].keys()
    assert row["exception"] == CASE.name
