"""A screen is let in by its code, shows its one wall for years, and is kept out at once."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from data.domain.audit import Action
from data.domain.screens import ALPHABET, CODE_LASTS, CODE_LENGTH, ONLINE_WITHIN, in_groups
from data.services.accounts_desk import By
from data.services.audit import Audit
from data.services.errors import Unavailable
from data.services.screens import MOST_ASKED, MOST_WRONG, CodeError, Devices
from tests.unit.fakes import FakePeople, FakeScreens, FakeTrail

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
MAY = By("account/may", "10.0.0.1")
SITES = {"north.A": "north", "north.B": "north"}


class Clock:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store():
    return FakeScreens()


@pytest.fixture
def trail():
    return FakeTrail()


@pytest.fixture
def devices(store, trail, clock):
    return Devices(store, FakePeople(), Audit(trail, b"secret", clock), b"key", clock)


def let_in(devices, screen="north.A"):
    token = devices.ask(screen, "10.0.0.9")
    devices.enrol(MAY, devices.waiting(token).code, "", SITES.get)
    return token


def why(devices, code, screen="", by=MAY):
    with pytest.raises(CodeError) as caught:
        devices.enrol(by, code, screen, SITES.get)
    return caught.value.why


def test_a_code_has_eight_signs_that_nobody_takes_for_each_other(devices):
    codes = {devices.waiting(devices.ask(None, "10.0.0.9")).code for _ in range(40)}
    assert len(codes) == 40
    assert all(len(code) == CODE_LENGTH and set(code) <= set(ALPHABET) for code in codes)
    assert not set("01OIL2Z5S") & set(ALPHABET)


def test_a_browser_that_waits_shows_nothing_and_keeps_its_code(devices, clock):
    token = devices.ask("north.A", "10.0.0.9")
    before = devices.waiting(token)
    clock.now += CODE_LASTS - timedelta(seconds=1)
    assert devices.showing(token) is None
    assert devices.waiting(token) == before


def test_a_code_ends_after_ten_minutes_and_another_one_is_shown(devices, clock):
    token = devices.ask("north.A", "10.0.0.9")
    old = devices.waiting(token).code
    clock.now += CODE_LASTS
    new = devices.waiting(token).code
    assert new != old
    clock.now += timedelta(seconds=1)
    assert why(devices, old) == "code"
    devices.enrol(MAY, new, "", SITES.get)
    assert devices.showing(token).screen == "north.A"


def test_a_code_may_be_typed_in_groups_and_small_letters(devices):
    token = devices.ask("north.A", "10.0.0.9")
    typed = f" {in_groups(devices.waiting(token).code).lower()} "
    devices.enrol(MAY, typed, "north.B", SITES.get)
    assert devices.showing(token).screen == "north.B"


def test_a_code_lets_one_browser_in_once(devices):
    token = devices.ask("north.A", "10.0.0.9")
    code = devices.waiting(token).code
    devices.enrol(MAY, code, "", SITES.get)
    assert devices.waiting(token) is None
    assert why(devices, code) == "code"


def test_a_screen_that_nobody_may_choose_is_not_shown(devices):
    token = devices.ask(None, "10.0.0.9")
    code = devices.waiting(token).code
    assert why(devices, code) == "screen"
    assert why(devices, code, "south.A") == "screen"
    assert devices.waiting(token).code == code


def test_wrong_codes_are_few_and_written_down(devices, trail, clock):
    for _ in range(MOST_WRONG):
        assert why(devices, "AAAAAAAA") == "code"
    token = devices.ask("north.A", "10.0.0.9")
    right = devices.waiting(token).code
    assert why(devices, right) == "often"
    assert {one.deed.action for one in trail.records} == {Action.REFUSED}
    assert len(trail.records) == MOST_WRONG + 1
    devices.enrol(By("account/lin", "10.0.0.2"), right, "", SITES.get)
    assert devices.showing(token) is not None


def test_one_address_asks_for_so_many_screens_and_no_more(devices, store):
    for _ in range(MOST_ASKED):
        assert devices.ask(None, "10.0.0.9")
    assert devices.ask(None, "10.0.0.9") is None
    assert devices.ask(None, "10.0.0.8")
    assert len(store.rows) == MOST_ASKED + 1


def test_what_never_was_let_in_is_forgotten(devices, store, clock):
    shown, waits = let_in(devices), devices.ask(None, "10.0.0.9")
    clock.now += timedelta(days=2)
    devices.ask(None, "10.0.0.9")
    assert devices.waiting(waits) is None
    assert devices.showing(shown)
    assert len(store.rows) == 2


def test_a_screen_shows_its_wall_for_years(devices, clock):
    token = let_in(devices)
    clock.now += timedelta(days=4 * 365)
    assert devices.showing(token).screen == "north.A"


def test_a_screen_in_use_is_online_and_one_that_is_silent_dark(devices, store, clock):
    token = let_in(devices)
    for _ in range(20):
        clock.now += timedelta(seconds=5)
        devices.showing(token)
        assert store.one(token).is_online(clock.now)
    clock.now += ONLINE_WITHIN + timedelta(seconds=1)
    assert not store.one(token).is_online(clock.now)


def test_a_screen_with_another_version_than_the_one_served_is_told_apart(devices, store):
    token = let_in(devices)
    devices.given(token, "one")
    assert not store.one(token).is_outdated("one")
    assert store.one(token).is_outdated("two")


def test_keeping_a_screen_out_ends_its_token_at_once(devices, trail):
    token = let_in(devices)
    name = devices.showing(token).id
    assert not devices.revoke(MAY, name, ["south"])
    assert devices.revoke(MAY, name, ["north"])
    assert devices.showing(token) is None
    assert devices.waiting(token) is None
    assert not devices.revoke(MAY, name, ["north"])
    done = [one.deed.detail["changed"] for one in trail.records]
    assert done == ["enrolled", "revoked"]


@pytest.mark.parametrize(
    "token", [None, "", "screen.", "screen.x", "x" * 43, "screen." + "x" * 200]
)
def test_a_token_that_nobody_was_given_shows_nothing(devices, token):
    let_in(devices)
    assert devices.showing(token) is None
    assert devices.waiting(token) is None


def test_the_token_and_the_code_are_kept_as_hashes(devices, store):
    token = devices.ask("north.A", "10.0.0.9")
    code = devices.waiting(token).code
    kept = repr(store.one(token))
    assert token.partition(".")[2] not in kept
    assert code not in kept


def test_a_page_is_given_without_sql_too(devices, store):
    token = let_in(devices)

    def away(_):
        raise Unavailable("SQL is away")

    store.by_token = away
    devices.given(token, "one")
    with pytest.raises(Unavailable):
        devices.showing(token)


def test_a_code_that_another_process_just_took_lets_nobody_in(devices, store):
    token = devices.ask("north.A", "10.0.0.9")
    code = devices.waiting(token).code
    found = store.one(token)

    def place(_):
        store.rows[found.id] = replace(found, enrolled_at=NOW, screen="north.B", site="north")
        return "north"

    with pytest.raises(CodeError):
        devices.enrol(MAY, code, "", place)
    assert store.one(token).screen == "north.B"
