"""Milepost on several of everything: web processes behind nginx, workers, watches, notifiers.

`scaled(...)` starts it on engines that are there, with four sites that have an order each; what
it is told goes through the proxy.
"""

import re
import subprocess
import sys
import tempfile
import threading
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from data.domain.scope import Role
from data.services.keys import Keys
from data.services.live import utc_now
from data.store.history import connect
from data.store.keys import KeyStore
from tests import people
from tests.browser.product.program import ORDER, SITE, wait_for
from tests.days import zone_of_a_morning
from tests.engines import conninfo
from tests.nginx import Nginx, ensure
from tests.proxied import ROOT, Proxied, Web, _environment

SITES = ("hsinchu", "suzhou", "brno", "leon")
SUPPLIER = "jade"
BENCHES = tuple(f"B{number}" for number in range(1, 7))  # each stops once
_BEGUN = re.compile(r"(?:recording|watching)\s.*?site=(\w+)")
_MOST_WAIT_S = 60.0
SIGNAL_EVERY = 5  # pieces


class Part:
    """One process beside the web."""

    def __init__(self, name: str, folder: Path, env: dict[str, str]) -> None:
        self.name = name
        self._log = folder / f"{name}-{next(_numbers)}.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "app.py", name], cwd=ROOT, env=env, stdout=log, stderr=log
            )

    @property
    def begun(self) -> set[str]:
        """The sites that it ever began to record or to watch."""
        return set(_BEGUN.findall(self.log))

    @property
    def log(self) -> str:
        """What it has written, without colours."""
        return re.sub(r"\x1b\[[0-9;]*m", "", self._log.read_text())

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(10)

    def stop(self) -> None:
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(20)
        self.kill()


_numbers = count(1)


class Scaled(Proxied):
    """The running program, four sites of it."""

    def __init__(
        self, nginx: Nginx, webs: Sequence[Web], database_url: str, parts: Sequence[Part]
    ) -> None:
        super().__init__(nginx, webs, database_url)
        self.parts = parts
        sql = connect(database_url)
        self.keys = {site: Keys(KeyStore(sql), utc_now).create(site, "test") for site in SITES}
        sql.dispose()

    def of(self, name: str) -> list[Part]:
        """The processes of a name: `worker`, `watch`, `notify`."""
        return [part for part in self.parts if part.name == name]

    def await_sites(self, name: str) -> None:
        """Return when the processes of a name have begun with every site."""
        parts = self.of(name)
        wait_for(
            lambda: set().union(*(part.begun for part in parts)) >= {*SITES},
            60, f"every site has a {name}",
        )  # fmt: skip

    def plan_all(self) -> None:
        with self.client() as client:
            for site in SITES:
                headers = self.headers(site, "application/json")
                for path, body in (("/site", document(site)), ("/orders", {"orders": [order()]})):
                    said = client.put(f"/api/v1{path}", json=body, headers=headers)
                    assert said.json()["accepted"] == 1, said.text

    def headers(self, site: str, kind: str = "application/cloudevents+json") -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys[site]}", "Content-Type": kind}

    def tell(self, site: str, event_id: str, type_: str, subject: str, **data: Any) -> None:
        """Report one event, as often as it takes until it is acknowledged."""
        event = event_of(event_id, type_, subject, data)
        with self.client() as client:
            wait_for(
                lambda: client.post(
                    "/api/v1/events", json=event, headers=self.headers(site)
                ).status_code == 200,
                _MOST_WAIT_S, f"{event_id} is acknowledged",
            )  # fmt: skip

    def supplier(self, site: str) -> dict[str, str]:
        """Return the cookie of the supplier of one site."""
        token = people.signed_in(self.database_url, Role.SUPPLIER, SUPPLIER, (site,))
        return {"__Host-milepost": token}

    def recorded(self, site: str) -> list[str]:
        """The identities of all pieces that SQL has, as often as it has them."""
        return recorded_at(self.database_url, site)

    def good(self, site: str) -> int:
        """The pieces that the folded state has counted."""
        query = "SELECT good FROM operation WHERE site = %s AND operation_id = '20'"
        with psycopg.connect(conninfo(self.database_url)) as connection:
            row = connection.execute(query, (site,)).fetchone()
        return row[0] if row else 0

    def lacks(self, machine: "Machine") -> set[str]:
        """What a machine's acknowledged events SQL hasn't."""
        return {*machine.acknowledged} - {*self.recorded(machine.site)}

    def kill_busiest(self, name: str) -> tuple[Part, set[str]]:
        """Kill the one of two that has most sites; return the other, and what it must take over."""
        victim, other = sorted(self.of(name), key=lambda part: -len(part.begun))
        orphans = victim.begun - other.begun
        assert orphans
        victim.kill()
        return other, orphans

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """The rows that SQL answers."""
        with psycopg.connect(conninfo(self.database_url)) as connection:
            return connection.execute(query.encode(), values).fetchall()


