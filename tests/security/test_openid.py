"""Signing in through an OpenID Connect provider: a real one, a process of its own."""

import subprocess
import sys
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from data.domain.scope import Role
from tests import people
from tests.browser.product.program import Program, running, wait_for
from tests.ports import free_port
from tests.security.conftest import Visitor

MAY = "may@works.example"


class Provider(NamedTuple):
    """The provider and the program that trusts it."""

    address: str
    program: Program


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    port = str(free_port())
    address = f"http://127.0.0.1:{port}"
    argv = (sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", port)
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    told = running(
        MILEPOST_OPENID_NAME="Works ID",
        MILEPOST_OPENID_DISCOVERY=f"{address}/.well-known/openid-configuration",
        MILEPOST_OPENID_CLIENT_ID="milepost",
        MILEPOST_OPENID_CLIENT_SECRET="not needed by this provider",
    )
    try:
        with told as program:
            wait_for(lambda: _answers(address), 60, "the provider answers")
            people.account_of(program.database_url, Role.MANAGER, login=MAY)
            yield Provider(address, program)
    finally:
        process.terminate()
        process.wait(60)


def _answers(address: str) -> bool:
    try:
        return requests.get(f"{address}/.well-known/openid-configuration", timeout=2).ok
    except requests.RequestException:
        return False


@pytest.fixture
def visitor(provider: Provider) -> Iterator[Visitor]:
    one = Visitor(provider.program.address)
    yield one
    one.http.close()


def known(provider: Provider, subject: str, email: str, verified: bool = True) -> None:
    """Tell the provider of somebody."""
    claims = {"email": email, "email_verified": verified}
    user = {"sub": subject, "claims": claims, **claims}
    assert requests.put(f"{provider.address}/users/{subject}", json=user, timeout=30).ok


def left(visitor: Visitor) -> str:
    """Leave for the provider; return where the browser is sent."""
    answer = visitor.ask("GET", "/sign-in/openid?next=/orders")
    assert answer.status_code == 302
    return answer.headers["Location"]


def come_back(visitor: Visitor, address: str, subject: str) -> str:
    """Sign in at the provider; return the path with which it sends the browser back."""
    answer = requests.post(address, data={"sub": subject}, allow_redirects=False, timeout=30)
    back = urlsplit(answer.headers["Location"])
    assert f"{back.scheme}://{back.netloc}" == visitor.address
    return f"{back.path}?{back.query}"


def test_who_has_an_account_comes_in_by_a_verified_address(
    provider: Provider, visitor: Visitor
) -> None:
    known(provider, "s-may", MAY)
    asked = left(visitor)
    assert {"state", "nonce", "code_challenge"} <= set(parse_qs(urlsplit(asked).query))
    answer = visitor.ask("GET", come_back(visitor, asked, "s-may"))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/orders")
    assert visitor.ask("GET", "/orders").status_code == 200


def test_the_way_to_the_provider_leads_on_to_the_page(visitor: Visitor) -> None:
    shown = visitor.ask("GET", "/sign-in?next=/delays%3Fq%3D1&lang=en")
    assert 'href="/sign-in/openid?next=%2Fdelays%3Fq%3D1"' in shown.text


@pytest.mark.parametrize(
    ("subject", "email", "verified"),
    [("s-eve", "eve@works.example", True), ("s-mallory", MAY, False), ("s-other", MAY, True)],
)
def test_nobody_else_comes_in(
    provider: Provider, visitor: Visitor, subject: str, email: str, verified: bool
) -> None:
    known(provider, "s-may", MAY)
    visitor.ask("GET", come_back(visitor, left(visitor), "s-may"))  # now the login is taken
    stranger = Visitor(provider.program.address)
    known(provider, subject, email, verified)
    answer = stranger.ask("GET", come_back(stranger, left(stranger), subject))
    assert answer.status_code == 401
    assert "milepost" not in stranger.http.cookies
    stranger.http.close()


def test_an_answer_that_was_not_asked_for_lets_nobody_in(
    provider: Provider, visitor: Visitor
) -> None:
    known(provider, "s-may", MAY)
    path = come_back(visitor, left(visitor), "s-may")
    victim = Visitor(provider.program.address)
    assert victim.ask("GET", path).status_code == 401
    assert "milepost" not in victim.http.cookies
    forged = path.replace("state=", "state=x")
    assert visitor.ask("GET", forged).status_code == 401
    victim.http.close()


def test_an_answer_counts_once(provider: Provider, visitor: Visitor) -> None:
    known(provider, "s-may", MAY)
    path = come_back(visitor, left(visitor), "s-may")
    assert visitor.ask("GET", path).status_code == 303
    assert visitor.ask("GET", path).status_code == 401


def test_a_disabled_account_stays_out_whatever_the_provider_says(
    provider: Provider, visitor: Visitor
) -> None:
    known(provider, "s-may", MAY)
    provider.program.run("account", "disable", MAY)
    try:
        answer = visitor.ask("GET", come_back(visitor, left(visitor), "s-may"))
        assert answer.status_code == 401
    finally:
        provider.program.run("account", "enable", MAY)
