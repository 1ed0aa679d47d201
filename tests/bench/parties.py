"""300 suppliers with two viewers each at five events a second: who hears of what, how soon.

An event concerns one supplier's need in an order that another one supplies too. The first one's
viewers must have it within a second; nobody else may get anything but heartbeats.
"""

import secrets
import selectors
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import psutil

from data.domain.events import Data, Event, EventType
from data.domain.people import Account, Session
from data.domain.plan import MaterialNeed
from data.domain.scope import Role
from data.domain.site import Party, PartyKind
from data.services.identity import hashed
from data.store.history import connect
from data.store.people import PeopleStore
from tests.bench.figures import Measurement, at_most, cpu_s, noted, percentile
from tests.bench.stage import (
    BATCH,
    RATE,
    Client,
    Ground,
    Program,
    Stage,
    paced,
    put_site,
    running,
    wait_until,
)
from tests.bench.workload import SITE, SOURCE, envelope_of, order_of, plan_event, site_model

PARTIES, VIEWERS_EACH, ORDERS = 300, 2, 1200
_WAIT_S = 4.0


def measure(stage: Stage, quick: bool) -> list[Measurement]:
    ground = stage.fresh()
    with running(ground, "web") as program:
        client = Client(program.port, ground.key(SITE, SOURCE))
        _open(client, program.port)
        with seated(ground, program) as audience:
            wait_until(lambda: audience.settled(), 180, "every viewer has its snapshot")
            return _measured(program, client, audience, 5 if quick else 30)


def _measured(
    program: Program, client: Client, audience: "Audience", seconds: float
) -> list[Measurement]:
    for number in paced(RATE, 4):  # who was told of the board's loading has been by then
        client.post([shipped(ORDERS - 1 - number, "warm")])
        audience.hear(0)
    audience.hear(_WAIT_S)
    audience.told.clear()
    web = [psutil.Process(program.web_pid())]
    used_s, posted = cpu_s(web), dict[int, int]()
    begun = time.monotonic()
    for number in range(int(RATE * seconds)):
        audience.hear(max(0.0, begun + number / RATE - time.monotonic()))
        posted[number] = client.post([shipped(number, "now")]).accepted_ns
    used_s = cpu_s(web) - used_s
    audience.hear(_WAIT_S)
    late_ms, missed = _late_ms(posted, audience.told)
    affected = {number % PARTIES for number in posted}
    strangers = [party for _, party in audience.told if party not in affected]
    said = f"{PARTIES} suppliers, {PARTIES * VIEWERS_EACH} viewers"
    return [
        at_most(f"{said}: event accepted → affected viewers, p99",
                percentile(late_ms, 0.99), "ms", 1000),
        noted(f"{said}: the same, p50", percentile(late_ms, 0.5), "ms"),
        at_most(f"{said}: the web process's core", 100 * used_s / seconds, "%", 50),
        at_most(f"{said}: messages beyond heartbeats to the unaffected", len(strangers), "", 0),
        at_most(f"{said}: affected viewers not told", missed, "", 0),
    ]  # fmt: skip


def _late_ms(posted: dict[int, int], told: list[tuple[int, int]]) -> tuple[list[float], int]:
    """Return how late each affected viewer heard of each event, and how many never did."""
    late_ms, missed = [], 0
    for number, accepted_ns in posted.items():
        heard = [
            at for at, party in told if party == number % PARTIES and at >= accepted_ns - 10**8
        ]
        late_ms += [max(0.0, (at - accepted_ns) / 1e6) for at in sorted(heard)[:VIEWERS_EACH]]
        missed += max(0, VIEWERS_EACH - len(heard))
    return late_ms or [0.0], missed


def shipped(number: int, turn: str) -> dict[str, Any]:
    """Return the shipment of an order's first need, which is supplier `number % PARTIES`'s."""
    now = datetime.now(UTC)
    subject = f"need/SO-{number:05d}/own"
    name = f"{turn}-{number}"
    data = Data(quantity=1)
    return envelope_of(Event(name, SOURCE, EventType.MATERIAL_SHIPPED, subject, now, now, data))


