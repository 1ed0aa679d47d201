"""Signing in and out over HTTP: what is let in, what is refused, and what is told of it."""

import re
from html import unescape

import dash
import pyotp
import pytest
from flask import Blueprint

from callbacks.desk.shell import Shell
from callbacks.hub import Hub
from callbacks.walls import Walls
from callbacks.web import build
from data.domain.audit import Action
from data.domain.scope import Role
from data.services.errors import Unavailable
from layouts.screens import Screens
from tests.unit.callbacks.desk.places import Places, Recorded, live_site
from tests.unit.fakes import PASSWORD, Entrance, csrf_of

AWAY = {"REMOTE_ADDR": "10.1.2.3"}
NEW = "another five words for it"


class Silent:
    """Routes of which there are none."""

    def blueprint(self) -> Blueprint:
        return Blueprint(f"silent{id(self)}", __name__)

    def is_ready(self) -> bool:
        return True


@pytest.fixture
def entrance():
    return Entrance()


@pytest.fixture
def server(entrance):
    dash.page_registry.clear()
    walls = Walls(Places(live_site()), Screens(named={}, defaults={}), "b")
    shell = Shell(Places(live_site()), (Recorded(),), None, "en")
    yield build(walls, Hub("b"), Silent(), Silent(), entrance.entry, "en", shell)
    dash.page_registry.clear()


@pytest.fixture
def client(server):
    return server.test_client()


def field_of(answer, name="csrf_token"):
    return re.search(rf'name="{name}" value="([^"]*)"', answer.text)[1]


def try_in(client, login, password, code="", onward="/", **more):
    form = {"login": login, "password": password, "code": code, "next": onward}
    form["csrf_token"] = field_of(client.get("/sign-in", **more))
    return client.post("/sign-in", data=form, **more)


def come_in(client, entrance, role=Role.MANAGER, **more):
    account = entrance.account(role)
    return account, try_in(client, account.login, PASSWORD, **more)


def send(client, path, **form):
    return client.post(path, data={"csrf_token": csrf_of(client), **form})


def token_in(client):
    found = client.get_cookie("milepost")
    return None if found is None else found.value


def test_who_knows_the_password_comes_in_and_on_to_the_page_that_was_asked_for(client, entrance):
    _, answer = come_in(client, entrance, onward="/orders?q=1")
    assert (answer.status_code, answer.location) == (303, "/orders?q=1")
    assert client.get("/orders").status_code == 200
    assert entrance.deeds()[-1].action is Action.SIGNED_IN


@pytest.mark.parametrize("onward", ["//evil.example", "https://evil.example/", "/\\evil.example"])
def test_nobody_is_sent_elsewhere_after_signing_in(client, entrance, onward):
    _, answer = come_in(client, entrance, onward=onward)
    assert answer.location == "/"
    assert client.get("/sign-in", query_string={"next": onward}).location == "/"


def test_in_another_language_one_still_comes_back_to_the_page(client):
    shown = client.get("/sign-in", query_string={"next": "/orders?q=1&lang=en"})
    [english] = re.findall(r'href="([^"]*)" lang="en"', shown.text)
    assert field_of(client.get(f"/sign-in{unescape(english)}"), "next") == (
        "/orders?q=1&amp;lang=en"
    )
    wrong = try_in(client, "nobody", "wrong", onward="/delays")
    assert "next=%2Fdelays" in wrong.text


def test_the_session_cookie_is_kept_from_scripts_and_other_sites(client, entrance):
    _, answer = come_in(client, entrance)
    [cookie] = [c for c in answer.headers.getlist("Set-Cookie") if c.startswith("milepost=")]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))


def test_over_https_the_session_cookie_goes_over_https_alone(client, entrance):
    _, answer = come_in(client, entrance, base_url="https://localhost")
    [cookie] = [c for c in answer.headers.getlist("Set-Cookie") if c.startswith("__Host-milepost=")]
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


@pytest.mark.parametrize("base", ["http://milepost.works:8050", "http://localhost"])
def test_without_https_nobody_signs_in_from_elsewhere(client, entrance, base):
    account = entrance.account()
    shown = client.get("/sign-in", base_url=base, environ_base=AWAY)
    assert (shown.status_code, "needs https" in shown.text) == (403, True)
    assert "Set-Cookie" not in shown.headers
    form = {"login": account.login, "password": PASSWORD}
    assert client.post("/sign-in", data=form, base_url=base, environ_base=AWAY).status_code == 400
    assert entrance.people.opened == {}


