"""Milepost as in production, for tests: web processes of gunicorn behind a real nginx with TLS.

`proxied(...)` starts them on engines that are there; everything goes through the proxy.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import httpx
import msgspec
import psycopg
import pytest
import redis

from data.domain.scope import Role
from data.services.keys import Keys
from data.services.live import utc_now
from data.store.embedded import EmbeddedPostgres
from data.store.history import connect
from data.store.keys import KeyStore
from data.stream.embedded import EmbeddedRedis
from data.wiring import People
from tests import people
from tests.browser.product.program import ORDER, SCREENS, SITE, wait_for
from tests.engines import conninfo
from tests.folders import short_folder
from tests.nginx import NAME, Nginx, ensure
from tests.ports import free_port

ROOT = Path(__file__).parents[1]
SECRET = "a secret that the tests behind the proxy share"
PASSWORD = "four plain words again"
DATABASE = "proxied"


class Web:
    """One gunicorn of the program, as `gunicorn.conf.py` has it."""

    def __init__(self, folder: Path, env: dict[str, str], graceful_s: int | None = None) -> None:
        """`graceful_s`: how long what is under way may take at the end, if not as it is set up."""
        self.port = free_port()
        self._log = folder / f"web-{self.port}.log"
        self._env = env
        self._more = [] if graceful_s is None else ["--graceful-timeout", str(graceful_s)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and return without waiting."""
        command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{self.port}"]
        command += [*self._more, "app:server"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=self._env, stdout=log, stderr=log
            )

    def serves(self, *sites: str) -> bool:
        """Whether it serves everything, these sites among it."""
        assert self._process is not None and self._process.poll() is None, "it has ended"
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=2) as answer:
                return set(sites) <= msgspec.json.decode(answer.read())["sites"].keys()
        except OSError:
            return False

    def await_ready(self, *sites: str) -> None:
        """Return when it serves everything, these sites among it."""
        try:
            wait_for(lambda: self.serves(*sites), 180, "the web process serves")
        except AssertionError as error:
            raise AssertionError(f"{error}: {self._log.read_text()[-2000:]}") from None

    def reload(self) -> None:
        """Let another worker take its place; return when it has."""
        assert self._process is not None
        ended = self._log.read_text().count("Worker exiting")
        self._process.send_signal(signal.SIGHUP)
        wait_for(
            lambda: self._log.read_text().count("Worker exiting") > ended, 120, "the worker is gone"
        )
        self.await_ready()

    def leave(self) -> None:
        """Tell it to end, as systemd does."""
        if self._process is not None:
            self._process.terminate()

    def stop(self) -> None:
        """Tell it to end, and return when it has."""
        self.leave()
        if self._process is not None:
            self._process.wait(60)
            self._process = None


class Proxied:
    """Milepost behind nginx, with a site and its order."""

    def __init__(self, nginx: Nginx, webs: Sequence[Web], database_url: str) -> None:
        self.nginx, self.webs, self.database_url = nginx, webs, database_url
        self.address = nginx.address
        sql = connect(database_url)
        self.key = Keys(KeyStore(sql), utc_now).create("works", "test")
        sql.dispose()

    @contextmanager
    def client(self, source: str = "127.0.0.1", **more: Any) -> Iterator[httpx.Client]:
        """A client that speaks HTTP/2 and comes from an address of this machine."""
        transport = httpx.HTTPTransport(
            verify=self.nginx.trust(), http2=True, local_address=source, trust_env=False
        )
        options = {"timeout": 30, "base_url": self.address, "transport": transport, **more}
        with httpx.Client(**options) as made:
            yield made

    def signed_in(self, role: Role = Role.MANAGER) -> dict[str, str]:
        """Return the cookie of somebody of a role who has signed in."""
        return {"__Host-milepost": people.signed_in(self.database_url, role)}

    def member(self, login: str) -> None:
        """Make an account with a password."""
        sql = connect(self.database_url)
        identity = People(sql, SECRET.encode()).identity
        account = identity.create(login, login, Role.MANAGER, ["*"], None)
        identity.change_password(account, PASSWORD)
        sql.dispose()

    def report(self, client: httpx.Client, number: int, good: int = 1) -> httpx.Response:
        """Report pieces of the order; `number` makes the event's identity."""
        event = {
            "specversion": "1.0", "id": f"piece-{number}", "source": "test",
            "type": "operation.progressed", "subject": "operation/SO-1/20",
            "time": utc_now().isoformat(), "data": {"work_unit": "P1", "good": good},
        }  # fmt: skip
        return client.post("/api/v1/events", json=event, headers=self.authorised(_EVENT))

    def authorised(self, kind: str = "application/json") -> dict[str, str]:
        """Return the headers of who reports."""
        return {"Authorization": f"Bearer {self.key}", "Content-Type": kind}

    def plan(self) -> None:
        """Give it the site and its order."""
        with self.client() as client:
            for path, body in (("/site", SITE), ("/orders", {"orders": [ORDER]})):
                said = client.put(f"/api/v1{path}", json=body, headers=self.authorised())
                assert said.json()["accepted"] == 1, said.text


_EVENT = "application/cloudevents+json"


@contextmanager
def proxied(
    postgres: EmbeddedPostgres, redis_server: EmbeddedRedis, template: str, webs: int,
    graceful_s: int | None = None,
) -> Iterator[Proxied]:  # fmt: skip
    """Start web processes behind nginx on an empty Redis and a new database; stop them after."""
    program = ensure()
    if program is None:
        pytest.skip("there is no nginx, and none could be installed")
    engines = _engines(postgres, redis_server, template)
    with engines as (database_url, redis_url), short_folder() as folder:
        env = _environment(folder, database_url, redis_url)
        made = [Web(folder, env, graceful_s) for _ in range(webs)]
        nginx = Nginx(program, folder, [web.port for web in made])
        try:
            for web in made:
                web.start()
            for web in made:
                web.await_ready()
            nginx.start()
            running = Proxied(nginx, made, database_url)
            running.plan()
            for web in made:
                web.await_ready("works")
            yield running
        finally:
            nginx.stop()
            for web in made:
                web.leave()
            for web in made:
                web.stop()


@contextmanager
def _engines(
    postgres: EmbeddedPostgres, redis_server: EmbeddedRedis, template: str
) -> Iterator[tuple[str, str]]:
    redis_url = redis_server.start()
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    postgres.start()
    _execute(postgres, f"CREATE DATABASE {DATABASE} TEMPLATE {template}")
    try:
        yield postgres.url_of(DATABASE), redis_url
    finally:
        _execute(postgres, f"DROP DATABASE {DATABASE} WITH (FORCE)")


def _execute(postgres: EmbeddedPostgres, statement: str) -> None:
    with psycopg.connect(conninfo(postgres.url), autocommit=True) as connection:
        connection.execute(statement)


def _environment(folder: Path, database_url: str, redis_url: str) -> dict[str, str]:
    (folder / "screens.yaml").write_text(SCREENS)
    return {
        **{n: v for n, v in os.environ.items() if not n.startswith("MILEPOST_")},
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "MILEPOST_VAR": str(folder / "var"),
        "MILEPOST_SECRET": SECRET,
        "MILEPOST_SCREENS": str(folder / "screens.yaml"),
    }


def form_token(page: httpx.Response) -> str:
    """Return the token that a form of ours carries."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert found is not None, page.text
    return found[1]


def host_of(running: Proxied) -> str:
    """Return the name and port that browsers send."""
    return f"{NAME}:{running.nginx.https}"
