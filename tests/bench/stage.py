"""What the groups stand on: engines of their own, and the program's processes beside them."""

import http.client
import itertools
import json
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import psycopg
import redis
from msgspec import Struct

from data.processes import Child, Solo
from data.services.keys import Keys
from data.services.live import utc_now
from data.store.embedded import EmbeddedPostgres
from data.store.history import History, connect
from data.store.keys import KeyStore
from data.store.migrate import upgrade
from data.stream.embedded import EmbeddedRedis
from data.stream.log import EventLog
from data.stream.log import connect as connect_log
from tests import people
from tests.bench import factory
from tests.engines import conninfo
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "var" / "bench"
TEMPLATE = "bench_template"
BATCH = 500
RATE = 5.0  # events a second, where nothing else is said
CPUS = sorted(os.sched_getaffinity(0))
# Prefix of a command that keeps to one processor.
PINNED = "import os, sys; os.sched_setaffinity(0, {%d}); os.execv(sys.argv[1], sys.argv[1:])"


class Ground(Struct, frozen=True):
    """A database with Milepost's tables and no rows, and a Redis with nothing in it."""

    database_url: str
    redis_url: str

    def log(self) -> EventLog:
        return EventLog(connect_log(self.redis_url))

    def history(self) -> History:
        return History(connect(self.database_url))

    def key(self, site: str = factory.SITE, source: str = factory.SOURCE) -> str:
        sql = connect(self.database_url)
        made = Keys(KeyStore(sql), utc_now).create(site, source, rate_per_s=1e6)
        sql.dispose()
        return made

    def token(self) -> str:
        """Sign a manager in; return the session's token."""
        return people.signed_in(self.database_url)

    def env(self, port: int) -> dict[str, str]:
        own = {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}
        others = {"HOST": "127.0.0.1", "PORT": str(port), "MILEPOST_VAR": str(FOLDER / "var")}
        fixed = {"DEMO": "0", "SCREENS": "", "LOCALE": "en", "LOG_LEVEL": "warning"}
        return own | others | {f"MILEPOST_{name}": value for name, value in fixed.items()}


class Stage:
    """PostgreSQL and Redis of one run, durable as in production."""

    def __init__(self) -> None:
        FOLDER.mkdir(parents=True, exist_ok=True)
        self._folder = Path(tempfile.mkdtemp(prefix="run-", dir=FOLDER))
        self.redis = EmbeddedRedis(self._folder / "redis", max_memory="4gb")
        self.postgres = EmbeddedPostgres(self._folder / "postgres")
        self._numbers = itertools.count(1)

    def __enter__(self) -> "Stage":
        self.redis.start()
        self.postgres.start()
        self._execute(f"CREATE DATABASE {TEMPLATE}")
        upgrade(self.postgres.url_of(TEMPLATE))
        return self

    def __exit__(self, *_: object) -> None:
        self.redis.stop()
        self.postgres.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def fresh(self) -> Ground:
        """Give new ground; what stood there before is gone."""
        name = f"bench_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        with redis.Redis.from_url(self.redis.url) as client:
            client.flushall()
        return Ground(self.postgres.url_of(name), self.redis.url)

    @contextmanager
    def engines_on(self, cpu: int) -> Iterator[None]:
        """Keep the engines and this process to one processor for a while."""
        pids = [pid for pid in (self.redis.pid, self.postgres.pid, os.getpid()) if pid]
        trees = [child for pid in pids for child in (psutil.Process(pid),)]
        for process in trees:
            process.cpu_affinity([cpu])
        yield
        for process in trees:
            process.cpu_affinity(CPUS)

    def _execute(self, statement: str) -> None:
        with psycopg.connect(conninfo(self.postgres.url), autocommit=True) as connection:
            connection.execute(statement)


