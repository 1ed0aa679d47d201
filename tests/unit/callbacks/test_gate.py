"""The gate lets in by name alone, and says nothing to whom it keeps out."""

from datetime import UTC, datetime

import pytest
from flask import Flask
from msgspec.structs import replace

from callbacks.gate import DOORS, MANAGERS, WATCHERS, Door, Gate, Viewer, local_path, viewer
from data.domain.people import Account
from data.domain.scope import Role, Scope
from data.services.errors import Unavailable

PAGES = {
    "/delays": MANAGERS,
    "/orders/<order>": MANAGERS,
    "/supplier": {Role.SUPPLIER},
    "/wall/<screen>": WATCHERS,
}


class Sessions:
    def __init__(self):
        self.away = self.over = False

    def whose(self, token):
        if self.away:
            raise Unavailable("SQL is away")
        if self.over:
            return None
        role, _, party = (token or "").partition("-")
        if role not in set(Role):
            return None
        return Account(
            id=role, login=role, name=role, role=Role(role), sites=("s",), party=party or None,
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
        )  # fmt: skip


def screens(token):
    known = Viewer(scope=Scope(role=Role.SCREEN, sites=("s",)), actor="screen/1", screen="s.A")
    return known if token == "screen.good" else None


@pytest.fixture
def sessions():
    return Sessions()


@pytest.fixture
def client(sessions):
    doors = dict.fromkeys(("anything", "start"), Door.PAGES) | {
        "health": Door.OPEN, "stream": Door.KNOWN, "metrics": Door.LOCAL,
    }  # fmt: skip
    server = Flask("test")
    server.add_url_rule("/<path:path>", "anything", lambda path: viewer().actor)
    server.add_url_rule("/", "start", lambda: viewer().actor)
    server.add_url_rule("/healthz", "health", lambda: "alive")
    server.add_url_rule("/live", "stream", lambda: viewer().actor, methods=["GET", "POST"])
    server.add_url_rule("/metrics", "metrics", lambda: "figures")
    server.add_url_rule("/forgotten", "forgotten", lambda: "a route without a door")
    Gate(sessions, lambda: ("s", "t"), PAGES, {"screen": screens}, doors).register(server)
    return server.test_client()


def ask(client, path, token=None, **more):
    if token is not None:
        client.set_cookie("milepost", token)
    return client.get(path, **more)


def test_a_stranger_is_sent_to_sign_in_and_back_to_where_they_were(client):
    answer = ask(client, "/delays?cause=down&x=1")
    assert answer.status_code == 303
    assert answer.location == "/sign-in?next=%2Fdelays%3Fcause%3Ddown%26x%3D1"


def test_a_stranger_gets_no_stream_and_no_callback(client):
    assert ask(client, "/live").status_code == 401
    assert client.post("/live").status_code == 401


@pytest.mark.parametrize("role", sorted(MANAGERS))
def test_managers_come_to_their_pages(client, role):
    assert ask(client, "/delays", role).text == f"account/{role}"
    assert ask(client, "/orders/SO-1", role).status_code == 200


@pytest.mark.parametrize("path", ["/delays", "/orders/SO-1", "/supplier/x", "/orders", "/orders/"])
def test_a_supplier_finds_nothing_at_all_where_it_may_not_be(client, path):
    assert ask(client, path, "supplier-acme").status_code == 404


def test_somebody_is_known_before_there_is_any_site():
    account = replace(Sessions().whose("administrator"), sites=("*",))
    found = Gate(Sessions(), lambda: (), PAGES).viewer_of(account)
    assert (found.known, found.scope.sites) == (True, ())


def test_a_supplier_comes_to_its_board(client):
    assert ask(client, "/supplier", "supplier-acme").status_code == 200


def test_a_route_that_nobody_named_lets_nobody_in(client):
    assert ask(client, "/forgotten").status_code == 404
    assert ask(client, "/forgotten", "administrator").status_code == 404


def test_what_is_open_is_open(client):
    assert ask(client, "/healthz").text == "alive"


@pytest.mark.parametrize("token", ["", "unknown", "screen.bad", "link.x", "factory.x", "x" * 3000])
def test_a_token_that_proves_nothing_is_nobodys(client, token):
    assert ask(client, "/delays", token).status_code == 303


