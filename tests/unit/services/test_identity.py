"""Identity: who gets in, who doesn't, and what an attempt tells."""

from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from data.domain.people import PersonError, Purpose
from data.domain.scope import Role
from data.services.identity import ABSOLUTE, IDLE, Identity, Refused, hashed
from data.services.sealing import Box, is_sealed
from data.services.totp import accepted_step, new_secret
from tests.unit.fakes import CHEAP, FakePeople

START = datetime(2026, 11, 24, 8, tzinfo=UTC)
KEY = bytes(range(32))
GOOD = "correct horse battery"


class Clock:
    def __init__(self):
        self.at = START

    def __call__(self):
        return self.at

    def pass_(self, **time):
        self.at += timedelta(**time)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def people():
    return FakePeople()


@pytest.fixture
def identity(people, clock):
    return Identity(people, clock, Box(KEY), CHEAP)


@pytest.fixture
def lin(identity):
    account = identity.create("Lin@acme.example", "Lin", Role.SUPPLIER, ["hsinchu"], "acme")
    token = identity.invite(account.id, "admin")
    return identity.set_password(token, Purpose.INVITATION, GOOD)


def signed_in(identity, password=GOOD, login="lin@acme.example", code=None, address="10.0.0.1"):
    return identity.sign_in(login, password, code, address)


def test_an_invited_person_sets_a_password_and_gets_in(identity, lin):
    found = signed_in(identity)
    assert identity.whose(found.token).id == lin.id


def test_the_login_is_compared_without_case_and_spaces(identity, lin):
    assert identity.whose(signed_in(identity, login=" LIN@acme.example ").token).id == lin.id


def test_only_the_hash_of_a_token_is_kept(identity, lin, people):
    found = signed_in(identity)
    assert list(people.opened) == [hashed(found.token)]
    assert found.token not in repr(people.opened)


@pytest.mark.parametrize("login", ["lin@acme.example", "nobody@acme.example"])
def test_wrong_and_unknown_are_answered_alike(identity, lin, login):
    assert signed_in(identity, "not this one", login) is Refused.WRONG


def test_who_has_not_taken_the_invitation_does_not_get_in(identity):
    identity.create("wu.manager", "Wu", Role.MANAGER, ["hsinchu"])
    assert signed_in(identity, "", "wu.manager") is Refused.WRONG


def test_ten_wrong_ones_lock_the_login_for_a_quarter_of_an_hour(identity, lin, clock):
    for _ in range(10):
        assert signed_in(identity, "wrong") is Refused.WRONG
    assert signed_in(identity) is Refused.LOCKED
    clock.pass_(minutes=15, seconds=1)
    assert not isinstance(signed_in(identity), Refused)


def test_many_wrong_ones_from_an_address_lock_the_address_alone(identity, lin):
    for number in range(50):
        assert signed_in(identity, "wrong", f"user{number}", address="10.9.9.9") is Refused.WRONG
    assert signed_in(identity, address="10.9.9.9") is Refused.LOCKED
    assert not isinstance(signed_in(identity, address="10.0.0.2"), Refused)


def test_getting_in_forgets_the_wrong_ones_before(identity, lin, clock):
    for _ in range(3):
        for _ in range(6):
            clock.pass_(seconds=1)
            signed_in(identity, "wrong")
        clock.pass_(seconds=1)
        assert not isinstance(signed_in(identity), Refused)


@pytest.mark.parametrize("rest", [IDLE + timedelta(seconds=1), ABSOLUTE + timedelta(seconds=1)])
def test_a_session_ends_by_itself(identity, lin, clock, rest):
    token = signed_in(identity).token
    clock.at += rest
    assert identity.whose(token) is None


def test_a_session_in_use_goes_on_until_its_absolute_end(identity, lin, clock):
    token = signed_in(identity).token
    while clock.at + timedelta(hours=6) - START <= ABSOLUTE:
        clock.pass_(hours=6)
        assert identity.whose(token) is not None
    clock.pass_(hours=6)
    assert identity.whose(token) is None


def test_signing_out_ends_the_session_at_once(identity, lin):
    token, other = signed_in(identity).token, signed_in(identity).token
    identity.sign_out(token)
    assert identity.whose(token) is None
    assert identity.whose(other) is not None


def test_disabling_ends_all_sessions_and_lets_nobody_in(identity, lin):
    token = signed_in(identity).token
    identity.disable(lin.id)
    assert identity.whose(token) is None
    assert signed_in(identity) is Refused.WRONG
    identity.enable(lin.id)
    assert identity.whose(token) is None
    assert not isinstance(signed_in(identity), Refused)


def test_a_new_password_ends_all_sessions(identity, lin):
    token = signed_in(identity).token
    identity.change_password(lin, "another good one")
    assert identity.whose(token) is None
    assert signed_in(identity) is Refused.WRONG


def test_a_link_works_once_until_it_ends_and_for_its_purpose_alone(identity, lin, clock):
    token = identity.invite(lin.id, "admin", Purpose.RESET)
    assert identity.set_password(token, Purpose.INVITATION, "another good one") is None
    assert identity.set_password(token, Purpose.RESET, "another good one") is not None
    assert identity.set_password(token, Purpose.RESET, "a third good one") is None
    late = identity.invite(lin.id, "admin", Purpose.RESET)
    clock.pass_(hours=2)
    assert identity.set_password(late, Purpose.RESET, "a third good one") is None
    assert identity.set_password("made up", Purpose.RESET, "a third good one") is None


