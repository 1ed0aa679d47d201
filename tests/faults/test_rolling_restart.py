"""Web processes are replaced one after the other under load: no error, nothing missed or repeated.

Forty streams, a wall in Chromium and steady requests go through nginx to two gunicorns. One is
stopped and started, as an upgrade does it, the other gets HUP. A reader here does what a browser
does: connects again where a stream ends, with the id of what it had last.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from functools import partial
from http.client import HTTPConnection

import httpx
import msgspec
import pytest
import redis

from data.store.embedded import EmbeddedPostgres
from data.stream.embedded import EmbeddedRedis
from data.stream.log import key_of
from tests.browser.product.program import wait_for
from tests.chromium import launched
from tests.faults.harness.looks import Look, longest_still, unseen
from tests.faults.harness.screens import WALL, Screens, opened_over_tls
from tests.proxied import Proxied, proxied

WALLS, PROGRAMS = 20, 20
COUNT = "p0-figures-good"
BROUGHT_BACK_WITHIN_S = 60.0
BEGUN_WITHIN_S = 90.0
GIVEN_UP_AFTER_S = 10.0  # nginx asks no other process later than this: proxy_next_upstream_timeout
SILENT_AT_MOST_S = 11.0  # two heartbeats: a wall that hears nothing for longer says so
STARTS = 2  # on a slow machine: a new worker of gunicorn is waited for, for two starts at most
Found = Callable[[str, dict[str, object]], int | None]


@pytest.fixture(scope="module")
def behind(
    postgres: EmbeddedPostgres, redis_server: EmbeddedRedis, milepost_template: str
) -> Iterator[Proxied]:
    with proxied(postgres, redis_server, milepost_template, webs=2) as running:
        yield running


def on_wall(event: str, data: dict) -> int | None:
    """The count of good pieces, where an event of a wall's stream has it."""
    if event not in ("snapshot", "cells") or COUNT not in data["c"]:
        return None
    return int(data["c"][COUNT]["t"].replace(",", "") or 0)


def in_rows(event: str, data: dict) -> int | None:
    """The same of the stream for programs."""
    return data["data"]["good"] if data.get("subject") == "order/SO-1" else None


class Reader(threading.Thread):
    """A screen or a program: follows one stream, wherever it goes on."""

    def __init__(self, behind: Proxied, cookies: dict[str, str], path: str, found: Found) -> None:
        super().__init__(daemon=True)
        self.counts: list[int] = []
        self.ids: list[str] = []
        self.statuses: list[int] = []
        self.failure: BaseException | None = None
        self._behind, self._cookies, self._path, self._found = behind, cookies, path, found
        self.silent_s = 0.0
        self._heard_at = time.monotonic()
        self._retry_s = 1.0
        self._stopping = threading.Event()

    def run(self) -> None:
        self._heard_at = time.monotonic()
        try:
            with self._behind.client(cookies=self._cookies, timeout=BEGUN_WITHIN_S) as client:
                while not self._stopping.is_set():
                    with suppress(httpx.RemoteProtocolError, httpx.ReadError):
                        self._follow(client)  # may be cut off in the middle, as EventSource may be
                    self._stopping.wait(self._retry_s)
        except BaseException as error:
            self.failure = error

    def _follow(self, client: httpx.Client) -> None:
        headers = {"Last-Event-ID": self.ids[-1]} if self.ids else {}
        with client.stream("GET", self._path, headers=headers) as answer:
            self.statuses.append(answer.status_code)
            fields: dict[str, str] = {}
            for line in answer.iter_lines():
                if line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                    continue
                self._take(fields)
                fields = {}
                if self._stopping.is_set():
                    return

    def _take(self, fields: dict[str, str]) -> None:
        if "retry" in fields:
            self._retry_s = int(fields["retry"]) / 1000
        if "event" not in fields:
            return
        now = time.monotonic()
        self.silent_s, self._heard_at = max(self.silent_s, now - self._heard_at), now
        count = self._found(fields["event"], msgspec.json.decode(fields["data"]))
        if count is not None:
            self.counts.append(count)
        if "id" in fields:
            self.ids.append(fields["id"])

    def has_come_to(self, count: int) -> bool:
        """Whether it has the count of the end."""
        return self.counts[-1] == count

    def stop(self) -> None:
        self._stopping.set()