def recorded_at(database_url: str, site: str) -> list[str]:
    """The identities of all pieces that a server has, as often as it has them."""
    query = "SELECT id FROM event WHERE site = %s AND id LIKE 'piece-%%'"
    with psycopg.connect(conninfo(database_url)) as connection:
        return [row[0] for row in connection.execute(query, (site,))]


def document(site: str) -> dict[str, Any]:
    """A site whose day has begun lately and doesn't end meanwhile, with benches and a supplier."""
    benches = [{"id": bench, "work_center": "MILL"} for bench in BENCHES]
    supplier = {"id": SUPPLIER, "name": "Jade", "kind": "supplier"}
    return {
        **SITE, "id": site, "name": site.title(), "timezone": zone_of_a_morning(utc_now()),
        "work_units": [*SITE["work_units"], *benches],
        "parties": [*SITE["parties"], supplier],
    }  # fmt: skip


def order() -> dict[str, Any]:
    """An order that isn't done meanwhile, with a need of the supplier."""
    need = {
        "id": "n1", "part": "J-1", "name": "ring", "operation": "10", "supplier": SUPPLIER,
        "quantity": 900_000, "need_by": (utc_now() + timedelta(days=3)).isoformat(),
    }  # fmt: skip
    return {**ORDER, "quantity": 900_000, "needs": [need]}


def event_of(
    event_id: str, type_: str, subject: str, data: Mapping[str, object]
) -> dict[str, object]:
    """An event that happens now."""
    return {
        "specversion": "1.0", "id": event_id, "source": "test", "type": type_,
        "subject": subject, "time": utc_now().isoformat(), "data": data,
    }  # fmt: skip


class Machine(threading.Thread):
    """Reports a piece again and again; repeats what wasn't acknowledged, as often as it takes."""

    def __init__(self, program: Scaled, site: str) -> None:
        super().__init__(daemon=True)
        self.site, self.acknowledged, self.moments = site, list[str](), list[float]()
        self.refused: Counter[str] = Counter()  # why, how often
        self.longest_s = 0.0
        self.failure: BaseException | None = None
        self._program = program
        self._stopping = threading.Event()

    def run(self) -> None:
        try:
            with self._program.client() as client:
                for number in count():
                    if number % SIGNAL_EVERY == 0:
                        self._signal(client)
                    self._report(client, f"piece-{number}")
                    if self._stopping.wait(0.1):
                        return
        except BaseException as error:
            self.failure = error

    def _signal(self, client: httpx.Client) -> None:
        """Say that the machines are connected: a wall that doesn't hear of them is hatched."""
        headers = self._program.headers(self.site, "application/json")
        client.post("/api/v1/signals", json={"work_units": ["M1", "P1"]}, headers=headers)

    def _report(self, client: httpx.Client, event_id: str) -> None:
        begun = time.monotonic()
        done = {"work_unit": "P1", "good": 1}
        event = event_of(event_id, "operation.progressed", "operation/SO-1/20", done)
        while not self._stopping.is_set():
            headers = self._program.headers(self.site)
            said = client.post("/api/v1/events", json=event, headers=headers)
            if said.status_code == 200:
                self.acknowledged.append(event_id)
                self.moments.append(time.monotonic())
                self.longest_s = max(self.longest_s, self.moments[-1] - begun)
                return
            self.refused[f"{said.status_code} {said.text[:200]}"] += 1
            self._stopping.wait(0.2)

    def count(self, at: float) -> int:
        """How many were acknowledged by a moment."""
        return bisect_right(self.moments, at)

    def stop(self) -> None:
        self._stopping.set()
        self.join(20)


@contextmanager
def scaled(
    database_url: str, redis_url: str, *, webs: int = 2, parts: Sequence[str] = ("worker",) * 2,
    **more: str,
) -> Iterator[Scaled]:  # fmt: skip
    """Start the program on engines that are there; stop it afterwards."""
    program = ensure()
    if program is None:
        pytest.skip("there is no nginx, and none could be installed")
    with tempfile.TemporaryDirectory(prefix="milepost-") as name, ExitStack() as stack:
        folder = Path(name)
        env = _environment(folder, database_url, redis_url) | more
        env["PYTHONUNBUFFERED"] = "1"
        made = [Web(folder, env, graceful_s=2) for _ in range(webs)]
        for web in made:  # one after the other: starting takes a whole processor
            web.start()
            stack.callback(web.stop)
            web.await_ready()
        beside = [Part(one, folder, env) for one in parts]
        for part in beside:
            stack.callback(part.stop)
        nginx = Nginx(program, folder, [web.port for web in made])
        nginx.start()
        stack.callback(nginx.stop)
        running = Scaled(nginx, made, database_url, beside)
        running.plan_all()
        for web in made:
            web.await_ready(*SITES)
        for one in {*parts} & {"worker", "watch"}:
            running.await_sites(one)
        yield running