@pytest.mark.parametrize(
    "headers", [{"X-Forwarded-Proto": "https"}, {"X-Forwarded-For": "127.0.0.1"}]
)
def test_what_a_stranger_says_of_a_proxy_changes_nothing(client, headers):
    shown = client.get("/sign-in", headers=headers, environ_base=AWAY)
    assert (shown.status_code, "Set-Cookie" in shown.headers) == (403, False)


def test_a_proxy_on_this_machine_is_believed(client, entrance):
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "6.6.6.6, 10.1.2.3"}
    account = entrance.account()
    token = field_of(client.get("/sign-in", headers=headers))
    form = {"login": account.login, "password": "wrong one", "csrf_token": token}
    client.post("/sign-in", data=form, headers=headers, base_url="https://localhost")
    assert entrance.deeds()[-1].address == "10.1.2.3"


def test_a_stranger_cannot_choose_the_address_that_is_counted(client, entrance):
    for number in range(60):
        headers = {"X-Forwarded-For": f"7.7.7.{number}", "X-Forwarded-Proto": "https"}
        more = {"headers": headers, "environ_base": AWAY, "base_url": "https://localhost"}
        try_in(client, f"nobody-{number}", "wrong", **more)
    assert {address for _, address, _, _ in entrance.people.attempts} == {"10.1.2.3"}
    assert len(entrance.people.attempts) == 50


def test_a_thousand_wrong_passwords_are_stopped_and_tell_nothing_of_who_is_there(client, entrance):
    login = entrance.account().login
    told = {}
    for name in (login, "nobody@works.example"):
        entrance.people.attempts.clear()
        answers = [try_in(client, name, f"wrong {number}") for number in range(500)]
        told[name] = [
            (a.status_code, re.sub(r'value="[^"]*"', "", a.text)) for a in answers
        ]  # fmt: skip
        assert len(entrance.people.attempts) == 10
    assert told[login] == told["nobody@works.example"]
    assert [status for status, _ in told[login]] == [401] * 10 + [429] * 490


def test_while_it_is_locked_the_right_password_does_not_open_it(client, entrance):
    login = entrance.account().login
    for _ in range(10):
        try_in(client, login, "wrong")
    assert try_in(client, login, PASSWORD).status_code == 429
    assert token_in(client) is None


def test_a_disabled_account_answers_as_a_wrong_password_does(client, entrance):
    account = entrance.account()
    entrance.identity.disable(account.id)
    refused = try_in(client, account.login, PASSWORD)
    wrong = try_in(client, "nobody", "wrong")
    assert refused.status_code == wrong.status_code == 401
    assert entrance.deeds()[-2].detail == entrance.deeds()[-1].detail


def test_signing_out_ends_the_session_itself(client, entrance):
    come_in(client, entrance)
    kept = token_in(client)
    assert send(client, "/sign-out").location == "/sign-in"
    client.set_cookie("milepost", kept)
    assert client.get("/orders").status_code == 303
    assert entrance.deeds()[-1].action is Action.SIGNED_OUT


