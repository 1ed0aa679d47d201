"""The supervisor runs as a program of its own here, as it does in production."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from data.processes import GRACE_S, await_ready
from data.store.embedded import EmbeddedPostgres
from data.stream.embedded import EmbeddedRedis
from data.supervise import backoff_s
from tests.engines import conninfo, redis_at
from tests.folders import short_folder

ROOT = Path(__file__).resolve().parents[2]
LONGEST_S = 60.0  # for a cluster that is made on a busy machine
PROGRAM = """
import sys
import time
from pathlib import Path
import structlog
from data.processes import Child, ChildError
from data.supervise import Supervisor
structlog.configure(
    processors=[structlog.processors.add_log_level, structlog.processors.JSONRenderer()],
    logger_factory=structlog.PrintLoggerFactory(),
)
folder = Path(sys.argv[1])
sleeper = ("sleep", "600")
def shell(script):
    return ("sh", "-c", script)
def silent(file):
    while not file.exists() or not file.stat().st_size:
        time.sleep(0.01)
    return False
def tell():
    structlog.get_logger().info("all_ready")
children = {children}
sys.exit(Supervisor(children, on_ready=tell).run())
"""


class Program:
    """A running supervisor and the events it logs."""

    def __init__(self, children: str, folder: Path) -> None:
        code = PROGRAM.format(children=children)
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-c", code, str(folder)], cwd=ROOT, stdout=subprocess.PIPE
        )
        self.events: list[dict[str, object]] = []
        self._unread = b""

    def next(self, event: str, within_s: float = LONGEST_S, **fields: object) -> dict[str, object]:
        """Wait for the next event of that name with those fields."""
        for got in self._lines(time.monotonic() + within_s):
            self.events.append(got)
            if got["event"] == event and fields.items() <= got.items():
                return got
        raise AssertionError(f"no {event} {fields} after {self.events}")

    def ends(self) -> int:
        """Wait for the end and return the exit code; reads the events to the last."""
        self.events += list(self._lines(time.monotonic() + LONGEST_S))
        return self.process.wait(LONGEST_S)

    def close(self) -> None:
        """Kill it, and see that its children go with it."""
        family: list[psutil.Process] = []
        if self.process.poll() is None:
            family = psutil.Process(self.process.pid).children(recursive=True)
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        assert psutil.wait_procs(family, LONGEST_S)[1] == []

    def told(self, event: str) -> list[object]:
        return [got["child"] for got in self.events if got["event"] == event]

    def _lines(self, deadline: float) -> Iterator[dict[str, object]]:
        while (left_s := deadline - time.monotonic()) > 0:
            while b"\n" in self._unread:
                line, self._unread = self._unread.split(b"\n", 1)
                yield json.loads(line)
            if select.select([self.process.stdout], [], [], left_s)[0]:
                chunk = os.read(self.process.stdout.fileno(), 65536)
                if not chunk:
                    return
                self._unread += chunk


Supervise = Callable[[str], Program]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short, for Unix sockets."""
    with short_folder() as made:
        yield made


@pytest.fixture
def supervise(folder: Path) -> Iterator[Supervise]:
    programs: list[Program] = []

    def start(children: str) -> Program:
        programs.append(Program(children, folder))
        return programs[-1]

    yield start
    for program in programs:
        program.close()


def is_gone(pid: object) -> bool:
    assert isinstance(pid, int)
    return await_ready(lambda: not psutil.pid_exists(pid), LONGEST_S, lambda: True)


def test_the_first_restart_is_at_once_and_later_ones_wait_longer_up_to_a_limit():
    assert [backoff_s(n) for n in range(1, 9)] == [0, 0.5, 1, 2, 4, 8, 10, 10]
    assert backoff_s(10_000) == 10


def test_a_killed_child_is_back_at_once(supervise: Supervise):
    program = supervise('[Child(name="web", argv=sleeper)]')
    first = program.next("child_started")["pid"]
    os.kill(first, signal.SIGKILL)
    second = program.next("child_started")["pid"]
    assert second != first
    assert program.events[-2]["restart_in_s"] == 0
    assert program.events[-2]["event"] == "child_died"
    assert program.events[-2]["reason"] == "SIGKILL"
    assert program.events[-2]["pid"] == first


