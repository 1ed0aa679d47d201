"""One running program a module, and a browser."""

import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import people
from tests.browser.conftest import OpenPage, Watched
from tests.browser.product.program import Program


@pytest.fixture(scope="module")
def program() -> Iterator[Program]:
    """Milepost with a site, an order and both machines connected."""
    folder = Path(tempfile.mkdtemp(prefix="milepost-"))
    running = Program(folder)
    running.start()
    running.plan()
    yield running
    running.stop()
    shutil.rmtree(folder)


@pytest.fixture
def open_page(program: Program, open_stranger: OpenPage) -> OpenPage:
    """A function that opens a page of a manager who is signed in."""

    def open_(**options: object) -> Watched:
        watched = open_stranger(**options)
        token = program.sign_in()
        watched.page.context.add_cookies([people.cookie(program.address, token)])
        return watched

    return open_


@pytest.fixture
def connected(program: Program) -> Iterator[set[str]]:
    """The machines whose signal comes each second; take one out and it is lost."""
    units, stop = {"M1", "P1"}, threading.Event()

    def beat() -> None:
        while not stop.wait(1.0):
            program.signal(sorted(units))

    program.signal(sorted(units))
    thread = threading.Thread(target=beat)
    thread.start()
    yield units
    stop.set()
    thread.join()
