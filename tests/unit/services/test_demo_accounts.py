"""The demo's people: made once, with passwords that only the program's account can read."""

import stat

import pytest

from data.domain.scope import Role
from data.services.demo_accounts import FILE, PERSONS, demo_accounts
from data.services.identity import SignedIn
from tests.unit.fakes import Entrance


@pytest.fixture
def entrance():
    return Entrance()


def made(entrance, folder):
    return demo_accounts(entrance.identity, entrance.people, folder, "hsinchu")


def test_everybody_can_sign_in_with_the_password_that_is_told(entrance, tmp_path):
    for one, password in made(entrance, tmp_path):
        found = entrance.identity.sign_in(one.login, password, None, "127.0.0.1")
        assert isinstance(found, SignedIn)
        assert (found.account.role, found.account.sites) == (one.role, ("hsinchu",))


def test_there_is_one_of_every_role_and_two_suppliers():
    roles = [one.role for one in PERSONS]
    assert set(roles) == set(Role) - {Role.FACTORY, Role.SOURCE, Role.SCREEN}
    assert roles.count(Role.SUPPLIER) == 2


def test_a_second_start_tells_the_same_and_changes_nothing(entrance, tmp_path):
    first, accounts = made(entrance, tmp_path), dict(entrance.people.accounts)
    assert made(entrance, tmp_path) == first
    assert entrance.people.accounts == accounts


def test_on_a_fresh_database_the_file_is_made_anew(entrance, tmp_path):
    first = made(entrance, tmp_path)
    other = Entrance()
    for one, password in made(other, tmp_path):
        assert isinstance(other.identity.sign_in(one.login, password, None, "x"), SignedIn)
        assert (one, password) not in first


def test_nobody_else_can_read_the_passwords(entrance, tmp_path):
    made(entrance, tmp_path)
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