def test_a_child_that_keeps_dying_is_restarted_ever_later_and_never_given_up(supervise: Supervise):
    program = supervise('[Child(name="sick", argv=("false",)), Child(name="web", argv=sleeper)]')
    pauses = [program.next("child_died", child="sick")["restart_in_s"] for _ in range(4)]
    assert pauses == [0, 0.5, 1, 2]
    assert program.process.poll() is None
    assert program.told("child_started").count("web") == 1


def test_children_start_in_order_and_wait_for_those_that_must_be_ready_first(
    supervise: Supervise, folder: Path
):
    program = supervise("""[
        Child(name="engine", argv=sleeper, ready=(folder / "ready").exists),
        Child(name="web", argv=sleeper),
    ]""")
    program.next("child_started", child="engine")
    assert len(psutil.Process(program.process.pid).children()) == 1
    (folder / "ready").touch()
    program.next("child_started", child="web")
    program.next("all_ready")
    assert [e["event"] for e in program.events] == [
        "child_started",
        "child_ready",
        "child_started",
        "all_ready",
    ]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_told_to_stop_it_stops_the_last_started_first_and_leaves_nothing(
    supervise: Supervise, number: signal.Signals
):
    program = supervise("""[
        Child(name="engine", argv=sleeper, ready=lambda: True),
        Child(name="worker", argv=sleeper),
        Child(name="web", argv=sleeper, ready=lambda: True),
    ]""")
    program.next("all_ready")
    program.process.send_signal(number)
    assert program.ends() == 0
    assert program.told("child_stopped") == ["web", "worker", "engine"]
    assert all(is_gone(e["pid"]) for e in program.events if e["event"] == "child_started")


def test_an_engine_is_stopped_only_when_those_that_lean_on_it_have_finished(
    supervise: Supervise, folder: Path
):
    program = supervise("""[
        Child(name="engine", argv=shell(
            f"trap 'ls {folder} > {folder}/seen; exit' TERM; touch {folder}/up; sleep 600 & wait"
        ), ready=(folder / "up").exists),
        Child(name="recorder", argv=shell(
            f"trap 'sleep 0.5; touch {folder}/written; exit' TERM; touch {folder}/r;"
            " sleep 600 & wait"
        ), ready=(folder / "r").exists),
    ]""")
    program.next("all_ready")
    program.process.terminate()
    assert program.ends() == 0
    assert "written" in (folder / "seen").read_text().split()


def test_a_second_signal_ends_the_patience_with_a_child_that_will_not_stop(
    supervise: Supervise, folder: Path
):
    program = supervise("""[Child(name="deaf", argv=shell(
        f"trap '' TERM; touch {folder}/up; sleep 600"
    ), ready=(folder / "up").exists)]""")
    pid = program.next("child_started")["pid"]
    program.next("all_ready")
    program.process.send_signal(signal.SIGINT)
    program.next("stopping")
    program.process.send_signal(signal.SIGINT)
    assert program.ends() == 0
    assert program.told("child_killed") == ["deaf"]
    assert is_gone(pid)


def test_a_child_that_will_not_stop_is_killed_after_the_grace(supervise: Supervise):
    program = supervise('[Child(name="stopped", argv=sleeper)]')
    pid = program.next("child_started")["pid"]
    os.kill(pid, signal.SIGSTOP)
    child = psutil.Process(pid)
    assert await_ready(lambda: child.status() == psutil.STATUS_STOPPED, LONGEST_S, child.is_running)
    asked_at = time.monotonic()
    program.process.terminate()
    program.next("child_killed", child="stopped")
    assert time.monotonic() - asked_at > GRACE_S - 1
    assert program.ends() == 0
    assert is_gone(pid)


def test_children_die_with_a_killed_supervisor(supervise: Supervise):
    program = supervise("""[
        Child(name="engine", argv=sleeper, ready=lambda: True, death_signal=15),
        Child(name="web", argv=sleeper),
    ]""")
    program.next("all_ready")
    program.process.kill()
    started = [e["pid"] for e in program.events if e["event"] == "child_started"]
    assert len(started) == 2
    assert all(is_gone(pid) for pid in started)


