"""Guessing passwords: stopped over all processes at once, and nothing told of who is there."""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest
import requests
from argon2 import PasswordHasher, extract_parameters

from data.domain.scope import Role
from data.services.identity import MOST_FAILED_LOGIN, Identity, Refused
from data.services.sealing import Box
from tests import people
from tests.browser.product.program import ROOT, Program, wait_for
from tests.ports import free_port
from tests.security.conftest import Visitor
from tests.unit.fakes import FakePeople

GUESSES, AT_ONCE = 1000, 12
NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture(scope="module")
def workers(guarded: Program) -> Iterator[list[str]]:
    """The addresses of two web processes on the same engines."""
    port = str(free_port())
    process = subprocess.Popen(
        [sys.executable, "app.py", "web"], cwd=ROOT, env={**guarded.env, "PORT": port},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    wait_for(lambda: _answers(address), 180, "the second process serves")
    yield [guarded.address, address]
    process.terminate()
    process.wait(120)


def _answers(address: str) -> bool:
    try:
        return requests.get(f"{address}/healthz", timeout=2).ok
    except requests.RequestException:
        return False


class Form(NamedTuple):
    """A form to sign in with, as one worker gave it over https: its token and its cookie."""

    visitor: Visitor
    token: str
    cookie: str


def form_of(address: str) -> Form:
    visitor = Visitor(address)
    answer = visitor.ask("GET", "/sign-in", headers=through_proxy("10.9.0.0"))
    found = re.search(r'name="csrf_token" value="([^"]+)"', answer.text)
    assert found is not None
    return Form(visitor, found[1], answer.headers["Set-Cookie"].partition(";")[0])


def through_proxy(source: str) -> dict[str, str]:
    """What the proxy on this machine says of a request that came to it."""
    return {"X-Forwarded-For": source, "X-Forwarded-Proto": "https"}


def guess(form: Form, login: str, number: int, source: str) -> tuple[int, str]:
    """Try one password, once: also what the program puts off it may have counted."""
    sent = {"login": login, "password": f"guess {number}", "csrf_token": form.token}
    headers = {**through_proxy(source), "Cookie": form.cookie}
    more = {"data": sent, "headers": headers, "timeout": 60, "allow_redirects": False}
    answer = form.visitor.once("POST", "/sign-in", **more)
    return answer.status_code, re.sub(r'value="[^"]*"|next=[^"&]*', "", answer.text)


def test_a_thousand_guesses_over_several_processes_are_stopped_and_tell_nothing(
    guarded: Program, workers: list[str]
) -> None:
    """Half at somebody's login, half at nobody's, many at once and each from another address."""
    known = people.account_of(guarded.database_url, Role.MANAGER, login="known@works.example").login
    forms = [form_of(workers[number % len(workers)]) for number in range(AT_ONCE)]

    def attack(place: int) -> list[tuple[str, int, str]]:
        told = []
        for number in range(place, GUESSES, AT_ONCE):
            login = (known, "nobody@works.example")[number // AT_ONCE % 2]
            source = f"10.9.{number % 250}.{number // 250}"
            told.append((login, *guess(forms[place], login, number, source)))
        return told

    with ThreadPoolExecutor(AT_ONCE) as pool:
        told = [one for part in pool.map(attack, range(AT_ONCE)) for one in part]
    looked_at = Counter(login for login, code, _ in told if code == 401)
    put_off = Counter(login for login, code, _ in told if code == 503)
    for login in (known, "nobody@works.example"):
        assert looked_at[login] <= MOST_FAILED_LOGIN <= looked_at[login] + put_off[login]
    assert {code for _, code, _ in told} - {503} == {401, 429}
    for code in (401, 429):  # to the letter, whether somebody has that login or not
        assert len({text.replace(login, "") for login, found, text in told if found == code}) == 1
    for form in forms:
        form.visitor.http.close()


class Counting(PasswordHasher):
    """Notes with which hash each password was compared."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=64, parallelism=1)
        self.compared: list[str] = []

    def verify(self, hash: str | bytes, password: str | bytes) -> Any:
        self.compared.append(str(hash))
        return super().verify(hash, password)


def test_an_unknown_login_costs_what_a_known_one_does() -> None:
    """One comparison each, with a hash of the same cost: no clock could tell them apart."""
    hasher, store = Counting(), FakePeople()
    identity = Identity(store, lambda: NOW, Box(bytes(32)), hasher)
    for login in ("known", "disabled", "invited"):
        account = identity.create(login, login, Role.MANAGER, ["works"])
        assert account is not None
        if login != "invited":
            identity.change_password(account, "four plain words again")
        if login == "disabled":
            identity.disable(account.id)
    for login in ("known", "disabled", "invited", "nobody"):
        before = len(hasher.compared)
        assert identity.sign_in(login, "wrong", None, "10.0.0.1") is Refused.WRONG
        [compared] = hasher.compared[before:]
        found = extract_parameters(compared)
        assert (found.time_cost, found.memory_cost, found.parallelism) == (1, 64, 1), login


def test_a_login_that_is_locked_costs_no_comparison_at_all() -> None:
    """Else whoever guesses would keep the processors busy for everybody."""
    hasher = Counting()
    identity = Identity(FakePeople(), lambda: NOW, Box(bytes(32)), hasher)
    for _ in range(MOST_FAILED_LOGIN + 50):
        identity.sign_in("nobody", "wrong", None, "10.0.0.1")
    assert len(hasher.compared) == MOST_FAILED_LOGIN


def test_no_password_token_or_key_stands_in_the_log(guarded: Program) -> None:
    token = guarded.sign_in()
    visitor = Visitor(guarded.address, token)
    visitor.ask("GET", "/orders")
    visitor.ask("GET", "/api/v1/orders", headers={"Authorization": f"Bearer {guarded.key}"})
    form = {"login": "known@works.example", "password": "a word that is sought"}
    visitor.ask("POST", "/sign-in", data=form)
    assert guarded.log
    for secret in (token, guarded.key, guarded.key.split("_")[2], "a word that is sought"):
        assert secret not in guarded.log
    visitor.http.close()
