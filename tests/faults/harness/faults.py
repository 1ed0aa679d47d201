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
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial

from msgspec import Struct

from tests.faults.harness.crowd import Crowd
from tests.faults.harness.journal import Body
from tests.faults.harness.load import event
from tests.faults.harness.logs import STREAM
from tests.faults.harness.product import PARTS, ROOT
from tests.faults.harness.proxy import EVILS, Evil
from tests.faults.harness.stand import Stand
from tests.faults.harness.streams import frames_until_calm, hurried, listening, slow_readers
from tests.people import signed_in

ENGINES = ("redis", "postgres")
TOLD_WITHIN_S = 10.0
PUT_BACK_WITHIN_S = 40.0
AT_LEAST_GONE, GONE_WITHIN_S = 5, 10.0
REFUSED_WITHIN_S = 10.0
BACK_WITHIN_S = 20.0
RESYNC_WITHIN_S = 10.0
SLOW, GROWN_MB, OTHERS_WAIT_S = 20, 12.0, 2.0
FRAMES = 250  # more than what waits within the system, and what the program lets wait
SCREENS, CLOSED_WITHIN_S = 300, 10.0
LATE, CONFLICTS = 400, 20
FULL = (16_384, resource.RLIM_INFINITY)
NO_LIMIT = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


class Fault(Struct, frozen=True):
    """One row of the table. `long_s`: for how long it lasts in `make faults`."""

    name: str
    do: Callable[[Stand, float], None]
    long_s: float = 8.0
    short_s: float = 3.0


def kill(part: str, stand: Stand, _: float) -> None:
    """The supervisor starts it again."""
    stand.hold(1)
    stand.kill(part)


def kill_again_and_again(part: str, stand: Stand, seconds: float) -> None:
    """At moments that nothing chose: in transactions and between them."""
    chance = random.Random(5)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        stand.hold(chance.uniform(0.2, 1.2))
        if stand.truth.is_up():
            stand.kill(part)


def stop_and_wake(part: str, stand: Stand, seconds: float) -> None:
    """SIGSTOP to it and all that it started, SIGCONT later."""
    with stand.broken(dark=part in ("redis", "web")), stand.product.stopped(part):
        stand.hold(seconds)


def through_proxy(server: str, evil: Evil, stand: Stand, seconds: float) -> None:
    """A bad network between the parts and one engine, or between screens and the web process."""
    dark = evil == "hold" and server != "postgres"
    with stand.broken(dark=dark), stand.product.proxies[server].doing(evil):
        stand.hold(seconds)


def disk_full(engine: str, stand: Stand, seconds: float) -> None:
    """RLIMIT_FSIZE; an engine that gives up and is started again finds the disk as full."""
    try:
        with stand.broken():
            stand.await_(lambda: _limit_files(stand, engine, FULL), seconds)
    finally:
        _limit_files(stand, engine, NO_LIMIT)


def _limit_files(stand: Stand, engine: str, to: tuple[int, int]) -> None:
    """Let no file of an engine grow beyond a size, also none of what was started meanwhile.

    Twice: what was just being started when they were counted has the limit of before.
    """
    for _ in range(2):
        for process in stand.product.tree(engine):
            with suppress(ProcessLookupError, PermissionError):
                resource.prlimit(process.pid, resource.RLIMIT_FSIZE, to)


