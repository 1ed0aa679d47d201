"""What is open in a browser ends when it has to: at once, streams within a heartbeat or two."""

import re
import time
from collections.abc import Callable, Iterator
from itertools import islice
from threading import Thread
from typing import Any

import pytest

from data.domain.scope import Role
from data.services.identity import hashed
from data.services.live import utc_now
from data.store.history import connect
from data.store.people import PeopleStore
from tests import people
from tests.browser.product.program import Program, wait_for
from tests.security.conftest import Visitor, patiently

PASSWORD, NEW = "four plain words again", "another five words for it"
SOON_S = 60.0  # two heartbeats and the time to ask SQL, on the slowest machine
BEATS = 3


class Listener:
    """A stream that somebody holds open."""

    def __init__(self, visitor: Visitor, path: str) -> None:
        self.answer = patiently(lambda: visitor.once("GET", path, stream=True, timeout=60))
        assert self.answer.status_code == 200
        self.ended_at = 0.0
        self._thread = Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        for _ in self.answer.iter_content(None):
            pass
        self.ended_at = time.monotonic()

    def ends_after(self, act: Callable[[], Any]) -> float:
        """Return how long after an act the stream ended."""
        begun = time.monotonic()
        act()
        wait_for(lambda: self.ended_at, SOON_S, "the stream ends")
        self._thread.join()
        self.answer.close()
        return self.ended_at - begun


class Member:
    """Somebody with a password who has signed in by the form."""

    def __init__(self, program: Program, visitor: Visitor) -> None:
        self.program, self.visitor = program, visitor
        self.login = f"member-{time.monotonic_ns()}"
        said = program.run("account", "add", self.login, "--role", "manager")
        link = said.removeprefix(program.address)
        form = {"csrf_token": self.token(link), "new_password": PASSWORD}
        assert visitor.ask("POST", link, data=form).status_code == 303

    def token(self, path: str = "/account") -> str:
        page = self.visitor.ask("GET", path)
        found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        assert found is not None, page.text
        return found[1]

    def send(self, path: str, **form: str) -> int:
        form["csrf_token"] = self.token()
        return self.visitor.ask("POST", path, data=form).status_code

    @property
    def cookie(self) -> str:
        return str(self.visitor.http.cookies["milepost"])

    def is_dead(self, cookie: str) -> bool:
        """Whether a cookie that was good opens nothing any more."""
        stranger = Visitor(self.program.address, cookie)
        codes = [
            stranger.ask("GET", "/orders").status_code,
            stranger.ask("GET", "/live/wall/works.L1").status_code,
            stranger.call({}).status_code,
        ]
        stranger.http.close()
        return codes == [303, 401, 401]


@pytest.fixture
def member(guarded: Program, visitor: Any) -> Iterator[Member]:
    yield Member(guarded, visitor())


@pytest.mark.parametrize("path", ["/live/wall/works.L1", "/live/desk/works"])
def test_signing_out_ends_the_session_and_its_streams(member: Member, path: str) -> None:
    cookie, stream = member.cookie, Listener(member.visitor, path)
    stream.ends_after(lambda: member.send("/sign-out"))
    assert member.is_dead(cookie)


def test_disabling_somebody_ends_what_they_have_open(guarded: Program, member: Member) -> None:
    cookie, stream = member.cookie, Listener(member.visitor, "/live/wall/works.L1")
    guarded.run("account", "disable", member.login)
    assert member.is_dead(cookie)
    stream.ends_after(lambda: None)


def test_a_new_password_ends_every_session_that_was_open(member: Member) -> None:
    cookie, stream = member.cookie, Listener(member.visitor, "/live/desk/works")
    stream.ends_after(lambda: member.send("/account/password", password=PASSWORD, new_password=NEW))
    assert member.is_dead(cookie)
    assert not member.is_dead(member.cookie)


def test_a_stream_goes_on_while_nothing_of_the_kind_happens(visitor: Any) -> None:
    someone = visitor(Role.MANAGER)
    path = "/live/wall/works.L1"
    answer = patiently(lambda: someone.once("GET", path, stream=True, timeout=60))
    beats = (line for line in answer.iter_lines() if line == b"event: beat")
    assert len([*islice(beats, BEATS)]) == BEATS
    answer.close()


def test_a_session_that_was_not_used_for_long_is_over(guarded: Program) -> None:
    token = guarded.sign_in()
    sql = connect(guarded.database_url)
    PeopleStore(sql).touch(hashed(token), utc_now().replace(year=2020))
    sql.dispose()
    stranger = Visitor(guarded.address, token)
    assert stranger.ask("GET", "/orders").status_code == 303
    stranger.http.close()


def test_someone_of_another_site_finds_nothing_here(guarded: Program) -> None:
    token = people.signed_in(guarded.database_url, Role.MANAGER, sites=("elsewhere",))
    someone = Visitor(guarded.address, token)
    assert someone.holds(someone.page("/orders")) == []
    assert someone.ask("GET", "/live/wall/works.L1").status_code == 404
    assert someone.ask("GET", "/live/desk/works").status_code == 404
    assert someone.ask("GET", "/export/orders.csv?site=works").status_code == 404
    someone.http.close()


def test_the_trail_of_all_that_is_whole(guarded: Program) -> None:
    end = guarded.run("audit", "verify")
    assert re.fullmatch(r"\d+:[0-9a-f]{64}", end)
    assert guarded.run("audit", "verify", "--head", end) == end
    number, _, code = end.partition(":")
    cut = guarded.attempt("audit", "verify", "--head", f"{int(number) + 1}:{code}")
    assert (cut.returncode, "cut off" in cut.stderr) == (1, True)
