"""What is said in one web process is pushed to pages that are open at another."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from urllib.request import Request, urlopen

import pytest
import requests

from data.domain.scope import Role
from tests import people
from tests.browser.product.program import ROOT, Program, wait_for
from tests.browser.product.test_supplier import PARTIES, order
from tests.ports import free_port

STATEMENTS = '"4096"'


class Heard:
    """A page's stream at one process: what was said, as it came in."""

    def __init__(self, address: str, path: str, token: str) -> None:
        request = Request(address + path, headers=people.header(token))
        self._answer = urlopen(request, timeout=60)
        self.statements = 0
        self.lines: list[str] = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        wait_for(lambda: self.lines, 60, "the stream begins")

    def close(self) -> None:
        self._answer.close()

    def _read(self) -> None:
        for line in self._answer:
            self.lines.append(line.decode())
            if line.startswith(b"data:") and STATEMENTS in line.decode():
                self.statements += 1


class Person:
    """Somebody at one process who reads and sends forms."""

    def __init__(self, address: str, token: str) -> None:
        self.address, self.token = address, token
        self._session = requests.Session()
        self._session.headers.update(people.header(token))
        self._session.get(f"{address}/account", timeout=60)
        self.csrf = self._session.cookies["_csrf_token"]
        own = "; ".join(f"{one.name}={one.value}" for one in self._session.cookies)
        self._session.headers["Cookie"] += f"; {own}"

    def send(self, path: str, **form: str) -> None:
        body = {"csrf_token": self.csrf, "site": "two_processes", **form}
        marks = {"X-CSRFToken": self.csrf, "Accept": "application/json"}
        answer = self._session.post(self.address + path, body, headers=marks, timeout=60)
        assert answer.status_code == 200, answer.text

    def text(self, path: str) -> str:
        answer = self._session.get(self.address + path, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.content.decode("utf-8-sig")

    def close(self) -> None:
        self._session.close()


@pytest.fixture
def two(program: Program) -> Iterator[tuple[str, str]]:
    """The addresses of the program's own web process and of another one beside it."""
    program.describe(parties=PARTIES)
    assert program.send("PUT", "/orders", {"orders": [order("WO-7", "jade", "J-700")]})
    port = free_port()
    other = f"http://127.0.0.1:{port}"
    command = [sys.executable, "app.py", "web"]
    beside = subprocess.Popen(command, cwd=ROOT, env={**program.env, "PORT": str(port)})
    try:
        wait_for(lambda: answers(other), 180, "the second process serves")
        yield program.address, other
    finally:
        beside.terminate()
        beside.wait(120)


def answers(address: str) -> bool:
    try:
        with urlopen(f"{address}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_a_comment_and_its_answer_cross_from_one_process_to_the_other(
    program: Program, two: tuple[str, str]
) -> None:
    here, there = two
    supplier = Person(here, program.sign_in(Role.SUPPLIER, "jade"))
    purchaser = Person(there, program.sign_in(Role.PURCHASER))
    desk = Heard(there, "/live/desk/two_processes", purchaser.token)
    board = Heard(here, "/live/party/two_processes", supplier.token)
    rival = Heard(here, "/live/party/two_processes", program.sign_in(Role.SUPPLIER, "rival"))
    key = key_of_the_need(supplier)
    for person, path, row in (
        (supplier, "/supplier/act/comment", key),
        (purchaser, "/needs/act/comment", "n~WO-7~n1"),
    ):
        before = desk.statements, board.statements
        person.send(path, key=row, words="Is it so?")
        both = lambda before=before: desk.statements > before[0] and board.statements > before[1]  # noqa: E731
        wait_for(both, 60, "it is heard in both processes")
    assert rival.statements == 0
    for one in (supplier, purchaser):
        one.close()


def key_of_the_need(supplier: Person) -> str:
    """The name that the supplier has for its need of `WO-7`."""
    text = supplier.text("/export/supplier.csv?lang=en&which=all&q=J-700")
    return text.splitlines()[1].split(",")[0]