class Asker(threading.Thread):
    """Asks again and again, and keeps every answer that isn't right, which is a 2xx.

    What the program puts off it asks once more when it is told to, as who reports does; so it does
    with what took so long, on a machine that is that busy, that nginx gave it up.
    """

    def __init__(self, behind: Proxied, ask: Callable[[httpx.Client, int], httpx.Response]) -> None:
        super().__init__(daemon=True)
        self.answers = self.put_off = self.given_up = 0
        self.wrong: list[str] = []
        self.failure: BaseException | None = None
        self._behind, self._ask = behind, ask
        self._stopping = threading.Event()

    def run(self) -> None:
        try:
            with self._behind.client(
                cookies=self._behind.signed_in(), timeout=BEGUN_WITHIN_S
            ) as client:
                while not self._stopping.wait(0.2):
                    answer = self._ask(client, self.answers)
                    if is_put_off(answer):
                        self.put_off += 1
                        self._stopping.wait(float(answer.headers["Retry-After"]))
                        continue
                    if is_given_up(answer):
                        self.given_up += 1
                        continue
                    self.answers += 1
                    if not answer.is_success:
                        self.wrong.append(f"{answer.url}: {answer.status_code} {answer.text[:200]}")
        except BaseException as error:
            self.failure = error

    def stop(self) -> None:
        self._stopping.set()
        self.join(15)


def is_put_off(answer: httpx.Response) -> bool:
    """Whether it is the program that can't take it yet; nginx in its stead doesn't speak so."""
    return answer.status_code == 503 and "problem+json" in answer.headers["Content-Type"]


def is_given_up(answer: httpx.Response) -> bool:
    """Whether it is nginx that says, after long, that nobody has answered."""
    late = answer.elapsed.total_seconds() >= GIVEN_UP_AFTER_S
    return late and answer.status_code == 503 and not is_put_off(answer)


def ask_for_pages(client: httpx.Client, number: int) -> httpx.Response:
    paths = ("/orders", "/api/v1/orders?site=works", "/assets/desk.css", "/healthz")
    return client.get(paths[number % len(paths)])


def signal(behind: Proxied, client: httpx.Client, number: int) -> httpx.Response:
    """Say that the machines are connected: a wall that doesn't hear of them is hatched."""
    units = {"work_units": ["M1", "P1"]}
    return client.post("/api/v1/signals", json=units, headers=behind.authorised())


def call_back(client: httpx.Client, number: int) -> httpx.Response:
    """Ask Dash for a page, as a browser does: a POST."""
    if "_csrf_token" not in client.cookies:
        client.get("/account")
        return client.get("/orders")
    body = {
        "output": ".._pages_content.children..._pages_store.data..",
        "outputs": [
            {"id": "_pages_content", "property": "children"},
            {"id": "_pages_store", "property": "data"},
        ],
        "inputs": [
            {"id": "_pages_location", "property": "pathname", "value": "/orders"},
            {"id": "_pages_location", "property": "search", "value": "?lang=en"},
        ],
        "changedPropIds": ["_pages_location.pathname", "_pages_location.search"],
    }
    headers = {"X-CSRFToken": client.cookies["_csrf_token"], "Origin": str(client.base_url)}
    return client.post("/_dash-update-component", json=body, headers=headers)


def logged_ids(redis_url: str) -> list[str]:
    """The identities of all pieces in the log."""
    with redis.Redis.from_url(redis_url) as client:
        entries = client.xrange(key_of("works", "events"))
    events = [msgspec.json.decode(fields[b"e"]) for _, fields in entries]
    return [event["id"] for event in events if event["id"].startswith("piece-")]


def roll(behind: Proxied) -> float:
    """Stop and start one, as an upgrade does; let the other take new code in.

    Return how long a start takes on this machine.
    """
    first, second = behind.webs
    first.stop()
    begun = time.monotonic()
    first.start()
    first.await_ready("works")
    took_s = time.monotonic() - begun
    second.reload()
    return took_s


