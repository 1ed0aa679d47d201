"""Starts `python app.py` in a folder of its own and talks to it over HTTP."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from copy import copy
from datetime import UTC, datetime
from http.client import HTTPException, HTTPResponse
from itertools import count
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import msgspec

from data.domain.scope import Role
from data.processes import _dying_with
from data.services.keys import Keys
from data.services.live import utc_now
from data.store.embedded import EmbeddedPostgres
from data.store.history import connect
from data.store.keys import KeyStore
from data.stream.embedded import EmbeddedRedis
from tests import people
from tests.days import zone_of_a_morning
from tests.folders import short_folder
from tests.ports import free_port

ROOT = Path(__file__).parents[3]
SITE = {
    "id": "works",
    "name": "Works",
    "timezone": zone_of_a_morning(datetime.now(UTC)),  # counts of a day go on for all tests
    "calendars": [{"id": "c", "shifts": [{"name": "Day", "start": "00:00", "finish": "24:00"}]}],
    "areas": [{"id": "L1", "name": "Line 1", "calendar": "c", "output": ["PACK"]}],
    "work_centers": [{"id": "MILL", "area": "L1"}, {"id": "PACK", "area": "L1"}],
    "work_units": [
        {"id": "M1", "work_center": "MILL", "signal_limit_s": 6},
        {"id": "P1", "work_center": "PACK", "signal_limit_s": 6},
    ],
    "parties": [{"id": "acme", "name": "Acme", "kind": "customer"}],
}
ORDER = {
    "id": "SO-1",
    "product": "Valve",
    "quantity": 100,
    "due_at": "2099-01-01T00:00:00Z",
    "area": "L1",
    "operations": [
        {"id": "10", "work_center": "MILL",
         "planned_start": "2026-01-01T00:00:00Z", "planned_finish": "2098-01-01T00:00:00Z"},
        {"id": "20", "work_center": "PACK",
         "planned_start": "2026-01-01T00:00:00Z", "planned_finish": "2098-01-01T00:00:00Z"},
    ],
}  # fmt: skip
SCREENS = """
screens:
  turning:
    {site: works, area: L1, pages: [{panels: [figures], seconds: 3}, {panels: [hours], seconds: 3}]}
"""
PUT_OFF_S = 60.0
_numbers = count(1)


def wait_for(condition: Callable[[], Any], within_s: float, what: str) -> Any:
    """Return the condition's value as soon as it is true."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {within_s} s")