@pytest.mark.parametrize(
    "password", ["short", "aaaaaaaaaaaaaaaa", "lin is my name, yes", "x" * 2000]
)
def test_a_password_that_will_not_do_leaves_the_link_as_it_was(identity, lin, password):
    token = identity.invite(lin.id, "admin", Purpose.RESET)
    with pytest.raises(PersonError, match="password"):
        identity.set_password(token, Purpose.RESET, password)
    assert identity.set_password(token, Purpose.RESET, "another good one") is not None


def test_with_an_authenticator_a_code_is_asked_for_and_counts_once(identity, lin, people, clock):
    secret = new_secret()
    assert not identity.enrol_totp(lin, secret, "000000")
    assert identity.enrol_totp(lin, secret, pyotp.TOTP(secret).at(clock.at))
    assert signed_in(identity) is Refused.CODE
    assert signed_in(identity, code=pyotp.TOTP(secret).at(clock.at)) is Refused.CODE
    clock.pass_(seconds=30)
    code = pyotp.TOTP(secret).at(clock.at)
    assert not isinstance(signed_in(identity, code=code), Refused)
    assert signed_in(identity, code=code) is Refused.CODE
    identity.drop_totp(lin.id)
    assert not isinstance(signed_in(identity), Refused)


def enrolled(identity, lin, clock):
    secret = new_secret()
    assert identity.enrol_totp(lin, secret, pyotp.TOTP(secret).at(clock.at))
    clock.pass_(seconds=30)
    return secret


def test_the_secret_of_an_authenticator_is_kept_under_seal_and_works(identity, lin, people, clock):
    secret = enrolled(identity, lin, clock)
    kept = people.accounts[lin.id].totp_secret
    assert is_sealed(kept) and secret not in kept
    assert not isinstance(signed_in(identity, code=pyotp.TOTP(secret).at(clock.at)), Refused)


def test_a_secret_that_was_kept_in_clear_works_and_is_sealed_by_its_next_use(
    identity, lin, people, clock
):
    secret = new_secret()
    people.change(lin.id, totp_secret=secret)
    assert signed_in(identity, code="000000") is Refused.CODE
    assert people.accounts[lin.id].totp_secret == secret
    assert not isinstance(signed_in(identity, code=pyotp.TOTP(secret).at(clock.at)), Refused)
    assert is_sealed(people.accounts[lin.id].totp_secret)
    clock.pass_(seconds=30)
    assert not isinstance(signed_in(identity, code=pyotp.TOTP(secret).at(clock.at)), Refused)


def test_with_another_secret_of_the_program_nobody_gets_in_by_a_code_and_it_says_so(
    identity, lin, people, clock
):
    secret = enrolled(identity, lin, clock)
    other = Identity(people, clock, Box(bytes(32)), CHEAP)
    code = pyotp.TOTP(secret).at(clock.at)
    assert signed_in(other, code=code) is Refused.SECRET
    assert signed_in(other, password="wrong wrong wrong", code=code) is Refused.WRONG
    other.drop_totp(lin.id)
    assert not isinstance(signed_in(other), Refused)


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "１２３４５６", "12 34"])
def test_what_is_no_code_is_refused(code):
    assert accepted_step(new_secret(), code, START, 0) is None


@pytest.mark.parametrize("secret", ["", "x", "JBSWY3DP", "not base 32!", "金" * 40, "\x00" * 32])
def test_what_is_no_secret_has_no_code(secret):
    assert accepted_step(secret, "123456", START, 0) is None


@pytest.mark.parametrize(
    ("field", "person"),
    [
        ("login", ("a b", "Lin", Role.MANAGER, None)),
        ("login", ("ab", "Lin", Role.MANAGER, None)),
        ("name", ("lin", "  ", Role.MANAGER, None)),
        ("role", ("lin", "Lin", Role.FACTORY, None)),
        ("party", ("lin", "Lin", Role.SUPPLIER, None)),
        ("party", ("lin", "Lin", Role.MANAGER, "acme")),
    ],
)
def test_what_a_person_can_not_be_is_named(identity, field, person):
    login, name, role, party = person
    with pytest.raises(PersonError, match=field):
        identity.create(login, name, role, ["hsinchu"], party)


def test_a_login_is_taken_once(identity, lin):
    assert identity.create("LIN@acme.example", "Lin 2", Role.MANAGER, ["hsinchu"]) is None


@pytest.mark.parametrize("token", [None, "", "unknown", "x" * 5000])
def test_no_token_is_nobodys(identity, lin, token):
    assert identity.whose(token) is None


def test_a_provider_finds_its_person_by_a_verified_address_once_then_by_subject(identity, lin):
    assert identity.by_provider("https://id sub-1", None) is None
    assert identity.by_provider("https://id sub-1", "Lin@acme.example").id == lin.id
    assert identity.by_provider("https://id sub-1", None).id == lin.id


def test_an_account_that_a_subject_has_taken_is_nobody_elses(identity, lin):
    identity.by_provider("https://id sub-1", "lin@acme.example")
    assert identity.by_provider("https://id sub-2", "lin@acme.example") is None


def test_a_provider_lets_in_neither_strangers_nor_the_disabled(identity, lin):
    assert identity.by_provider("https://id sub-1", "stranger@acme.example") is None
    identity.by_provider("https://id sub-1", "lin@acme.example")
    identity.disable(lin.id)
    assert identity.by_provider("https://id sub-1", "lin@acme.example") is None
