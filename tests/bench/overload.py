"""Twice of what the door can hold: what it takes and refuses, and what a wall says meanwhile.

First senders that wait for each answer find the capacity, then others that wait for none offer
twice as much. A viewer keeps what the wall's stream says of the data's age and when it came.
"""

import http.client
import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime

import msgspec
import psycopg
from msgspec import Struct

from tests import people
from tests.bench import workload
from tests.bench.figures import Measurement, at_least, at_most, noted, percentile
from tests.bench.stage import BATCH, Client, Ground, Program, Stage, ask, put_site, running
from tests.engines import conninfo

SENDERS, MORE_SENDERS, TIMES = 4, 24, 2.0
FIND_S, LOAD_S, QUICK_S = 8.0, 25.0, 5.0
ORDERS = 300
BEAT_S, LOST_S = 5.0, 11.0  # of the stream; from when on a wall says that it hears nothing
PATH = f"/live/wall/{workload.SITE}.all?lang=en"
_EVENT = (
    '{"specversion":"1.0","id":"n%d","source":"urn:milepost:shop","type":"operation.progressed",'
    '"time":"%s","subject":"operation/%s","data":{"work_unit":"%s","good":1}}'
)


class Body(Struct, frozen=True):
    """A batch of reports; `first`: the number in the id of the first one."""

    first: int
    data: bytes


class Sent(Struct):
    """What became of the requests of one stretch. `taken`: the numbers of reports acknowledged."""

    statuses: Counter[int]
    took_ms: list[float]  # of those that were taken
    untold: int  # refused without being told when to come again
    seconds: float
    taken: list[range]

    @property
    def rate(self) -> float:
        """Events taken a second."""
        return self.statuses[200] * BATCH / self.seconds


class Heard(Struct):
    """What a viewer was told: when it came, and the age of the data that it says."""

    at: list[float]
    ages: list[float]

    def silences(self) -> list[float]:
        return [after - before for before, after in zip(self.at, self.at[1:], strict=False)]

    def shown(self) -> list[float]:
        """The age that stood on the wall just before each word of the stream."""
        return [age + gap for age, gap in zip(self.ages, self.silences(), strict=False)]


def measure(stage: Stage, quick: bool) -> list[Measurement]:
    find_s, load_s = (QUICK_S, QUICK_S) if quick else (FIND_S, LOAD_S)
    now, ground = datetime.now(UTC), stage.fresh()
    events = [workload.plan_event(workload.order_of(n, now), now) for n in range(ORDERS)]
    plans = [workload.envelope_of(event) for event in events]
    with running(ground, "web") as program, running(ground, "worker"):
        client = Client(program.port, ground.key(workload.SITE, workload.SOURCE))
        put_site(client, program.port, msgspec.to_builtins(workload.site_model()))
        client.post(plans)
        bodies = _bodies(now)
        with listening(program) as heard:
            return _measured(program, ground, bodies, heard, (find_s, load_s))


def _measured(
    program: Program, ground: Ground, bodies: Iterator[Body], heard: Heard,
    seconds: tuple[float, float],
) -> list[Measurement]:  # fmt: skip
    key = ground.key(workload.SITE, workload.SOURCE)
    found = sent(program.port, key, bodies, SENDERS, None, seconds[0])
    offered = TIMES * found.rate
    first, began = len(heard.at), heard.at[0]
    over = sent(program.port, key, bodies, MORE_SENDERS, offered / BATCH, seconds[1])
    ended = time.monotonic()
    meanwhile = Heard(heard.at[first:], heard.ages[first:])
    back_s, after = _recovered(program, key, bodies, heard, ended)
    missing, doubled = _compared(ground, [found, over, *after])
    refused = sum(over.statuses.values()) - over.statuses[200]
    return [
        noted("capacity: accepted, senders that wait", found.rate, "events/s"),
        noted("offered", sum(over.statuses.values()) * BATCH / over.seconds, "events/s"),
        at_least("accepted of capacity, overloaded", over.rate / found.rate, "×", 0.7),
        noted("refused", 100 * refused / max(1, sum(over.statuses.values())), "%"),
        at_most("refused with anything but 503 and Retry-After",
                refused - over.statuses[503] + over.untold, "requests", 0),
        at_most("request that is accepted, overloaded, p99", percentile(over.took_ms, 0.99),
                "ms", 2000),
        at_most("longest silence of a wall's stream, overloaded", max(meanwhile.silences()),
                "s", LOST_S),
        noted("messages of the wall's stream, capacity", first / (ended - over.seconds - began),
              "/s"),
        noted("messages of the wall's stream, overloaded", len(meanwhile.at) / over.seconds, "/s"),
        noted("age that the wall shows, overloaded, p50", percentile(meanwhile.shown(), 0.5), "s"),
        noted("age that the wall shows, overloaded, most", max(meanwhile.shown()), "s"),
        at_most("end of the overload → all is recorded and the wall is fresh", back_s, "s", 15),
        at_most("acknowledged and missing in SQL, or there twice", missing + doubled, "events", 0),
    ]  # fmt: skip


