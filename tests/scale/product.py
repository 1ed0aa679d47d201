"""Milepost on several of everything: web processes behind nginx, workers, a Redis Cluster.

`scaled(...)` starts it with four sites that have an order each; what it is told goes through
the proxy.
"""

import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path

import httpx
import psycopg
import pytest

from data.services.keys import Keys
from data.services.live import utc_now
from data.store.history import connect
from data.store.keys import KeyStore
from tests.browser.product.program import ORDER, SITE, wait_for
from tests.engines import conninfo
from tests.nginx import Nginx, ensure
from tests.proxied import ROOT, Proxied, Web, _environment

SITES = ("hsinchu", "suzhou", "brno", "leon")
_RECORDING = re.compile(r"recording\s.*?site=(\w+)")


class Part:
    """One process beside the web."""

    def __init__(self, name: str, folder: Path, env: dict[str, str]) -> None:
        self._log = folder / f"{name}-{next(_numbers)}.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "app.py", name], cwd=ROOT, env=env, stdout=log, stderr=log
            )

    @property
    def recorded(self) -> set[str]:
        """The sites that it ever began to record."""
        text = re.sub(r"\x1b\[[0-9;]*m", "", self._log.read_text())
        return set(_RECORDING.findall(text))

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
        self, nginx: Nginx, webs: Sequence[Web], database_url: str, workers: list[Part]
    ) -> None:
        super().__init__(nginx, webs, database_url)
        self.workers = workers
        sql = connect(database_url)
        self.keys = {site: Keys(KeyStore(sql), utc_now).create(site, "test") for site in SITES}
        sql.dispose()

    def plan_all(self) -> None:
        with self.client() as client:
            for site in SITES:
                headers = self.headers(site, "application/json")
                document = SITE | {"id": site, "name": site.title()}
                for path, body in (("/site", document), ("/orders", {"orders": [ORDER]})):
                    said = client.put(f"/api/v1{path}", json=body, headers=headers)
                    assert said.json()["accepted"] == 1, said.text

    def headers(self, site: str, kind: str = "application/cloudevents+json") -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys[site]}", "Content-Type": kind}

    def recorded(self, site: str) -> list[str]:
        """The identities of all pieces that SQL has, as often as it has them."""
        query = "SELECT id FROM event WHERE site = %s AND id LIKE 'piece-%%'"
        with psycopg.connect(conninfo(self.database_url)) as connection:
            return [row[0] for row in connection.execute(query, (site,))]

    def good(self, site: str) -> int:
        """The pieces that the folded state has counted."""
        query = "SELECT good FROM operation WHERE site = %s AND operation_id = '20'"
        with psycopg.connect(conninfo(self.database_url)) as connection:
            row = connection.execute(query, (site,)).fetchone()
        return row[0] if row else 0


class Machine(threading.Thread):
    """Reports a piece again and again; repeats what wasn't acknowledged, as often as it takes."""

    def __init__(self, program: Scaled, site: str) -> None:
        super().__init__(daemon=True)
        self.site, self.acknowledged = site, list[str]()
        self.refused: Counter[str] = Counter()  # why, how often
        self.longest_s = 0.0
        self.failure: BaseException | None = None
        self._program = program
        self._stopping = threading.Event()

    def run(self) -> None:
        try:
            with self._program.client() as client:
                for number in count():
                    self._report(client, f"piece-{number}")
                    if self._stopping.wait(0.1):
                        return
        except BaseException as error:
            self.failure = error

    def _report(self, client: httpx.Client, event_id: str) -> None:
        begun = time.monotonic()
        event = {
            "specversion": "1.0", "id": event_id, "source": "test",
            "type": "operation.progressed", "subject": "operation/SO-1/20",
            "time": utc_now().isoformat(), "data": {"work_unit": "P1", "good": 1},
        }  # fmt: skip
        while not self._stopping.is_set():
            headers = self._program.headers(self.site)
            said = client.post("/api/v1/events", json=event, headers=headers)
            if said.status_code == 200:
                self.acknowledged.append(event_id)
                self.longest_s = max(self.longest_s, time.monotonic() - begun)
                return
            self.refused[f"{said.status_code} {said.text[:200]}"] += 1
            self._stopping.wait(0.2)

    def stop(self) -> None:
        self._stopping.set()
        self.join(20)


@contextmanager
def scaled(
    database_url: str, redis_url: str, webs: int = 2, workers: int = 2, **more: str
) -> Iterator[Scaled]:
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
        parts = [Part("worker", folder, env) for _ in range(workers)]
        for part in parts:
            stack.callback(part.stop)
        nginx = Nginx(program, folder, [web.port for web in made])
        nginx.start()
        stack.callback(nginx.stop)
        running = Scaled(nginx, made, database_url, parts)
        running.plan_all()
        for web in made:
            web.await_ready(*SITES)
        everywhere = set(SITES)
        wait_for(
            lambda: set().union(*(part.recorded for part in parts)) >= everywhere,
            60, "every site has a recorder",
        )  # fmt: skip
        yield running
