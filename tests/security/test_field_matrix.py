"""Role by column: what a policy hides is in no row, no table, no file, and steers nothing."""

import csv
from collections.abc import Iterator
from typing import Any

import pytest

from callbacks.reading import PATHS
from data.domain.policy import FIELDS, Kind, Treatment
from data.domain.role_policies import usual_policy
from data.domain.scope import Role
from tests.browser.product.program import Program
from tests.security import yard
from tests.security.conftest import Visitor
from tests.security.yard import INSIDE, OUTSIDE, OWN, RIVAL, YARD, Word

BOARDS = {Role.SUPPLIER: "supplier", Role.CUSTOMER: "customer", Role.LOGISTICS: "logistics"}
STEERING = ("q", "order", "row", "milestone", "standing", "which", "sort", "by", "page", "part",
            "supplier", "customer", "product", "work_center", "filter", "party")  # fmt: skip
NOTHING = "zqnothingqz"


def rows(visitor: Visitor, kind: Kind) -> list[dict[str, Any]]:
    answer = visitor.ask("GET", f"/api/v1/{PATHS[kind]}?site={YARD}")
    assert answer.status_code == 200, answer.text
    return answer.json()[PATHS[kind]]


@pytest.mark.parametrize("kind", PATHS)
@pytest.mark.parametrize("role", [*OUTSIDE, *INSIDE, Role.MANAGER])
def test_a_row_has_the_columns_of_the_policy_and_no_other(
    member_of: Any, role: Role, kind: Kind
) -> None:
    visitor, policy = member_of(role), usual_policy(role)
    shown = {name for name in FIELDS[kind] if policy.of(kind, name) is not Treatment.HIDE}
    found = rows(visitor, kind)
    assert kind is Kind.EXCEPTION or bool(found) == bool(shown)  # of which there are none now
    for row in found:
        assert set(row) == shown
        for name in shown:
            if policy.of(kind, name) is Treatment.MASK and row[name] is not None:
                assert row[name] not in yard.every_word(), name


@pytest.mark.parametrize("role", OUTSIDE)
def test_a_file_holds_no_more_than_the_rows(member_of: Any, role: Role) -> None:
    visitor = member_of(role)
    answer = visitor.ask("GET", f"/export/{BOARDS[role]}.csv?site={YARD}")
    table = [*csv.reader(answer.content.decode("utf-8-sig").splitlines())]
    assert len(table) > (role is not Role.LOGISTICS)  # whose order isn't ready to be shipped
    assert not [w for w in yard.every_word() - yard.words_of(role) if w in answer.text]


@pytest.mark.parametrize("role", OUTSIDE)
@pytest.mark.parametrize("name", STEERING)
def test_what_is_hidden_neither_filters_nor_sorts(member_of: Any, role: Role, name: str) -> None:
    """Asked for by a word that is hidden, a page answers as for a word that nobody has."""
    visitor, told = member_of(role), set()
    hidden = [
        Word(whose, what).text
        for whose in (OWN, RIVAL)
        for what in ("order", "product", "part", "supplier", "operation")
        if Word(whose, what).text not in yard.words_of(role)
    ]
    for word in [NOTHING, *hidden]:
        search = f"?site={YARD}&lang=en&{name}={word}"
        page = visitor.page(f"/{BOARDS[role]}", search)
        file = visitor.ask("GET", f"/export/{BOARDS[role]}.csv{search}")
        words = tuple(w for w in sorted(yard.words_of(role)) if w in page.text)
        told.add((page.status_code, words, file.status_code, file.text.count("\n")))
    assert len(told) == 1, told


@pytest.fixture
def unseen(shared: Program, member_of: Any) -> Iterator[Visitor]:
    """A customer from whom how its orders stand is hidden, for as long as the test goes on."""
    form = {"order.standing.usual": "hide"}
    administrator = member_of(Role.ADMINISTRATOR)
    administrator.page("/disclosure", f"?site={YARD}")
    token = administrator.http.cookies["_csrf_token"]
    path = f"/disclosure/change?site={YARD}&role=customer"
    sent = {**form, "csrf_token": token}
    assert administrator.ask("POST", path, data=sent).status_code == 303
    yield member_of(Role.CUSTOMER)
    path += "&reset=1"
    assert administrator.ask("POST", path, data={"csrf_token": token}).status_code == 303


def test_a_column_that_is_hidden_now_can_not_be_asked_by(unseen: Visitor) -> None:
    def shown() -> list[dict[str, Any]]:
        return rows(unseen, Kind.ORDER)

    assert all("standing" not in row for row in shown())
    asked = [
        unseen.ask("GET", f"/api/v1/orders?site={YARD}&standing={word}").json()["orders"]
        for word in ("late", "on_track", "at_risk", "done")
    ]
    assert asked == [[]] * 4
