"""What can befall a running Milepost. One list of `Fault`s; others add theirs to it, a line each.

A fault is a function of a `Stand`: it breaks something under load and mends what the program can't
mend itself (a network, a disk). Whether it all came well again, the stand finds out.
"""

import random
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial

from msgspec import Struct

from tests.faults.harness.load import wait_until
from tests.faults.harness.product import PARTS, ROOT
from tests.faults.harness.proxy import EVILS, Evil
from tests.faults.harness.stand import RATE, Stand
from tests.faults.harness.streams import hurried, slow_reader
from tests.people import signed_in

ENGINES = ("redis", "postgres")
STREAM = "mp:{works}:events"
TOLD_WITHIN_S = 10.0
PUT_BACK_WITHIN_S = 15.0


class Fault(Struct, frozen=True):
    """One row of the table. `long_s`: for how long it lasts in `make faults`."""

    name: str
    do: Callable[[Stand, float], None]
    long_s: float = 8.0
    short_s: float = 3.0


def kill(part: str, stand: Stand, _: float) -> None:
    """The supervisor starts it again."""
    stand.hold(1)
    stand.product.kill(part)
    stand.hold(1)


def kill_again_and_again(part: str, stand: Stand, seconds: float) -> None:
    """At moments that nothing chose: in transactions and between them."""
    chance = random.Random(5)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        stand.hold(chance.uniform(0.2, 1.2))
        if stand.truth.is_up():
            stand.product.kill(part)


def stop_and_wake(part: str, stand: Stand, seconds: float) -> None:
    """SIGSTOP to it and all that it started, SIGCONT later."""
    with stand.product.stopped(part):
        stand.hold(seconds)


def through_proxy(engine: str, evil: Evil, stand: Stand, seconds: float) -> None:
    """A bad network between the parts and one engine."""
    with stand.product.proxies[engine].doing(evil):
        stand.hold(seconds)