def test_what_a_dead_child_had_started_does_not_stay_behind(supervise: Supervise):
    program = supervise('[Child(name="master", argv=shell("sleep 601 & wait"))]')
    master = psutil.Process(program.next("child_started")["pid"])
    assert await_ready(lambda: bool(master.children()), LONGEST_S, master.is_running)
    (worker,) = master.children()
    master.kill()
    program.next("child_started")
    assert is_gone(worker.pid)
    program.process.terminate()
    assert program.ends() == 0


@pytest.mark.parametrize(
    ("argv", "reason"), [("('false',)", "exit 1"), ("('no-such-program',)", "cannot be started")]
)
def test_it_gives_up_when_an_essential_child_was_never_up(
    supervise: Supervise, argv: str, reason: str
):
    program = supervise(f"""[
        Child(name="log", argv=sleeper),
        Child(name="web", argv={argv}, essential=True),
    ]""")
    assert reason in str(program.next("gave_up", child="web")["reason"])
    assert program.ends() == 1
    assert program.told("child_stopped") == ["log"]


def test_it_gives_up_when_an_essential_child_does_not_get_ready_in_time(
    supervise: Supervise, folder: Path
):
    program = supervise("""[Child(
        name="web", argv=shell("echo port in use; exec sleep 600"), essential=True,
        ready=lambda: silent(folder / "web.log"), ready_within_s=0.5, output=folder / "web.log",
    )]""")
    assert program.next("gave_up", child="web")["said"] == "port in use"
    assert program.ends() == 1


def test_a_child_gets_its_own_variables_beside_those_of_the_program(
    supervise: Supervise, folder: Path
):
    program = supervise("""[Child(
        name="web", argv=shell(f"echo $ROLE $HOME > {folder}/env; mv {folder}/env {folder}/done; "
        "exec sleep 600"), env={"ROLE": "web"}, ready=(folder / "done").exists,
    )]""")
    program.next("all_ready")
    assert (folder / "done").read_text().split() == ["web", os.environ["HOME"]]


def test_it_sleeps_while_nothing_happens(supervise: Supervise):
    program = supervise('[Child(name="web", argv=sleeper, ready=lambda: True)]')
    program.next("all_ready")
    supervisor = psutil.Process(program.process.pid)
    before = supervisor.num_ctx_switches().voluntary
    with pytest.raises(AssertionError, match="no child_died"):
        program.next("child_died", within_s=2)
    assert supervisor.num_ctx_switches().voluntary - before <= 8


ENGINES = """(lambda pg, rd: [pg.child(), rd.child(), Child(name="web", argv=sleeper)])(
    __import__("data.store.embedded").store.embedded.EmbeddedPostgres(folder / "postgres"),
    __import__("data.stream.embedded").stream.embedded.EmbeddedRedis(folder / "redis"),
)"""


def test_killed_engines_come_back_with_all_they_had_acknowledged(
    supervise: Supervise, folder: Path
):
    program = supervise(ENGINES)
    postgres = program.next("child_started", child="postgres")["pid"]
    redis = program.next("child_started", child="redis")["pid"]
    program.next("all_ready")
    keep_in_both(folder)
    for name, pid in (("postgres", postgres), ("redis", redis)):
        os.kill(pid, signal.SIGKILL)
        assert program.next("child_died", child=name)["reason"] == "SIGKILL"
        program.next("child_ready", child=name)
    assert kept_in_both(folder) == (1, 1)
    program.process.terminate()
    assert program.ends() == 0
    assert program.told("child_stopped") == ["web", "redis", "postgres"]


def test_a_new_program_takes_over_the_folder_of_a_killed_one(supervise: Supervise, folder: Path):
    first = supervise(ENGINES)
    first.next("all_ready")
    keep_in_both(folder)
    first.process.kill()
    supervise(ENGINES).next("all_ready")
    assert kept_in_both(folder) == (1, 1)


def keep_in_both(folder: Path) -> None:
    with psycopg.connect(conninfo(EmbeddedPostgres(folder / "postgres").url)) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
    with redis_at(EmbeddedRedis(folder / "redis").url) as client:
        client.xadd("kept", {"one": 1})


def kept_in_both(folder: Path) -> tuple[int, int]:
    with psycopg.connect(conninfo(EmbeddedPostgres(folder / "postgres").url)) as connection:
        rows = connection.execute("SELECT count(*) FROM kept").fetchone()[0]
    with redis_at(EmbeddedRedis(folder / "redis").url) as client:
        return rows, client.xlen("kept")
