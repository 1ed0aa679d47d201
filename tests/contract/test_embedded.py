import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from data.processes import ChildError, await_ready
from data.store.embedded import EmbeddedPostgres, _let_read, _let_through
from data.stream.embedded import EmbeddedRedis
from tests.engines import conninfo, redis_at
from tests.folders import short_folder

ROOT = Path(__file__).resolve().parents[2]
KINDS = {"postgres": EmbeddedPostgres, "redis": EmbeddedRedis}

Engine = EmbeddedPostgres | EmbeddedRedis


@pytest.fixture(params=sorted(KINDS))
def kind(request) -> str:
    return request.param


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short, for Unix sockets."""
    with short_folder() as made:
        yield made


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """Kept for all tests here, for making a PostgreSQL cluster takes long."""
    with short_folder() as made:
        yield made


@pytest.fixture
def engine(kind: str, home: Path) -> Iterator[Engine]:
    """A server that is not running, whose data earlier tests may have written to."""
    made = KINDS[kind](home / kind)
    yield made
    made.stop()


@pytest.fixture
def word(request) -> str:
    """What this test alone keeps."""
    return request.node.name


def holds(url: str) -> list[str]:
    """What keep() has kept in this engine."""
    if url.startswith("unix:"):
        with redis_at(url) as client:
            return [word.decode() for word in client.lrange("kept", 0, -1)]
    with psycopg.connect(conninfo(url), autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (word text)")
        return [word for (word,) in connection.execute("SELECT word FROM kept").fetchall()]


def keep(url: str, word: str) -> None:
    if url.startswith("unix:"):
        with redis_at(url) as client:
            client.rpush("kept", word)
        return
    with psycopg.connect(conninfo(url)) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (word text)")
        connection.execute("INSERT INTO kept VALUES (%s)", (word,))


def is_gone(pid: int | None) -> bool:
    assert pid is not None
    return await_ready(lambda: not is_alive(pid), 60, lambda: True)


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_what_was_acknowledged_survives_a_stop(engine: Engine, word: str):
    keep(engine.start(), word)
    engine.stop()
    assert word in holds(engine.start())


def test_what_was_acknowledged_survives_a_crash(engine: Engine, word: str):
    keep(engine.start(), word)
    engine.kill()
    assert word in holds(engine.start())


def test_starting_twice_starts_once(engine: Engine):
    url = engine.start()
    pid = engine.pid
    assert engine.start() == url
    assert engine.pid == pid


def test_the_url_is_known_before_the_start(engine: Engine):
    url = engine.url
    assert engine.start() == url


def test_stopping_leaves_nothing_running(engine: Engine):
    engine.start()
    server = psutil.Process(engine.pid)
    family = [server, *server.children(recursive=True)]
    engine.stop()
    assert all(is_gone(member.pid) for member in family)
    assert engine.pid is None


def test_stopping_what_never_started_is_no_error(engine: Engine):
    engine.stop()
    engine.kill()
    assert engine.pid is None


def test_a_second_program_attaches_and_its_stop_leaves_the_server_to_the_first(
    engine: Engine, kind: str, home: Path, word: str
):
    keep(engine.start(), word)
    with KINDS[kind](home / kind) as url:
        assert word in holds(url)
    assert word in holds(engine.url)


def test_a_pid_file_that_names_another_program_does_not_stop_the_start(
    engine: Engine, kind: str, word: str
):
    keep(engine.start(), word)
    engine.kill()
    pid_file = next(Path(engine._folder).glob("**/*.pid"))
    lines = pid_file.read_text().split("\n")
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]))
    assert word in holds(engine.start())
    engine.kill()
    pid_file.write_text("")
    assert word in holds(engine.start())


def test_a_folder_too_deep_for_a_socket_works(kind: str, folder: Path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    deep = KINDS[kind](folder / ("d" * 60) / ("e" * 60) / kind)
    with deep as url:
        keep(url, "one")
        assert holds(url) == ["one"]
    assert deep.url == KINDS[kind](deep._folder).url


def test_nobody_else_may_open_the_socket_or_the_data(engine: Engine):
    engine.start()
    doors = [path for path in engine._folder.rglob("*") if path.is_socket()]
    assert doors
    assert all(door.parent.stat().st_mode & 0o077 == 0 for door in doors)
    assert all(door.stat().st_mode & 0o077 == 0 for door in doors)


def test_no_port_is_opened(engine: Engine):
    engine.start()
    server = psutil.Process(engine.pid)
    assert [c for c in server.net_connections() if c.family != socket.AF_UNIX] == []


OWNER = """
import sys, time
from pathlib import Path
from data.store.embedded import EmbeddedPostgres
from data.stream.embedded import EmbeddedRedis
engine = {kind}(Path(sys.argv[1]))
engine.start()
print(engine.pid, flush=True)
time.sleep(600)
"""


def test_a_killed_owner_takes_its_server_along(kind: str, home: Path, word: str):
    code = OWNER.format(kind=KINDS[kind].__name__)
    command = [sys.executable, "-c", code, str(home / kind)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as owner:
        server = int(owner.stdout.readline())
        keep(KINDS[kind](home / kind).url, word)
        owner.kill()
    assert is_gone(server)
    with KINDS[kind](home / kind) as url:
        assert word in holds(url)


def test_a_server_that_is_still_going_down_is_waited_for(
    engine: Engine, kind: str, home: Path, word: str
):
    keep(engine.start(), word)
    os.kill(engine.pid, signal.SIGTERM if kind == "redis" else signal.SIGINT)
    successor = KINDS[kind](home / kind).child()
    successor.prepare()
    assert is_gone(engine._solo._process.pid)


def test_programs_installed_under_a_strict_umask_are_opened_for_the_account_of_postgres(
    folder: Path,
):
    program = folder / "wheel" / "pginstall18" / "bin" / "postgres"
    library = folder / "wheel.libs" / "libpq.so"
    for path in (program, library):
        path.parent.mkdir(parents=True, mode=0o700)
        path.touch(mode=0o600)
    program.chmod(0o711)
    _let_through(program)
    _let_read(program)
    assert [path.stat().st_mode & 0o007 for path in (program, library)] == [0o5, 0o4]
    passed = [*program.parents[:3], library.parent, folder]
    assert all(path.stat().st_mode & stat.S_IXOTH for path in passed)


def test_postgres_is_durable(postgres_url: str):
    with psycopg.connect(conninfo(postgres_url)) as connection:
        got = {name: connection.execute(f"SHOW {name}").fetchone()[0] for name in DURABLE}
    assert got == DURABLE


DURABLE = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "server_encoding": "UTF8",
    "TimeZone": "UTC",
}


def test_a_database_directory_left_half_made_is_made_again(folder: Path):
    (folder / "postgres" / "data.new" / "base").mkdir(parents=True)
    with EmbeddedPostgres(folder / "postgres") as url:
        assert holds(url) == []


def test_the_data_of_another_major_version_is_refused_and_left_alone(folder: Path):
    data = folder / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("16\n")
    with pytest.raises(ChildError, match="made by PostgreSQL 16, and this is 18"):
        EmbeddedPostgres(folder / "postgres").start()
    assert [path.name for path in data.iterdir()] == ["PG_VERSION"]


def test_redis_writes_to_disk_before_it_acknowledges_and_never_evicts(redis_url: str):
    with redis_at(redis_url) as client:
        got = {name: client.config_get(name)[name] for name in LOG}
    assert got == LOG


LOG = {
    "appendonly": "yes",
    "appendfsync": "always",
    "no-appendfsync-on-rewrite": "no",
    "save": "",
    "maxmemory": str(1024**3),
    "maxmemory-policy": "noeviction",
}


def test_a_full_redis_refuses_to_append_and_still_answers(folder: Path):
    with EmbeddedRedis(folder / "redis", max_memory="3mb") as url, redis_at(url) as client:
        with pytest.raises(redis.exceptions.OutOfMemoryError):
            for _ in range(100):
                client.xadd("log", {"event": "x" * 100_000})
        assert client.xlen("log") > 0


def test_a_log_cut_off_in_the_middle_of_a_write_loads_up_to_there(folder: Path):
    server = EmbeddedRedis(folder / "redis")
    keep(server.start(), "one")
    server.kill()
    with (folder / "redis" / "appendonly.aof").open("ab") as log:
        log.write(b"*3\r\n$5\r\nRPUSH\r\n$4\r\nke")
    with server as url:
        assert holds(url) == ["one"]


def test_each_test_gets_a_database_and_a_redis_of_its_own(new_database, redis_url: str):
    first, second = new_database(), new_database()
    keep(first, "one")
    assert (holds(first), holds(second)) == (["one"], [])
    assert holds(redis_url) == []
