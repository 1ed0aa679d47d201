"""The running program with a site, and the application's own list of routes, pages and callbacks.

Nothing here is a list by hand: what the tests ask for is read from the application, so that a new
page, callback or route is tried without anybody adding it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

import dash
import pytest
import requests
from flask import Flask

import app
from data.domain.scope import Role
from data.settings import Settings
from tests import people
from tests.browser.product.program import PUT_OFF_S, Program, running, wait_for
from tests.security import yard

# What only the site's own people may read: its order's product, its line, its customer.
CANARIES = ("Valve", "Line 1", "Acme")
VALUES = {
    "screen_id": "works.L1", "screen": "works.L1", "site": "works", "name": "orders",
    "kind": "csv", "order": "SO-1",
    "purpose": "invitation", "change": "disable", "form": "csv", "path": "orders",
    "package_name": "dash", "fingerprinted_path": "x.js", "filename": "desk.css",
}  # fmt: skip
PARTIES = {Role.SUPPLIER: "acme", Role.CUSTOMER: "acme", Role.LOGISTICS: "acme"}


class Route(NamedTuple):
    """One rule of the application and a path that fits it."""

    endpoint: str
    path: str
    methods: frozenset[str]


def patiently(ask: Callable[[], Any]) -> Any:
    """Ask again what the program puts off, as it says: 503 is "not now", on a busy machine too."""

    def asked() -> list[Any]:
        answer = ask()
        return [] if answer.status_code == 503 else [answer]

    [answer] = wait_for(asked, PUT_OFF_S, "the program does what it put off")
    return answer


class Visitor:
    """A browser without a screen: keeps cookies, sends the token of our own pages.

    What is put off it asks for again.
    """

    def __init__(self, address: str, token: str = "") -> None:
        self.address = address
        self.http = requests.Session()
        self.http.trust_env = False
        self.begun: dict[str, str] = {}
        if token:
            self.http.cookies.set("milepost", token)

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        more = {"timeout": 60, "allow_redirects": False, **more}
        if path.startswith("/live") or path.partition("?")[0].endswith("stream"):
            more["stream"] = True
        answer: requests.Response = patiently(lambda: self.once(method, path, **more))
        if more.get("stream"):
            self.begun[answer.url] = next(answer.iter_content(1 << 16), b"").decode()
            answer.close()
        return answer

    def once(self, method: str, path: str, **more: Any) -> requests.Response:
        """Ask once, whatever comes of it."""
        answer = self.http.request(method, self.address + path, **more)
        if answer.status_code == 503:
            answer.close()
        return answer

    def holds(self, answer: requests.Response) -> list[str]:
        """Which of the site's own words an answer holds; of a stream, its beginning."""
        text = self.begun.get(answer.url)
        text = answer.text if text is None else text
        return [canary for canary in CANARIES if canary in text]

    def call(self, body: Mapping[str, Any]) -> requests.Response:
        """Call back as Dash does."""
        if "_csrf_token" not in self.http.cookies:
            self.ask("GET", "/account")
            self.ask("GET", "/")
        token = self.http.cookies.get("_csrf_token", "")
        return self.ask(
            "POST", "/_dash-update-component", json=body, headers={"X-CSRFToken": token}
        )

    def page(self, path: str, search: str = "?lang=en") -> requests.Response:
        """Ask Dash for a page by the address that a browser would claim."""
        outputs = [
            {"id": "_pages_content", "property": "children"},
            {"id": "_pages_store", "property": "data"},
        ]
        inputs = [
            {"id": "_pages_location", "property": "pathname", "value": path},
            {"id": "_pages_location", "property": "search", "value": search},
        ]
        named = ".._pages_content.children..._pages_store.data.."
        changed = [f"{one['id']}.{one['property']}" for one in inputs]
        return self.call(
            {"output": named, "outputs": outputs, "inputs": inputs, "changedPropIds": changed}
        )


@pytest.fixture(scope="session")
def guarded() -> Iterator[Program]:
    """The program with a site and an order; everything of it is behind the gate."""
    with running() as program:
        program.plan()
        yield program


@pytest.fixture(scope="session")
def shared(guarded: Program) -> Program:
    """The program with one more site, of two sides that may know nothing of each other."""
    key = guarded.new_key(yard.YARD)
    for path, body in (
        ("/site", yard.site()),
        ("/orders", {"orders": [yard.order(yard.OWN), yard.order(yard.RIVAL)]}),
    ):
        answer = patiently(lambda p=path, b=body: requests.put(
            f"{guarded.address}/api/v1{p}", json=b, timeout=60,
            headers={"Authorization": f"Bearer {key}"},
        ))  # fmt: skip
        assert answer.json()["refused"] == 0, answer.text
    reader = guarded.new_reader(yard.YARD, Role.MANAGER)
    header = {"Authorization": f"Bearer {reader}"}
    orders = f"{guarded.address}/api/v1/orders"

    def all_there() -> bool:
        answer = patiently(lambda: requests.get(orders, headers=header, timeout=60))
        return len(answer.json()["orders"]) == 2

    wait_for(all_there, 60, "the site has its orders")
    return guarded


@pytest.fixture
def member_of(shared: Program) -> Iterator[Any]:
    """A function that makes a visitor of a role and of one side at the site of two sides."""
    made: list[Visitor] = []

    def make(role: Role, whose: str = yard.OWN) -> Visitor:
        party = yard.party(whose, role) if role in yard.OUTSIDE else None
        token = people.signed_in(shared.database_url, role, party, sites=(yard.YARD,))
        made.append(Visitor(shared.address, token))
        return made[-1]

    yield make
    for one in made:
        one.http.close()


@pytest.fixture
def visitor(guarded: Program) -> Iterator[Any]:
    """A function that makes a visitor: of a role, or a stranger."""
    made: list[Visitor] = []

    def make(role: Role | None = None) -> Visitor:
        token = "" if role is None else guarded.sign_in(role, PARTIES.get(role))
        made.append(Visitor(guarded.address, token))
        return made[-1]

    yield make
    for one in made:
        one.http.close()


@pytest.fixture(scope="session")
def application() -> Flask:
    """The application as the program makes it, on engines that don't answer."""
    dash.page_registry.clear()
    env = {
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "MILEPOST_SECRET": "s" * 32,
    }
    return app.create_server(Settings.from_env(env))


@pytest.fixture(scope="session")
def routes(application: Flask) -> list[Route]:
    """Every rule of the application."""
    return [
        Route(rule.endpoint, filled(rule.rule), frozenset(rule.methods or ()))
        for rule in application.url_map.iter_rules()
    ]


@pytest.fixture(scope="session")
def pages(application: Flask) -> list[str]:
    """The path of every page."""
    paths = [page["path_template"] or page["path"] for page in dash.page_registry.values()]
    return sorted({filled(path) for path in paths} - {"/404"})


def filled(rule: str, values: Mapping[str, str] = VALUES) -> str:
    """Return a path that fits a rule."""

    def value(found: re.Match[str]) -> str:
        name = found[1].rpartition(":")[2]
        return quote(values.get(name, "x"))

    return re.sub(r"<([^>]*)>", value, rule)


@pytest.fixture(scope="session")
def token_of_nobody() -> dict[str, str]:
    """The header of someone whose token proves nothing."""
    return people.header("x" * 43)