def test_another_sites_form_signs_nobody_out(client, entrance):
    come_in(client, entrance)
    assert client.post("/sign-out").status_code == 400
    foreign = {"Origin": "https://evil.example", "X-CSRFToken": csrf_of(client)}
    assert client.post("/sign-out", headers=foreign).status_code == 403
    assert client.get("/orders").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:81"},
        {"Origin": "https://localhost"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_callback_that_another_sites_page_sends_is_refused(client, entrance, headers):
    token = entrance.sign_in(client)
    answer = client.post(
        "/_dash-update-component", json={}, headers={"X-CSRFToken": token, **headers}
    )
    assert answer.status_code == 403


@pytest.mark.parametrize("token", [None, "", "x", "stale"])
def test_a_callback_without_our_token_is_refused(client, entrance, server, token):
    entrance.sign_in(client)
    if token == "stale":
        token = entrance.sign_in(server.test_client(), Role.PLANNER)
    headers = {} if token is None else {"X-CSRFToken": token}
    answer = client.post("/_dash-update-component", json={}, headers=headers)
    assert answer.status_code == 400


def test_a_new_password_ends_every_other_session_at_once(client, entrance, server):
    account, _ = come_in(client, entrance)
    other = server.test_client()
    try_in(other, account.login, PASSWORD)
    answer = send(client, "/account/password", password=PASSWORD, new_password=NEW)
    assert answer.status_code == 303
    assert other.get("/orders").status_code == 303
    assert client.get("/orders").status_code == 200
    assert try_in(server.test_client(), account.login, PASSWORD).status_code == 401
    assert try_in(server.test_client(), account.login, NEW).status_code == 303


def test_a_password_is_changed_by_who_knows_the_present_one(client, entrance):
    come_in(client, entrance)
    answer = send(client, "/account/password", password="wrong", new_password=NEW)
    assert (answer.status_code, "present password is wrong" in answer.text) == (422, True)


def test_a_code_is_asked_for_once_an_authenticator_is_set_up(client, entrance, server):
    account, _ = come_in(client, entrance)
    secret = field_of(client.get("/account"), "secret")
    code = pyotp.TOTP(secret).now()
    assert send(client, "/account/totp", secret=secret, code="000000x").status_code == 422
    assert send(client, "/account/totp", secret=secret, code=code).status_code == 303
    fresh = server.test_client()
    asked = try_in(fresh, account.login, PASSWORD)
    assert (asked.status_code, 'name="code"' in asked.text) == (401, True)
    assert try_in(fresh, account.login, PASSWORD, code).status_code == 401  # it was used
    assert token_in(fresh) is None


def test_an_invitation_lets_its_owner_in_once(client, entrance):
    account = entrance.identity.create("lin@acme.example", "Lin", Role.SUPPLIER, ["north"], "P1")
    link = f"/invitation/{entrance.identity.invite(account.id, 'admin')}"
    token = field_of(client.get(link))
    short = client.post(link, data={"csrf_token": token, "new_password": "short"})
    assert short.status_code == 422
    form = {"csrf_token": token, "new_password": PASSWORD}
    assert client.post(link, data=form).status_code == 303
    assert token_in(client) is not None
    assert client.get(link).status_code == 410
    assert client.get("/reset/" + link.rpartition("/")[2]).status_code == 410


def test_pages_say_whose_scripts_may_run(client, entrance):
    come_in(client, entrance)
    for path in ("/", "/orders", "/account"):
        policy = client.get(path).headers["Content-Security-Policy"]
        parts = dict(part.split(" ", 1) for part in policy.split("; "))
        assert "unsafe" not in parts["script-src"]
        assert parts["default-src"] == "'none'"
        assert parts["frame-ancestors"] == "'self'"


def test_other_roles_do_not_find_the_page_of_administrators(client, entrance):
    assert client.get("/people").status_code == 303
    for role in sorted({Role.MANAGER, Role.AUDITOR, Role.SUPPLIER}):
        entrance.sign_in(client, role, "P1" if role is Role.SUPPLIER else None)
        assert client.get("/people").status_code == 404
        assert send(client, "/people", login="x", name="x", role="manager").status_code == 404


def test_administrators_invite_and_keep_out(client, entrance, server):
    entrance.sign_in(client, Role.ADMINISTRATOR)
    form = {"login": "New@acme.example", "name": "New", "role": "customer", "sites": "*"}
    assert send(client, "/people", **form).status_code == 422  # a customer has a party
    for forged in ({"party": "P1"}, {"party-supplier": "P1"}, {"party-customer": "P9"}):
        assert send(client, "/people", **form, **forged).status_code == 422
    shown = send(client, "/people", **form, **{"party-customer": "Aurelia Telecom"})
    link = re.search(r"http://localhost(/invitation/[\w-]+)", shown.text)[1]
    theirs = server.test_client()
    token = field_of(theirs.get(link))
    theirs.post(link, data={"csrf_token": token, "new_password": PASSWORD})
    account = entrance.people.by_login("new@acme.example")
    assert (account.role, account.party) == (Role.CUSTOMER, "P1")
    assert theirs.get("/account").status_code == 200
    assert send(client, f"/people/{account.id}/disable").status_code == 303
    assert theirs.get("/account").status_code == 303
    told = [deed.detail.get("changed") for deed in entrance.deeds()]
    assert "disabled" in told
    assert link.rpartition("/")[2] not in repr(entrance.deeds())


def test_an_administrator_is_not_locked_out_by_the_own_hand(client, entrance):
    entrance.sign_in(client, Role.ADMINISTRATOR)
    own = entrance.account(Role.ADMINISTRATOR)
    assert send(client, f"/people/{own.id}/disable").status_code == 422
    assert client.get("/people").status_code == 200


def test_what_people_are_called_stays_text(client, entrance):
    entrance.account(Role.PLANNER)
    entrance.sign_in(client, Role.ADMINISTRATOR)
    bad = "<script>alert(1)</script>"
    send(client, "/people", login="bad@x", name=bad, role="planner", sites="*")
    assert bad not in client.get("/people").text
    assert "&lt;script&gt;" in client.get("/people").text


def test_when_the_trail_cannot_be_written_nobody_comes_in(client, entrance, monkeypatch):
    account = entrance.account()
    monkeypatch.setattr(entrance.trail, "append", unavailable)
    assert try_in(client, account.login, PASSWORD).status_code == 503
    assert token_in(client) is None


def unavailable(*_):
    raise Unavailable("SQL is away")