def test_figures_are_for_this_machine_and_for_administrators(client):
    assert ask(client, "/metrics").status_code == 200
    away = {"environ_base": {"REMOTE_ADDR": "10.1.2.3"}, "base_url": "https://localhost"}
    assert ask(client, "/metrics", **away).status_code == 401
    client.set_cookie("__Host-milepost", "manager", secure=True)
    assert ask(client, "/metrics", **away).status_code == 404
    client.set_cookie("__Host-milepost", "administrator", secure=True)
    assert ask(client, "/metrics", **away).status_code == 200


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
def test_a_forwarded_request_is_not_of_this_machine_whatever_it_says(client, header):
    answer = ask(client, "/metrics", headers={header: "127.0.0.1"})
    assert answer.status_code == 401


def test_without_sql_a_stranger_is_told_to_come_back_and_nothing_more(client, sessions):
    sessions.away = True
    answer = ask(client, "/delays", "manager")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")


def test_without_sql_who_was_known_a_moment_ago_still_is(client, sessions):
    assert ask(client, "/delays", "manager").status_code == 200
    sessions.away = True
    assert ask(client, "/delays", "manager").status_code == 200


def test_over_https_only_the_cookie_that_https_set_counts(client):
    client.set_cookie("milepost", "manager")
    assert client.get("/delays", base_url="https://localhost").status_code == 303
    client.set_cookie("__Host-milepost", "manager", secure=True)
    assert client.get("/delays", base_url="https://localhost").status_code == 200


@pytest.mark.parametrize(
    "away",
    [
        {"environ_base": {"REMOTE_ADDR": "10.1.2.3"}},
        {"headers": {"X-Forwarded-For": "127.0.0.1"}},
        {"base_url": "http://milepost.works"},
    ],
)
def test_without_https_a_session_counts_on_this_machine_alone(client, away):
    assert ask(client, "/delays", "manager", **away).status_code == 303


def test_a_device_opens_its_own_wall_and_nothing_else(client):
    assert ask(client, "/wall/s.A", "screen.good").status_code == 200
    for path in ("/wall/s.B", "/wall/s.A/", "/", "/delays"):
        assert ask(client, path, "screen.good").status_code == 404


class Frames:
    """A stream that ticks at every frame."""

    def __init__(self, clock):
        self.clock, self.closed = clock, False

    def __call__(self):
        try:
            while True:
                self.clock[0] += 5.0
                yield b"beat"
        finally:
            self.closed = True


@pytest.fixture
def clock(monkeypatch):
    at = [1000.0]
    monkeypatch.setattr("callbacks.gate.time.monotonic", lambda: at[0])
    return at


def manager_seen(**changes):
    seen = {"role": Role.MANAGER, "sites": ("s",)} | changes
    return Viewer(scope=Scope(**seen), actor="account/manager")


def test_a_stream_goes_on_while_its_session_does(sessions, clock):
    gate, frames = Gate(sessions, lambda: (), {}), Frames(clock)
    stream = gate.watched(frames(), "manager", manager_seen())
    assert [next(stream) for _ in range(20)] == [b"beat"] * 20


def test_a_stream_ends_at_the_next_heartbeat_after_its_session(sessions, clock):
    gate, frames = Gate(sessions, lambda: (), {}), Frames(clock)
    stream = gate.watched(frames(), "manager", manager_seen())
    next(stream)
    sessions.over = True
    assert list(stream) == []
    assert frames.closed


@pytest.mark.parametrize("change", [{"role": Role.PLANNER}, {"sites": ("s", "t")}])
def test_a_stream_ends_when_its_viewer_may_see_other_things(sessions, clock, change):
    stream = Gate(sessions, lambda: (), {}).watched(
        Frames(clock)(), "manager", manager_seen(**change)
    )
    assert list(stream) == []


@pytest.mark.parametrize(
    "wanted",
    [None, "", "//evil.example", "https://evil.example", "/\\evil", "javascript:x", "/a\nb"],
)
def test_after_signing_in_one_stays_here(wanted):
    assert local_path(wanted) == "/"


def test_after_signing_in_one_comes_back_to_the_page():
    assert local_path("/delays?cause=down") == "/delays?cause=down"


def test_every_door_is_of_a_kind_that_is_known():
    assert set(DOORS.values()) <= set(Door)