@contextmanager
def _files_limited(stand: Stand, engine: str) -> Iterator[None]:
    """Let no file of an engine grow, also none of those that are started meanwhile."""
    no_limit = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)

    def limit(to: tuple[int, int]) -> None:
        for process in stand.product.tree(engine):
            with suppress(ProcessLookupError, PermissionError):
                resource.prlimit(process.pid, resource.RLIMIT_FSIZE, to)

    limit((16_384, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        limit(no_limit)


def disk_full(engine: str, stand: Stand, seconds: float) -> None:
    """RLIMIT_FSIZE; an engine that gives up and is started again finds the disk as full."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with _files_limited(stand, engine):
            stand.hold(0.5)


def memory_full(stand: Stand, seconds: float) -> None:
    """Redis may not grow: 503 with Retry-After; it drains, and the limit is lifted."""
    before = _statuses(stand)[503]
    with stand.truth.client() as client:
        usual = client.config_get("maxmemory")["maxmemory"]
        client.config_set("maxmemory", "1mb")
        stand.hold(seconds)
        client.config_set("maxmemory", usual)
    refused = _statuses(stand)[503] - before
    if not refused:
        stand.wrong.append("a full log was never said with 503")
    missing = sum(sender.without_retry_after for sender in stand.senders)
    if missing:
        stand.wrong.append(f"{missing} × 503 without Retry-After")
    stand.notes.append(f"{refused} × 503 with Retry-After")


def _statuses(stand: Stand) -> Counter[int]:
    return sum((sender.statuses for sender in stand.senders), Counter())


def emptied(command: str, stand: Stand, seconds: float) -> None:
    """FLUSHALL or XTRIM by another hand while the recorder stands still.

    It must be said within ten seconds; what a reader had read comes back. What came in within
    the last second before may have been read by nobody: that is told by its place alone.
    """
    query = "SELECT reason FROM quarantine WHERE site = 'works' AND kind = 'gap'"
    already = len(stand.truth.rows(query))
    with stand.product.stopped("worker"):
        stand.hold(min(seconds, 3.0))
        with stand.truth.client() as client:
            if command == "FLUSHALL":
                client.flushall()
            else:
                client.xtrim(STREAM, maxlen=0, approximate=False)
        emptied_at = time.monotonic()
    begun = time.monotonic()
    told = stand.await_(lambda: len(stand.truth.rows(query)) > already, TOLD_WITHIN_S)
    stand.notes.append(f"gap told after {time.monotonic() - begun:.1f} s")
    if not told:
        stand.wrong.append("nobody said within 10 s that the log has a gap")
        return
    before = stand.journal.ids()[: stand.journal.count(emptied_at)]
    stand.await_(lambda: not (set(stand.missing()) & set(before)), PUT_BACK_WITHIN_S)
    stand.told |= {*before[stand.journal.count(emptied_at - 1.0) :]} & {*stand.missing()}
    said = [row[0] for row in stand.truth.rows(query)][already:]
    back = sum(int(words.split(" ")[0]) for words in said if "put back" in words)
    stand.notes.append(f"{back} put back")


def redis_back_empty(stand: Stand, _: float) -> None:
    """Redis dies and its file is gone: SQL has everything that was recorded before."""
    for sender in stand.senders:
        sender.pause()
    wait_until(lambda: all(sender.idle(5) for sender in stand.senders), 10)
    wait_until(lambda: not stand.truth.count(stand.journal.ids()).lost, 10)
    files = list((stand.product.folder / "redis").glob("*.aof"))
    stand.product.kill("redis")
    for file in files:
        file.unlink(missing_ok=True)
    for sender in stand.senders:
        sender.go_on()


def poison(stand: Stand, _: float) -> None:
    """One entry in 500 of the log is none that could be folded."""
    query = "SELECT count(*) FROM quarantine WHERE site = 'works' AND kind = 'poison'"
    before = stand.truth.rows(query)[0][0]
    goal = stand.journal.count() + 499
    for sender in stand.senders:
        sender.per_post, sender.rate = 20, 200.0
    with stand.truth.client() as client:
        client.xadd(STREAM, {"e": b'{"id": 5', "d": b"x"})
    stand.await_(lambda: stand.journal.count() >= goal, 60)
    for sender in stand.senders:
        sender.per_post, sender.rate = 1, RATE
    stand.await_(lambda: stand.truth.rows(query)[0][0] > before, 10)
    put_aside = stand.truth.rows(query)[0][0] - before
    if put_aside != 1:
        stand.wrong.append(f"{put_aside} entries put into quarantine, expected 1")
    stand.notes.append("1 in quarantine")


def slow(stand: Stand, seconds: float) -> None:
    """A viewer who takes nothing of what it asked for; others must not notice."""
    token = signed_in(stand.product.postgres.url)
    before = stand.product.memory_mb("web")
    with slow_reader(stand.product.port, token):
        stand.hold(seconds)
    grown = stand.product.memory_mb("web") - before
    if grown > 50:
        stand.wrong.append(f"the web process grew by {grown:.0f} MB")
    stand.notes.append(f"web {grown:+.0f} MB")


def all_at_once(stand: Stand, _: float) -> None:
    """300 screens come back in the same moment, as after a cut network."""
    token = signed_in(stand.product.postgres.url)
    got, slowest_s, wrong = hurried(stand.product.port, token, 300)
    if got != 300 or wrong:
        stand.wrong.append(f"{300 - got} of 300 got nothing: {wrong[:2]}")
    stand.notes.append(f"300 served within {slowest_s:.1f} s")


def recorder_down(stand: Stand, seconds: float) -> None:
    """No recorder for long while much comes in: afterwards it drains, in bounded memory."""
    for sender in stand.senders:
        sender.per_post = 50
        sender.rate = 500.0
    count, begun = stand.journal.count(), time.monotonic()
    with stand.product.stopped("worker"):
        stand.hold(seconds)
    took_s, behind = time.monotonic() - begun, stand.journal.count() - count
    for sender in stand.senders:
        sender.per_post, sender.rate = 1, RATE
    ids, begun, most = stand.journal.ids(), time.monotonic(), 0.0
    while not stand.truth.recorded(ids[-1]) and time.monotonic() - begun < 60:
        most = max(most, stand.product.memory_mb("worker"))
        stand.hold(0.2)
    if most > 500:
        stand.wrong.append(f"the recorder took {most:.0f} MB")
    stand.notes.append(
        f"{behind:,} at {behind / took_s:,.0f}/s drained in {time.monotonic() - begun:.1f} s"
    )


def two_recorders(stand: Stand, seconds: float) -> None:
    """A second worker on the same site; then the first one is killed under load."""
    other = subprocess.Popen(
        [sys.executable, "app.py", "worker"], cwd=ROOT, env=stand.product.environment(),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        stand.hold(max(2.0, seconds / 2))
        stand.product.kill("worker")
        stand.hold(max(2.0, seconds / 2))
    finally:
        other.terminate()
        other.wait(20)


FAULTS: tuple[Fault, ...] = (
    *(Fault(f"kill {part}", partial(kill, part)) for part in (*ENGINES, *PARTS)),
    Fault("kill postgres again and again", partial(kill_again_and_again, "postgres"), 10, 3),
    *(
        Fault(f"stop {part}, then wake it", partial(stop_and_wake, part), 30)
        for part in (*ENGINES, *PARTS)
    ),
    *(
        Fault(f"{engine}: {evil}", partial(through_proxy, engine, evil), 8, 2)
        for engine in ENGINES
        for evil in EVILS
    ),
    *(Fault(f"disk full under {engine}", partial(disk_full, engine), 6, 2) for engine in ENGINES),
    Fault("memory of redis full", memory_full, 6, 2),
    Fault("FLUSHALL, recorder behind", partial(emptied, "FLUSHALL"), 3, 1),
    Fault("XTRIM by another hand, recorder behind", partial(emptied, "XTRIM"), 3, 1),
    Fault("redis back empty", redis_back_empty),
    Fault("one poisoned entry in 500", poison),
    Fault("a viewer that reads nothing", slow, 8, 2),
    Fault("300 screens at once", all_at_once),
    Fault("recorder down at 1,000/s", recorder_down, 20, 3),
    Fault("two recorders, one killed", two_recorders, 6, 2),
)