def watched(behind: Proxied, readers: Sequence[Reader]) -> tuple[list[Look], float]:
    """Roll while a wall in Chromium is looked at, until all streams went on.

    Return every look, and for how long a screen may be silent on this machine.
    """
    with launched() as browser, ThreadPoolExecutor(1) as pool:
        page = opened_over_tls(browser, behind.address, WALL, behind.signed_in())
        page.wait_for_selector("#p0-figures-good", state="attached")
        seen, before = Screens(page, []), [len(reader.statuses) for reader in readers]

        def gone_on() -> bool:
            now = [len(reader.statuses) for reader in readers]
            return all(after > then for then, after in zip(before, now, strict=True))

        wait_for(seen.look, BEGUN_WITHIN_S, "the wall is there")
        rolling = pool.submit(roll, behind)
        wait_for(lambda: (seen.look(), rolling.done())[1], 240, "both have been replaced")
        start_s = rolling.result()
        wait_for(lambda: (seen.look(), gone_on())[1], BROUGHT_BACK_WITHIN_S, "all have moved")
        assert unseen("the wall", seen.tries) == []
        return seen.looks, max(SILENT_AT_MOST_S, STARTS * start_s)


def ended(askers: Sequence[Asker]) -> None:
    """Stop those who ask; they had nothing but right answers."""
    for asker in askers:
        asker.stop()
        assert asker.failure is None
        assert asker.wrong == []
        assert asker.answers > 10


def compare(reader: Reader, silent_at_most_s: float) -> None:
    """Nothing went back, nothing came twice, and it was never silent for long."""
    reader.stop()
    assert reader.failure is None
    assert set(reader.statuses) == {200}
    assert reader.counts == sorted(reader.counts)
    assert len(reader.ids) == len(set(reader.ids))
    assert reader.silent_s < silent_at_most_s


def test_forty_streams_a_wall_and_steady_requests_notice_nothing_of_a_rolling_restart(
    behind: Proxied, redis_server: EmbeddedRedis, record_property: Callable[[str, object], None]
) -> None:
    cookies = behind.signed_in()
    readers = [Reader(behind, cookies, "/live/wall/works.L1", on_wall) for _ in range(WALLS)]
    readers += [
        Reader(behind, cookies, "/api/v1/stream?site=works", in_rows) for _ in range(PROGRAMS)
    ]
    asking = (behind.report, ask_for_pages, call_back, partial(signal, behind))
    askers = [Asker(behind, ask) for ask in asking]
    for thread in (*readers, *askers):
        thread.start()
    wait_for(lambda: all(reader.counts for reader in readers), BEGUN_WITHIN_S, "all have begun")
    wait_for(lambda: askers[3].answers, BEGUN_WITHIN_S, "the machines are connected")
    looks, silent_at_most_s = watched(behind, readers)
    ended(askers)
    total = askers[0].answers
    for reader in readers:
        come = partial(reader.has_come_to, total)
        wait_for(come, BROUGHT_BACK_WITHIN_S, "every stream has come to the last count")
        compare(reader, silent_at_most_s)
    still_s = longest_still(looks)
    assert still_s < silent_at_most_s
    said = [look.at for look in looks if look.says_so]
    assert not said or said[-1] - said[0] < silent_at_most_s
    ids = logged_ids(redis_server.url)
    assert sorted(ids) == sorted(f"piece-{n}" for n in range(total))
    silent_s = max(reader.silent_s for reader in readers)
    for name, value in (
        ("acknowledged", total), ("lost", 0), ("doubled", 0),
        ("put off", sum(asker.put_off for asker in askers)),
        ("given up", sum(asker.given_up for asker in askers)), ("labelled", f"{len(said)} looks"),
        ("silent", f"{silent_s:.1f} s at most"), ("Chromium's wall still", f"{still_s:.1f} s"),
    ):  # fmt: skip
        record_property(name, value)


def test_a_worker_that_ends_says_nothing_on_connections_that_wait_for_a_request(
    behind: Proxied,
) -> None:
    """Else a proxy that has just sent one takes it for the answer, and asks nobody else."""
    web = behind.webs[1]
    with closing(HTTPConnection("127.0.0.1", web.port, timeout=60)) as kept:
        kept.request("GET", "/healthz")
        assert kept.getresponse().read()
        web.reload()
        assert kept.sock.recv(4096) == b""
