"""Nobody is led to a page that the gate would not let them open."""

import pytest

from callbacks.gate import DOORS, ROLES, Viewer
from callbacks.tools import tools_of
from data.domain.people import OUTSIDE, PEOPLE, Account
from data.domain.scope import Role, Scope
from layouts.text import translator
from tests.unit.callbacks.desk.places import NOW

EN = translator("en")


def someone(role, known=True):
    account = Account(id="1", login="may", name="May", role=role, sites=("*",), created_at=NOW)
    scope = Scope(role=role, sites=("north",), party="P1" if role in OUTSIDE else None)
    return Viewer(scope=scope, actor="account/1", account=account if known else None)


@pytest.mark.parametrize("role", PEOPLE)
def test_each_role_is_led_to_the_pages_that_its_doors_open_and_to_no_others(role):
    shown = {path.strip("/") for _, path in tools_of(someone(role), EN)}
    listed = {name.removesuffix(".listed"): door for name, door in DOORS.items()
              if name.endswith(".listed") and door in ROLES}  # fmt: skip
    assert shown == {name for name, door in listed.items() if role in ROLES[door]}


def test_who_came_by_a_link_or_a_screen_is_led_to_none():
    assert tools_of(someone(Role.ADMINISTRATOR, known=False), EN) == []