def _open(client: Client, port: int) -> None:
    now = datetime.now(UTC)
    parties = tuple(
        Party(id=f"S{number:03d}", name=f"Supplier {number}", kind=PartyKind.SUPPLIER)
        for number in range(PARTIES)
    )
    model = msgspec.structs.replace(site_model(), parties=parties)
    put_site(client, port, msgspec.to_builtins(model))
    plans = [envelope_of(plan_event(_order(number, now), now)) for number in range(ORDERS)]
    for first in range(0, len(plans), BATCH):
        client.post(plans[first : first + BATCH])


def _order(number: int, now: datetime) -> Any:
    by = now + timedelta(hours=8)
    first = f"S{number % PARTIES:03d}"
    second = f"S{(number + PARTIES // 2) % PARTIES:03d}"
    needs = tuple(
        MaterialNeed(id=name, part=f"part-{name}", operation="10", supplier=party, quantity=900,
                     need_by=by)
        for name, party in (("own", first), ("other", second))
    )  # fmt: skip
    return msgspec.structs.replace(order_of(number, now), needs=needs)


class Audience:
    """Open streams, each of one viewer; `told`: when a message other than a beat came to whom."""

    def __init__(self) -> None:
        self.told: list[tuple[int, int]] = []
        self._selector = selectors.DefaultSelector()
        self._waiting = 0
        self._tails: dict[int, bytes] = {}

    def sit(self, port: int, token: str, party: int) -> None:
        """Open one stream."""
        stream = socket.create_connection(("127.0.0.1", port), timeout=20)
        ask = f"GET /live/party/{SITE} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        stream.sendall(f"{ask}Cookie: milepost={token}\r\n\r\n".encode())
        stream.setblocking(False)
        self._selector.register(stream, selectors.EVENT_READ, party)
        self._waiting += 1

    def settled(self) -> bool:
        """Whether everybody has a snapshot; hears what has come."""
        self.hear(0.2)
        return self._waiting <= 0

    def hear(self, seconds: float) -> None:
        """Take in what comes within a time."""
        until = time.monotonic() + seconds
        while True:
            for key, _ in self._selector.select(max(0.0, until - time.monotonic())):
                self._read(key.fileobj, key.data)
            if time.monotonic() >= until:
                return

    def close(self) -> None:
        for key in list(self._selector.get_map().values()):
            self._selector.unregister(key.fileobj)
            key.fileobj.close()

    def _read(self, stream: Any, party: int) -> None:
        data, at = stream.recv(65536), time.time_ns()
        if not data:
            raise RuntimeError("a stream ended")
        whole = self._tails.get(stream.fileno(), b"") + data
        self._tails[stream.fileno()] = whole[-20:]
        if b"event: snapshot" in whole:
            self._waiting -= 1
            self._tails[stream.fileno()] = b""
        self.told += [(at, party)] * whole.count(b"event: cells")
        if b"event: cells" in whole[-20:]:
            self._tails[stream.fileno()] = b""


@contextmanager
def seated(ground: Ground, program: Program) -> Iterator[Audience]:
    """Sign two viewers of every supplier in, and let them look."""
    audience = Audience()
    try:
        for party, token in _tokens(ground):
            audience.sit(program.port, token, party)
            audience.hear(0)
        yield audience
    finally:
        audience.close()


def _tokens(ground: Ground) -> list[tuple[int, str]]:
    sql, now, made = connect(ground.database_url), datetime.now(UTC), []
    store = PeopleStore(sql)
    for party in range(PARTIES):
        account = Account(
            id=f"a{party}", login=f"s{party}@suppliers.example", name="A planner",
            role=Role.SUPPLIER, sites=(SITE,), party=f"S{party:03d}", created_at=now,
        )  # fmt: skip
        store.add(account)
        for _ in range(VIEWERS_EACH):
            token = secrets.token_urlsafe(32)
            store.open_session(
                Session(token_hash=hashed(token), account=account.id, created_at=now, seen_at=now)
            )
            made.append((party, token))
    sql.dispose()
    return made