class Program(NamedTuple):
    """A process of the program that serves."""

    pid: int
    port: int
    started_at: float  # monotonic
    token: str  # of a manager who is signed in

    def web_pid(self) -> int:
        """The web process: itself, or the one that it supervises."""
        for process in psutil.Process(self.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                if process.cmdline()[-1:] == ["web"]:
                    return process.pid
        return self.pid


class Posted(NamedTuple):
    """When an event was sent and when it was accepted. Units: nanoseconds since 1970."""

    sent_ns: int
    accepted_ns: int


class Client:
    """A sender on one kept connection."""

    def __init__(self, port: int, key: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        self._head = {"Authorization": f"Bearer {key}"}

    def call(self, method: str, path: str, body: bytes, form: str) -> dict[str, Any]:
        head = self._head | {"Content-Type": form}
        self._connection.request(method, path, body, head)
        answer = self._connection.getresponse()
        said = json.loads(answer.read())
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {said}")
        return said

    def post(self, envelopes: Sequence[dict[str, Any]]) -> Posted:
        """Send a batch, of which every event must be accepted."""
        return self.post_body(json.dumps(envelopes).encode(), len(envelopes))

    def post_body(self, body: bytes, events: int) -> Posted:
        sent_ns = time.time_ns()
        said = self.call("POST", "/api/v1/events", body, "application/cloudevents-batch+json")
        accepted_ns = time.time_ns()
        if said["accepted"] != events:
            wrong = [one for one in said["results"] if one["status"] != "accepted"]
            raise RuntimeError(f"{events - said['accepted']} not accepted, first {wrong[0]}")
        return Posted(sent_ns, accepted_ns)


@contextmanager
def running(
    ground: Ground,
    *command: str,
    name: str = "app.py",
    cpu: int | None = None,
    awaited: bool = True,
    env: Mapping[str, str] | None = None,
) -> Iterator[Program]:
    """Run a command of the program (none: all of it, supervised) until the block ends.

    `awaited`: the block begins when it answers; else as soon as it is started. `env`: what it is
    told besides the ground.
    """
    port, token = free_port(), ground.token()
    argv = (sys.executable, "-m", name) if name.startswith("tests.") else (sys.executable, name)
    argv = (*argv, *command)
    if cpu is not None:
        argv = (sys.executable, "-c", PINNED % cpu, *argv)
    said = FOLDER / f"{name.rpartition('.')[2]}-{'-'.join(command) or 'all'}.log"
    serves = awaited and command != ("worker",)
    child = Child(
        name=name,
        argv=argv,
        env={**ground.env(port), "PYTHONPATH": str(ROOT), **(env or {})},
        ready=(lambda: answers(port)) if serves else None,
        output=said,
    )
    solo, started_at = Solo(child), time.monotonic()
    solo.start()
    try:
        yield Program(solo.pid or 0, port, started_at, token)
    finally:
        solo.stop()


def opened_factory(ground: Ground, port: int) -> tuple[factory.Factory, Client]:
    """Send the factory of the wall to a server; return it with its sender."""
    made = factory.Factory(datetime.now(UTC))
    client = Client(port, ground.key())
    put_site(client, port, made.site())
    for events in (made.plans(), made.past()):
        for first in range(0, len(events), BATCH):
            client.post(events[first : first + BATCH])
    return made, client


def steadily(
    made: factory.Factory, client: Client, seconds: float
) -> tuple[list[int], list[Posted]]:
    """Report at the usual rate; return the counts that this brings about, and when."""
    goods, posted = [], []
    for _ in paced(RATE, seconds):
        event = made.report()
        goods.append(made.good)
        posted.append(client.post([event]))
    return goods, posted


def put_site(client: Client, port: int, model: dict[str, Any]) -> None:
    """Send a site's document and wait until the server follows it."""
    client.call("PUT", "/api/v1/site", json.dumps(model).encode(), "application/json")
    wait_until(lambda: loaded(port, model["id"]), 15, "the site is followed")


def loaded(port: int, site: str) -> bool:
    """Whether a server is ready, with this site's board loaded."""
    said = ask(port, "/readyz")
    return said is not None and said["sites"].get(site, {}).get("loaded", False)


def answers(port: int) -> bool:
    return ask(port, "/healthz") is not None


def ask(port: int, path: str, token: str = "") -> dict[str, Any] | None:
    """The JSON of a successful answer; None for any other and for none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path, headers=people.header(token))
        answer = connection.getresponse()
        return json.loads(answer.read()) if answer.status == 200 else None
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()


def wait_until(
    condition: Callable[[], bool], within_s: float, what: str, every_s: float = 0.02
) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {within_s:g} s until {what}")
        time.sleep(every_s)


def paced(rate: float, seconds: float) -> Iterator[int]:
    """Yield numbers at a rate for a while; late ones follow at once."""
    begun = time.monotonic()
    for number in range(int(rate * seconds)):
        time.sleep(max(0.0, begun + number / rate - time.monotonic()))
        yield number


def allow_many_files() -> None:
    """Raise the limit of open files as far as this account may; children inherit it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65536 if most == resource.RLIM_INFINITY else min(most, 65536)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