def sent(
    port: int, key: str, bodies: Iterator[Body], senders: int, rate: float | None, seconds: float
) -> Sent:
    """Send for a while. `rate`: requests a second in all, whatever comes of them; None: no rest."""
    made, lock = Sent(Counter(), [], 0, seconds, []), threading.Lock()
    ends = time.monotonic() + seconds
    turns = _turns(rate, ends)

    def send() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while True:
            with lock:
                due = next(turns, None)
            if due is None:
                return connection.close()
            time.sleep(max(0.0, due - time.monotonic()))
            with lock:
                body = next(bodies)
            _send(connection, key, body, made, lock)

    begun = time.monotonic()
    with ThreadPoolExecutor(senders) as pool:
        for one in [pool.submit(send) for _ in range(senders)]:
            one.result()
    made.seconds = time.monotonic() - begun
    return made


def _send(
    connection: http.client.HTTPConnection, key: str, body: Body, made: Sent, lock: threading.Lock
) -> None:
    head = {
        "Authorization": f"Bearer {key}", "Content-Type": "application/cloudevents-batch+json",
    }  # fmt: skip
    begun = time.monotonic()
    connection.request("POST", "/api/v1/events", body.data, head)
    answer = connection.getresponse()
    answer.read()
    with lock:
        made.statuses[answer.status] += 1
        if answer.status == 200:
            made.took_ms.append(1e3 * (time.monotonic() - begun))
            made.taken.append(range(body.first, body.first + BATCH))
        elif "Retry-After" not in answer.headers:
            made.untold += 1


def _turns(rate: float | None, ends: float) -> Iterator[float]:
    """Yield when the next request is due."""
    begun, number = time.monotonic(), 0
    while (due := time.monotonic() if rate is None else begun + number / rate) < ends:
        if rate is not None and time.monotonic() > ends:
            return
        yield due
        number += 1


def _bodies(now: datetime) -> Iterator[Body]:
    """Yield batches of reports that say they happen as they are asked for, without end."""
    operations = [
        (f"{order.id}/{operation.id}", f"U{number % workload.UNITS:02d}")
        for number in range(ORDERS)
        for order in (workload.order_of(number, now),)
        for operation in order.operations
    ]
    numbers = itertools.count()
    while True:
        at = datetime.now(UTC).isoformat()
        mine = [*itertools.islice(numbers, BATCH)]
        events = [_EVENT % (number, at, *operations[number % len(operations)]) for number in mine]
        yield Body(mine[0], f"[{','.join(events)}]".encode())


def _recovered(
    program: Program, key: str, bodies: Iterator[Body], heard: Heard, ended: float
) -> tuple[float, list[Sent]]:
    """Return after how long a request is taken, all is recorded and the wall shows it fresh.

    And what was sent to find that out.
    """
    tried = []
    while time.monotonic() - ended < 60:
        again = sent(program.port, key, bodies, 1, 2.0, 0.6)
        tried.append(again)
        said = ask(program.port, "/readyz") or {"sites": {}}
        lag_s = said["sites"].get(workload.SITE, {}).get("history_lag_s")
        recorded = lag_s is not None and lag_s < 2
        if again.statuses[200] and not again.statuses[503] and recorded and heard.ages[-1] < 2:
            return time.monotonic() - ended, tried
    return float("inf"), tried


def _compared(ground: Ground, stretches: Sequence[Sent]) -> tuple[int, int]:
    """Return how many acknowledged reports SQL doesn't have, and how many it has twice."""
    taken = {f"n{n}" for one in stretches for numbers in one.taken for n in numbers}
    query = "SELECT id FROM event WHERE site = %s AND source = %s AND type = %s"
    bound = (workload.SITE, workload.SOURCE, "operation.progressed")
    ends = time.monotonic() + 30
    with psycopg.connect(conninfo(ground.database_url), autocommit=True) as connection:
        while True:  # what was acknowledged last may take the recorder a moment
            there = [row[0] for row in connection.execute(query, bound)]
            missing = len(taken.difference(there))
            if not missing or time.monotonic() > ends:
                return missing, len(there) - len(set(there))
            time.sleep(0.5)


@contextmanager
def listening(program: Program) -> Iterator[Heard]:
    """Hear a wall's stream until the block ends."""
    heard, over = Heard([], []), threading.Event()
    connection = http.client.HTTPConnection("127.0.0.1", program.port, timeout=30)
    connection.request("GET", PATH, headers=people.header(program.token))
    answer = connection.getresponse()
    if answer.status != 200:
        raise RuntimeError(f"{PATH}: {answer.status}")

    def hear() -> None:
        while not over.is_set() and (line := answer.readline()):
            if line.startswith(b"data: "):
                _note(heard, json.loads(line[6:]))

    listener = threading.Thread(target=hear, daemon=True)
    listener.start()
    try:
        yield heard
    finally:
        over.set()
        listener.join(2 * BEAT_S)
        connection.close()


def _note(heard: Heard, data: dict[str, float | None]) -> None:
    age = data.get("age", data.get("a"))
    heard.at.append(time.monotonic())
    heard.ages.append(0.0 if age is None else float(age))
