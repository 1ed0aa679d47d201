"""Two people ask the same at the same time: each gets their own, in every process and cache."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from data.domain.scope import Role
from tests import people
from tests.browser.product.program import Program
from tests.security import yard
from tests.security.conftest import CANARIES, Visitor
from tests.security.test_field_matrix import BOARDS
from tests.security.yard import OUTSIDE, OWN, RIVAL, YARD

ROUNDS = 12


def at_once(visitors: list[Visitor], ask: Any) -> list[list[str]]:
    """Have everybody ask the same at the same instant, many times; return what each was told."""
    together = Barrier(len(visitors))

    def all_rounds(visitor: Visitor) -> list[str]:
        told = []
        for _ in range(ROUNDS):
            together.wait(300)
            told.append(ask(visitor))
        return told

    with ThreadPoolExecutor(len(visitors)) as pool:
        return [*pool.map(all_rounds, visitors)]


@pytest.mark.parametrize("role", OUTSIDE)
def test_two_parties_of_one_role_get_their_own_rows(member_of: Any, role: Role) -> None:
    sides = (OWN, RIVAL)
    visitors = [member_of(role, whose) for whose in sides for _ in range(2)]
    path = f"/{BOARDS[role]}"

    def ask(visitor: Visitor) -> str:
        page = visitor.page(path, f"?site={YARD}&lang=en").text
        file = visitor.ask("GET", f"/export{path}.csv?site={YARD}").text
        return page + file + visitor.ask("GET", f"/api/v1/milestones?site={YARD}").text

    told = at_once(visitors, ask)
    for number, texts in enumerate(told):
        own, other = sides[number // 2], sides[1 - number // 2]
        for text in texts:
            assert f"zq{other}" not in text
            assert f"zq{own}" in text


def test_managers_of_two_sites_get_their_own_figures_though_answers_are_kept(
    member_of: Any, shared: Program
) -> None:
    token = people.signed_in(shared.database_url, Role.MANAGER, sites=("works",))
    works, yards = Visitor(shared.address, token), member_of(Role.MANAGER)

    def ask(visitor: Visitor) -> str:
        pages = [visitor.page(path, "?lang=en").text for path in ("/orders", "/delays", "/figures")]
        return json.dumps(pages)

    told = at_once([works, yards], ask)
    for text in told[0]:
        assert not [word for word in yard.every_word() if word in text]
        assert CANARIES[0] in text
    for text in told[1]:
        assert CANARIES[0] not in text
        assert yard.Word(OWN, "order").text in text
    works.http.close()


def test_one_browser_that_changes_its_reader_gets_the_new_ones_rows(shared: Program) -> None:
    """As in a shop where several people use one computer: nothing of the one before is kept."""
    visitor = Visitor(shared.address)
    for whose, other in ((OWN, RIVAL), (RIVAL, OWN), (OWN, RIVAL)):
        party = yard.party(whose, Role.CUSTOMER)
        token = people.signed_in(shared.database_url, Role.CUSTOMER, party, sites=(YARD,))
        visitor.http.cookies.clear()
        visitor.http.cookies.set("milepost", token)
        text = visitor.page("/customer", f"?site={YARD}&lang=en").text
        assert f"zq{whose}" in text
        assert f"zq{other}" not in text
    visitor.http.close()
