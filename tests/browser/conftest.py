"""A real Chromium that reaches nothing but this machine."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect
from playwright.sync_api import Error as PageError

from tests.browser.tabs import WITHIN_MS, Tabs
from tests.chromium import launched

# What is expected comes when it does; how soon it has to come is said where that is the matter.
expect.set_options(timeout=WITHIN_MS)

LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost"})
LOCAL_SCHEMES = frozenset({"data", "blob", "about"})


@dataclass
class Watched:
    """A page, the errors it told the console, and what it asked of other machines."""

    page: Page
    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def watch(self) -> None:
        self.page.on("console", self._on_console)
        self.page.on("pageerror", self._on_page_error)
        self.page.on("request", self._on_request)

    def leave(self) -> None:
        self.page.remove_listener("console", self._on_console)
        self.page.remove_listener("pageerror", self._on_page_error)
        self.page.remove_listener("request", self._on_request)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.location.get('url', '')})")

    def _on_page_error(self, error: PageError) -> None:
        self.errors.append(str(error))

    def _on_request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in LOCAL_SCHEMES and address.hostname not in LOCAL_HOSTS:
            self.outside.append(request.url)


OpenPage = Callable[..., Watched]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The session's browser."""
    with launched() as browser:
        yield browser


@pytest.fixture(scope="session")
def tabs(chromium: Browser) -> Tabs:
    """The tabs of the session's browser."""
    return Tabs(chromium)


@pytest.fixture
def open_page(open_stranger: OpenPage) -> OpenPage:
    """As `open_stranger`, where nobody signs in."""
    return open_stranger


@pytest.fixture
def open_stranger(tabs: Tabs) -> Iterator[OpenPage]:
    """A function that opens an empty tab that shares nothing with another, as `Tabs.take` does."""
    taken: list[Watched] = []

    def open_(**options: object) -> Watched:
        taken.append(Watched(tabs.take(**options)))
        taken[-1].watch()
        return taken[-1]

    yield open_
    for watched in taken:
        watched.leave()
        tabs.give_back(watched.page)
