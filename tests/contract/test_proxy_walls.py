"""Where the documented nginx leads the streams of walls: all of one wall to the same process."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from tests.nginx import Nginx, ensure

WALLS = [f"works.L{number}" for number in range(24)]
ASKED_AGAIN = 4


class Named(BaseHTTPRequestHandler):
    """A web process that says at which port it listens; stands in for gunicorn."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        said = str(self.server.server_address[1]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: object) -> None:
        """Write nothing."""


class Pair:
    """Two such processes behind nginx."""

    def __init__(self, program: Path, folder: Path) -> None:
        self.webs = {web.server_address[1]: web for web in map(_served, range(2))}
        self.nginx = Nginx(program, folder, list(self.webs))
        self.nginx.start()
        self._client = httpx.Client(verify=self.nginx.trust(), trust_env=False)

    def asked(self, path: str) -> int:
        """Return the port of whoever answers."""
        return int(self._client.get(f"{self.nginx.address}{path}").text)

    def stop(self, port: int) -> None:
        self.webs[port].shutdown()
        self.webs.pop(port).server_close()

    def close(self) -> None:
        self._client.close()
        self.nginx.stop()
        for port in list(self.webs):
            self.stop(port)


def _served(_: int) -> ThreadingHTTPServer:
    web = ThreadingHTTPServer(("127.0.0.1", 0), Named)
    web.daemon_threads = True
    threading.Thread(target=web.serve_forever, daemon=True).start()
    return web


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    program = ensure()
    if program is None:
        pytest.skip("there is no nginx, and none can be installed")
    running = Pair(program, tmp_path)
    yield running
    running.close()


def test_all_who_look_at_a_wall_are_led_to_the_same_process(pair: Pair) -> None:
    for wall in WALLS:
        ports = {
            pair.asked(f"/live/wall/{wall}?lang={lang}") for lang in ("en", "zh-Hant", "zh-Hans")
        }
        assert len(ports) == 1, wall


def test_walls_are_shared_out_between_the_processes(pair: Pair) -> None:
    led = [pair.asked(f"/live/wall/{wall}") for wall in WALLS]
    assert min(led.count(port) for port in pair.webs) >= len(WALLS) // 6


def test_the_walls_of_a_process_that_is_away_go_on_at_the_other(pair: Pair) -> None:
    away, other = pair.webs
    pair.stop(away)
    assert {pair.asked(f"/live/wall/{wall}") for wall in WALLS} == {other}


def test_other_streams_go_where_there_is_least_to_do(pair: Pair) -> None:
    led = {pair.asked("/live/party") for _ in range(ASKED_AGAIN)}
    assert led == set(pair.webs)