class Program:
    """One running Milepost without the demo, and an API key for its site `works`.

    `at` gives the same one with another site, whose people see that site alone: so that many can
    use one Milepost, each as if it were theirs. `turning`: whose is the screen of that name.
    """

    def __init__(self, folder: Path, turning: str = "works", **more: str) -> None:
        self.address = f"http://127.0.0.1:{free_port()}"
        self._log = folder / "log"
        self._env = {
            **{n: v for n, v in os.environ.items() if not n.startswith("MILEPOST_")},
            "PORT": self.address.rpartition(":")[2],
            "MILEPOST_VAR": str(folder / "var"),
            "MILEPOST_DEMO": "0",
            "MILEPOST_SCREENS": str(folder / "screens.yaml"),
            **more,
        }
        (folder / "screens.yaml").write_text(SCREENS.replace("works", turning))
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.site, self.sites = "works", people.EVERY_SITE
        self.key = ""

    def start(self) -> None:
        """Start it and wait until it serves."""
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "app.py"], cwd=ROOT, env=self._env, stdout=output, stderr=output,
                preexec_fn=_dying_with(os.getpid(), signal.SIGINT),
            )  # fmt: skip
        wait_for(self.serves, 180, "the program serves")
        self.key = self.key or self.new_key()

    def at(self, site: str) -> "Program":
        """Return the same running program, for a site that has its key and people of its own."""
        other = copy(self)
        other.site, other.sites = site, (site,)
        other.key = other.new_key()
        return other

    def run(self, *arguments: str) -> str:
        """Run one of its commands beside it; return what it printed."""
        done = self.attempt(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def attempt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one of its commands beside it, whatever comes of it."""
        return subprocess.run(
            [sys.executable, "app.py", *arguments],
            cwd=ROOT, env=self._env, capture_output=True, text=True, timeout=300,
        )  # fmt: skip

    def stop(self) -> int:
        """End it as Ctrl-C does; return its exit code."""
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGINT)
        code = self._process.wait(120)
        self._process = None
        return code

    def new_key(self, site: str = "", source: str = "test") -> str:
        """Make a key that reports for a site, its own unless named, as `key add` does."""
        with self._keys() as keys:
            return keys.create(site or self.site, source)

    def new_reader(self, site: str, role: Role, party: str | None = None) -> str:
        """Make a key that reads what a role may, as `key add --role` does."""
        with self._keys() as keys:
            return keys.create_reader(site, role, party)

    @contextmanager
    def _keys(self) -> Iterator[Keys]:
        sql = connect(self.database_url)
        yield Keys(KeyStore(sql), utc_now)
        sql.dispose()

    def pid(self, child: str) -> int:
        """The process id of a running part."""
        started = re.findall(rf"child_started\s+child={child} pid=(\d+)", self._log.read_text())
        return int(started[-1])

    def pids(self) -> set[int]:
        """The process ids of all parts that were ever started."""
        return {int(pid) for pid in re.findall(r"child_started.*pid=(\d+)", self._log.read_text())}

    def kill(self, child: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a part a signal."""
        os.kill(self.pid(child), number)

    def send(self, method: str, path: str, body: Any) -> dict[str, Any]:
        """Send JSON and return the answer's; again where it is put off, which is 503."""

        def sent() -> list[dict[str, Any]]:
            try:
                return [self._send(method, path, body)]
            except HTTPError as error:
                if error.code != 503:
                    raise
                error.close()
                return []

        [answer] = wait_for(sent, PUT_OFF_S, f"{path} is taken")
        return answer

    def _send(self, method: str, path: str, body: Any) -> dict[str, Any]:
        kind = "application/cloudevents-batch+json" if path == "/events" else "application/json"
        request = Request(
            f"{self.address}/api/v1{path}",
            method=method,
            data=msgspec.json.encode(body),
            headers={"Authorization": f"Bearer {self.key}", "Content-Type": kind},
        )
        with urlopen(request, timeout=60) as answer:
            return msgspec.json.decode(answer.read() or b"{}", type=dict[str, Any])

    @property
    def database_url(self) -> str:
        """The database of the running program."""
        postgres = EmbeddedPostgres(self._folder / "var" / "postgres")
        assert postgres.is_ready()
        return postgres.url

    @property
    def redis_url(self) -> str:
        """The Redis of the running program."""
        redis = EmbeddedRedis(self._folder / "var" / "redis")
        assert redis.is_ready()
        return redis.url

    @property
    def env(self) -> dict[str, str]:
        """The environment that all its parts have."""
        return dict(self._env)

    @property
    def log(self) -> str:
        """What all its parts have written."""
        return self._log.read_text()

    def sign_in(self, role: Role = Role.MANAGER, party: str | None = None) -> str:
        """Return the token of a new session of someone of a role."""
        return people.signed_in(self.database_url, role, party, self.sites)

    def open(self, path: str, role: Role = Role.MANAGER, timeout: float = 60) -> HTTPResponse:
        """Ask for a path as someone of a role."""
        request = Request(self.address + path, headers=people.header(self.sign_in(role)))
        answer: HTTPResponse = urlopen(request, timeout=timeout)
        return answer

    def describe(self, **changes: Any) -> None:
        """Give it the site, with some of it changed."""
        assert self.send("PUT", "/site", {**SITE, "id": self.site, **changes})["accepted"] == 1

    def plan(self) -> None:
        """Give it the site and its order."""
        self.describe()
        assert self.send("PUT", "/orders", {"orders": [ORDER]})["accepted"] == 1

    def event(self, type_: str, subject: str, **data: Any) -> dict[str, Any]:
        """Make one event that happens now, to be sent once or, where it wasn't taken, again."""
        return {
            "specversion": "1.0",
            "id": f"e{next(_numbers)}",
            "source": "test",
            "type": type_,
            "subject": subject,
            "time": datetime.now(UTC).isoformat(),
            "data": data,
        }

    def report(self, type_: str, subject: str, **data: Any) -> str:
        """Report one event that happens now, as often as it takes; return its id."""
        event = self.event(type_, subject, **data)
        wait_for(lambda: self.takes(event), 60, "the report is taken")
        return str(event["id"])

    def takes(self, event: dict[str, Any]) -> bool:
        """Send an event; say whether it was taken, also when its answer had been lost before.

        It isn't while the program is away, nor while it is too busy, which it says with 503.
        """
        try:
            answer = self._send("POST", "/events", [event])
        except HTTPError as error:
            if error.code != 503:
                raise
            error.close()
            return False
        except (OSError, HTTPException):
            return False
        assert not answer["refused"], answer
        return True

    def signal(self, work_units: Sequence[str]) -> None:
        """Say that machines are connected; not while the web process is away."""
        with suppress(OSError, HTTPException):
            self.send("POST", "/signals", {"work_units": list(work_units)})

    def serves(self) -> bool:
        """Whether it answers and has what it needs."""
        try:
            with urlopen(f"{self.address}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (HTTPError, URLError, ConnectionError, TimeoutError):
            return False


@contextmanager
def running(turning: str = "works", **more: str) -> Iterator[Program]:
    """Run a program in a folder of its own, of which nothing is left, however it goes."""
    with short_folder() as folder:
        program = Program(folder, turning, **more)
        try:
            program.start()
            yield program
        finally:
            program.stop()