def memory_full(stand: Stand, seconds: float) -> None:
    """Redis may not grow: 503 with Retry-After; it drains, and the limit is lifted."""
    before = _statuses(stand)[503]
    with stand.truth.client() as client:
        usual = client.config_get("maxmemory")["maxmemory"]
        with stand.broken():
            client.config_set("maxmemory", "1mb")
            try:
                stand.hold(seconds)
                stand.await_(lambda: _statuses(stand)[503] > before, REFUSED_WITHIN_S)
            finally:
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

    It must be said within ten seconds, and all of it comes back: what a reader had read, and what
    only the process knew that acknowledged it.
    """
    already = len(_gaps(stand))
    with stand.product.stopped("worker"), stand.broken():  # what stops now isn't recorded
        unrecorded = stand.journal.count() + AT_LEAST_GONE
        stand.hold(min(seconds, 3.0))
        stand.await_(lambda: stand.journal.count() >= unrecorded, GONE_WITHIN_S)
        with stand.truth.client() as client:
            if command == "FLUSHALL":
                client.flushall()
            else:
                client.xtrim(STREAM, maxlen=0, approximate=False)
    begun = time.monotonic()
    told = stand.await_(lambda: len(_gaps(stand)) > already, TOLD_WITHIN_S)
    stand.notes.append(f"gap told after {time.monotonic() - begun:.1f} s")
    if not told:
        stand.wrong.append("nobody said within 10 s that the log has a gap")
    # What was put back is recorded before the words that say so.
    stand.await_(
        lambda: not stand.missing(before=begun) and _put_back(stand, already), PUT_BACK_WITHIN_S
    )
    back = _put_back(stand, already)
    if not back:
        stand.wrong.append("nobody said what was put back")
    stand.notes.append(f"{back} put back")


def _gaps(stand: Stand) -> list[str]:
    """What was said of gaps in the log so far."""
    query = "SELECT reason FROM quarantine WHERE site = 'works' AND kind = 'gap' ORDER BY number"
    return [reason for (reason,) in stand.truth.rows(query)]


def _put_back(stand: Stand, already: int) -> int:
    """How many events were put back, by what was said since."""
    said = [words for words in _gaps(stand)[already:] if "put back" in words]
    return sum(int(words.split(" ")[0]) for words in said)


def redis_back_empty(stand: Stand, _: float) -> None:
    """Redis dies while senders send, and its file is gone: once it is back screens resync in 10 s.

    When it is back depends on how often it has died lately: the supervisor waits longer each time.
    """
    stand.hold(1)
    stand.within_s = RESYNC_WITHIN_S
    for file in (stand.product.folder / "redis").glob("*.aof"):
        file.unlink()
    begun = time.monotonic()
    stand.kill("redis")  # and a machine stops: what it reports isn't among what has vanished
    with stand.broken():
        if not stand.await_(stand.truth.is_up, BACK_WITHIN_S):
            stand.wrong.append(f"Redis was not back within {BACK_WITHIN_S:.0f} s")
    stand.notes.append(f"Redis back after {time.monotonic() - begun:.1f} s")


def poison(stand: Stand, _: float) -> None:
    """One entry in 500 of the log is none that could be folded; the others land."""
    query = "SELECT count(*) FROM quarantine WHERE site = 'works' AND kind = 'poison'"
    before, first = stand.truth.rows(query)[0][0], stand.journal.count()
    with stand.faster(rate=200.0, per_post=20):
        stand.await_(lambda: stand.journal.count() >= first + 250, 60)
        with stand.broken(), stand.truth.client() as client:
            client.xadd(STREAM, {"e": b'{"id": 5', "d": b"x"})
        stand.await_(lambda: stand.journal.count() >= first + 499, 60)
    others = stand.journal.ids()[first : first + 499]
    stand.await_(lambda: not stand.truth.missing(others), 20)
    stand.await_(lambda: stand.truth.rows(query)[0][0] > before, 10)
    landed = len(others) - len(stand.truth.missing(others))
    aside = stand.truth.rows(query)[0][0] - before
    if (landed, aside) != (499, 1):
        stand.wrong.append(f"{landed} of 499 landed, {aside} in quarantine, expected 1")
    stand.notes.append(f"{landed} of 500 landed, {aside} in quarantine")


def slow(stand: Stand, seconds: float) -> None:
    """Viewers who take nothing of what they asked for.

    Others must not notice; what waits for the slow is dropped, and when they wake they get the
    wall as it is, not all that they missed.
    """
    token, memory = signed_in(stand.product.postgres.url), stand.product.memory_mb("web")
    with listening(stand.product.port, token) as heard:
        stand.hold(3)
        usual = heard.longest_s()
        with slow_readers(SLOW, stand.product.port, token) as readers, stand.broken():
            heard.clear()
            with stand.faster(rate=50.0, per_post=5):
                stand.await_(lambda: heard.count() > FRAMES, seconds)
            longest, oldest = heard.longest_s(), heard.oldest_s()
            frames = heard.count()
            grown = stand.product.memory_mb("web") - memory
            caught_up = [frames_until_calm(reader) for reader in readers]
    stand.notes.append(
        f"web {grown:+.0f} MB; others heard {frames} frames, never silent for {longest:.1f} s"
        f" (before {usual:.1f} s), {oldest:.1f} s old at most; the slow got {max(caught_up)[1]}"
    )
    if grown > GROWN_MB:
        stand.wrong.append(f"the web process grew by {grown:.0f} MB")
    if longest > max(3 * usual, OTHERS_WAIT_S) or oldest > OTHERS_WAIT_S:
        stand.wrong.append(f"others waited {longest:.1f} s, for what was {oldest:.1f} s old")
    if not all(snapshots > 1 and got < frames for snapshots, got in caught_up):
        stand.wrong.append(f"what waited for slow viewers was not dropped: {caught_up}")


def all_at_once(stand: Stand, _: float) -> None:
    """300 screens come back in the same moment, as after a cut network."""
    token = signed_in(stand.product.postgres.url)
    with ThreadPoolExecutor(1) as pool, stand.broken():
        asked = pool.submit(hurried, stand.product.port, token, 300)
        stand.await_(asked.done, 60)
        got, slowest_s, wrong = asked.result()
    if got != 300 or wrong:
        stand.wrong.append(f"{300 - got} of 300 got nothing: {wrong[:2]}")
    stand.notes.append(f"300 served within {slowest_s:.1f} s")


def term_with_streams(stand: Stand, _: float) -> None:
    """The web process is told to end while 300 screens are open, and another takes its place.

    All are closed in time, go on where they were, and miss and repeat nothing.
    """
    crowd = Crowd(stand.product.port, signed_in(stand.product.postgres.url), SCREENS)
    crowd.start()
    stand.afterwards.callback(crowd.stop)
    if not stand.await_(crowd.all_told, 60):
        stand.wrong.append(f"{SCREENS} screens did not begin within 60 s")
    begun = time.monotonic()
    stand.terminate("web")
    if not stand.await_(lambda: crowd.all_ended(begun), CLOSED_WITHIN_S):
        stand.wrong.append(f"streams were still open after {CLOSED_WITHIN_S:.0f} s")
    closed_s = max((stream.ended or [0.0])[-1] for stream in crowd.streams) - begun
    if not stand.await_(crowd.all_told, 60):
        stand.wrong.append("a stream did not go on within 60 s")
    stand.wrong += crowd.wrong()
    stand.notes.append(
        f"{SCREENS} closed within {closed_s:.1f} s, all resumed after"
        f" {time.monotonic() - begun:.1f} s"
    )


def late(stand: Stand, _: float) -> None:
    """What happened in the last 24 h comes now, in any order, each twice, some with another body.

    Each counts once, and what was said otherwise under the same identity is refused and kept.
    """
    query = "SELECT count(*) FROM quarantine WHERE site = 'works' AND kind = 'conflict'"
    chance, before = random.Random(7), stand.truth.rows(query)[0][0]
    bodies = [_of_the_day(chance, number) for number in range(LATE)]
    twice = chance.sample(bodies * 2, 2 * LATE)
    verdicts = stand.told(twice)
    others = [{**one, "data": {**one["data"], "good": 99}} for one in bodies[:CONFLICTS]]
    refused = stand.told(others)
    if (verdicts["accepted"], verdicts["duplicate"], refused["refused"]) != (
        LATE, LATE, CONFLICTS,
    ):  # fmt: skip
        stand.wrong.append(f"late and repeated: {dict(verdicts)}, otherwise: {dict(refused)}")
    if not stand.await_(lambda: stand.truth.rows(query)[0][0] == before + CONFLICTS, 10):
        stand.wrong.append("what was refused for its other body was not kept for people to see")
    stand.notes.append(f"{LATE} twice in any order, {CONFLICTS} with another body refused and kept")


def _of_the_day(chance: random.Random, number: int) -> Body:
    at = datetime.now(UTC) - timedelta(seconds=chance.uniform(0, 86_000))
    made = event(
        f"late-{time.monotonic_ns()}-{number}", "operation.progressed", "operation/SO-1/10",
        work_unit="M1", good=1 + number % 3,
    )  # fmt: skip
    return {**made, "time": at.isoformat()}


def recorder_down(stand: Stand, seconds: float) -> None:
    """No recorder for long while much comes in: afterwards it drains, in bounded memory."""
    count, begun, most = stand.journal.count(), time.monotonic(), 0.0
    with stand.faster(rate=500.0, per_post=50), stand.broken(), stand.product.stopped("worker"):
        stand.hold(seconds)
    took_s, behind = time.monotonic() - begun, stand.journal.count() - count
    begun = time.monotonic()
    while stand.missing(before=begun) and time.monotonic() - begun < 60:
        most = max(most, stand.product.memory_mb("worker"))
        stand.look()
    if most > 500:
        stand.wrong.append(f"the recorder took {most:.0f} MB")
    stand.notes.append(
        f"{behind:,} at {behind / took_s:,.0f}/s drained in {time.monotonic() - begun:.1f} s"
    )


def two_recorders(stand: Stand, seconds: float) -> None:
    """A second worker on the same site; then the first one is killed under load."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'recorder'"
    usual = stand.truth.rows(query)[0][0]
    other = subprocess.Popen(
        [sys.executable, "app.py", "worker"], cwd=ROOT, env=stand.product.environment(),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    stand.afterwards.callback(_end, other)
    if not stand.await_(lambda: stand.truth.rows(query)[0][0] > usual, 60):
        stand.wrong.append("the second recorder did not begin")
    stand.hold(max(1.0, seconds / 2))
    stand.kill("worker")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(20)
    process.kill()
    process.wait(10)


FAULTS: tuple[Fault, ...] = (
    *(Fault(f"kill {part}", partial(kill, part)) for part in (*ENGINES, *PARTS)),
    Fault("kill postgres again and again", partial(kill_again_and_again, "postgres"), 10, 3),
    *(
        Fault(f"stop {part}, then wake it", partial(stop_and_wake, part), 30)
        for part in (*ENGINES, *PARTS)
    ),
    *(
        Fault(f"{server}: {evil}", partial(through_proxy, server, evil), 8, 2)
        for server in ENGINES
        for evil in EVILS
        if (server, evil) != ("redis", "hold")
    ),
    Fault("redis: hold", partial(through_proxy, "redis", "hold"), 20, 2),
    Fault("the screens' network: hold", partial(through_proxy, "web", "hold"), 20, 2),
    Fault("the screens' network: reset", partial(through_proxy, "web", "reset"), 8, 2),
    *(Fault(f"disk full under {engine}", partial(disk_full, engine), 6, 2) for engine in ENGINES),
    Fault("memory of redis full", memory_full, 6, 2),
    Fault("FLUSHALL, recorder behind", partial(emptied, "FLUSHALL"), 3, 1),
    Fault("XTRIM by another hand, recorder behind", partial(emptied, "XTRIM"), 3, 1),
    Fault("redis back empty", redis_back_empty),
    Fault("one poisoned entry in 500", poison),
    Fault("twenty viewers that read nothing", slow, 60, 60),
    Fault("300 screens at once", all_at_once),
    Fault("TERM to web with 300 screens", term_with_streams),
    Fault("24 h late, in any order, twice, some otherwise", late),
    Fault("recorder down at 1,000/s", recorder_down, 20, 3),
    Fault("two recorders, one killed", two_recorders, 6, 2),
)
