"""One running program, where each module has a site of its own, and a browser."""

import threading
from collections.abc import Iterator

import pytest

from tests import people
from tests.browser.conftest import OpenPage, Watched
from tests.browser.product.program import Program, running, wait_for

TURNING = "live_wall"  # the site of the module that looks at that screen


@pytest.fixture(scope="package")
def house() -> Iterator[Program]:
    """Milepost, started once for all modules that a process of pytest runs one after another."""
    with running(TURNING) as started:
        yield started


@pytest.fixture(scope="module")
def program(request: pytest.FixtureRequest, house: Program) -> Program:
    """Milepost with a site of the module's own, an order and both machines connected.

    Who signs in sees that site alone, and the key reports for it: what another module has left
    concerns nobody.
    """
    own = house.at(request.module.__name__.rpartition("test_")[2])
    own.plan()
    return own


@pytest.fixture(autouse=True)
def serving(request: pytest.FixtureRequest) -> None:
    """See that a part which the test before has killed is back, however that test ended."""
    if "program" in request.fixturenames:
        program = request.getfixturevalue("program")
        wait_for(program.serves, 180, "the program serves again")


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
