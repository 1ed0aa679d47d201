"""The proxy does to bytes what it says, or no fault that stands on it would be one."""

import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faults.harness.proxy import DELAY_S, Proxy


class Echo:
    """An engine that answers what it is asked, and remembers it."""

    def __init__(self, path: Path) -> None:
        self.heard = b""
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(path))
        self._socket.listen()
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(
                    target=self._answer, args=(self._socket.accept()[0],), daemon=True
                ).start()

    def _answer(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            while said := client.recv(100):
                self.heard += said
                client.sendall(said)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="milepost-") as name:
        yield Path(name)


@pytest.fixture
def echo(folder: Path) -> Iterator[Echo]:
    made = Echo(folder / "s")
    yield made
    made.close()


@pytest.fixture
def proxy(folder: Path, echo: Echo) -> Iterator[Proxy]:
    made = Proxy(folder / "s")
    made.start()
    yield made
    made.stop()


def asked(proxy: Proxy, words: bytes = b"hello", within_s: float = 60) -> bytes:
    """Ask once; return the answer, or what there is of it in time."""
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=within_s) as client:
        client.sendall(words)
        said = b""
        with suppress(TimeoutError):
            while len(said) < len(words) and (more := client.recv(1000)):
                said += more
        return said


def test_it_passes_everything_on(proxy: Proxy) -> None:
    assert asked(proxy) == b"hello"


def test_delayed_bytes_come_later_both_ways(proxy: Proxy) -> None:
    with proxy.doing("delay"):
        begun = time.monotonic()
        assert asked(proxy) == b"hello"
        assert time.monotonic() - begun >= 2 * DELAY_S


def test_trickling_bytes_all_arrive(proxy: Proxy) -> None:
    with proxy.doing("trickle"):
        assert asked(proxy, b"x" * 90) == b"x" * 90


def test_held_bytes_arrive_afterwards(proxy: Proxy) -> None:
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=0.3) as client:
        with proxy.doing("hold"):
            client.sendall(b"hello")
            with pytest.raises(TimeoutError):
                client.recv(10)
        client.settimeout(60)
        assert client.recv(10) == b"hello"


def test_connections_are_reset(proxy: Proxy) -> None:
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=60) as client:
        client.sendall(b"hello")
        assert client.recv(10) == b"hello"
        with proxy.doing("reset"), pytest.raises(ConnectionResetError):
            client.recv(10)


def test_an_answer_is_swallowed_after_what_was_asked_is_done(proxy: Proxy, echo: Echo) -> None:
    with proxy.doing("swallow"):
        answers = [asked(proxy, b"%04d" % number) for number in range(60)]
    assert 0 < answers.count(b"") == proxy.swallowed < 60
    assert len(echo.heard) == 60 * 4
