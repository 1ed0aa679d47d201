"""The stand that every fault is tried on: a running program, senders, screens, the truth.

`Stand.row(...)` brings one fault about under load and returns what came of it.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from tests.browser.product.program import ORDER
from tests.browser.product.program import SITE as WORKS
from tests.days import zone_of_a_morning
from tests.faults.harness import looks
from tests.faults.harness.alarms import BENCHES, Alarms, prepare, robot_of
from tests.faults.harness.journal import Body, Journal
from tests.faults.harness.load import LAST, NEEDS, Door, Pulse, Sender, Teller, wait_until
from tests.faults.harness.logs import LogReader
from tests.faults.harness.looks import Look, Span
from tests.faults.harness.product import Product
from tests.faults.harness.screens import Board, Screens, screens
from tests.faults.harness.truth import Truth
from tests.folders import short_folder

SENDERS, RATE = 2, 10.0  # events a second, each
RECOVERED_WITHIN_S = 60.0
ARRIVED_WITHIN_S = 20.0
READ_WITHIN_S = 10.0  # by the tests' own reader of the log
LOOK_EVERY_S = 0.1
SLOW_S = 3.0  # a recovery that takes longer says of what it consists
AT_ONCE = 50
CANARIES = {"jade": "nightingale clasp 7731", "onyx": "bullfinch spring 4409"}


class Row(NamedTuple):
    """What one fault came to. None: nothing was counted, or it never recovered."""

    fault: str
    acknowledged: int | None
    lost: int | None
    doubled: int | None
    recovered_s: float | None
    screens: str
    wrong: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        return not (self.lost or self.doubled or self.wrong)


class Stand:
    """What a fault gets.

    `product` to break, `kill` and `broken` to say when, `hold` to wait, `wrong` to say what it
    missed, `afterwards` for what must end when all is well again.
    """

    def __init__(
        self, product: Product, journal: Journal, seen: Screens, told: Callable[["Stand"], Alarms]
    ) -> None:
        self.product, self.journal, self.seen = product, journal, seen
        self.truth = Truth(product.postgres, product.redis)
        self.wrong: list[str] = []
        self.notes: list[str] = []
        self.within_s = RECOVERED_WITHIN_S
        self.afterwards = ExitStack()
        self.senders = [
            Sender(f"s{n}", Door(product.port, product.key), journal, RATE) for n in range(SENDERS)
        ]
        self._alarms = told(self)
        self._pulse = Pulse(Door(product.port, product.key), ["M1", "P1"])
        self._teller = Teller(Door(product.port, product.key), journal)
        self._log = LogReader(product.redis.url)
        self._lost: set[str] = set()  # in rows before
        self._resting: list[Span] = []
        self._dark: list[Span] = []
        self._machine_stopped = False
        self._since: float | None = None  # when the clock of recovery starts; None: at the end

    def start(self) -> None:
        for thread in (self._log, self._pulse, self._teller, *self.senders):
            thread.start()
        assert wait_until(lambda: self.journal.count() > 5, 60), "nothing is acknowledged"

    def stop(self) -> None:
        for thread in (*self.senders, self._teller, self._pulse, self._log):
            thread.stop()

    def hold(self, seconds: float) -> None:
        """Let time pass and look at the screens meanwhile."""
        self.await_(lambda: False, seconds)

    def await_(self, condition: Callable[[], object], within_s: float) -> bool:
        """Look at the screens until something is so; whether it came about."""
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            self.look()
            if condition():
                return True
            time.sleep(LOOK_EVERY_S)
        return False

    def look(self) -> Look | None:
        """Look at the screens now."""
        return self.seen.look()

    def kill(self, part: str) -> None:
        """End a part or engine as a crash does; the clock of recovery starts."""
        self._since = time.monotonic()
        self.product.kill(part)
        self._stop_a_machine()

    def terminate(self, part: str) -> None:
        """Tell a part to end, as an upgrade does; the clock of recovery starts."""
        self._since = time.monotonic()
        self.product.terminate(part)
        self._stop_a_machine()

    @contextmanager
    def broken(self, *, dark: bool = False) -> Iterator[None]:
        """Say that something is broken meanwhile; the clock of recovery starts when it is over.

        `dark`: nothing new can reach a screen.
        """
        begun = time.monotonic()
        self._stop_a_machine()
        try:
            yield
        finally:
            self._since = time.monotonic()
            if dark:
                self._dark.append((begun, self._since))

    @contextmanager
    def in_the_past(self) -> Iterator[None]:
        """Say that what machines report lies in the program's future: it takes nothing in."""
        self._resting.append((time.monotonic(), float("inf")))
        try:
            yield
        finally:
            self._resting[-1] = (self._resting[-1][0], time.monotonic())

    def row(self, name: str, fault: Callable[["Stand"], None]) -> Row:
        """Bring a fault about under load; wait until all is well; compare everything."""
        before = self.journal.count()
        self._begin()
        with self.afterwards:
            fault(self)
            recovered = self._recovered()
        self._rest()
        lost = self.missing()
        self._lost.update(lost)
        doubled = self.truth.count(()).doubled
        self._compare()
        self._judge()
        self._go_on()
        return Row(
            name, self.journal.count() - before, len(lost), len(doubled), recovered, self._said(),
            tuple(self.wrong),
        )  # fmt: skip

    @contextmanager
    def faster(self, rate: float, per_post: int) -> Iterator[None]:
        """Let each sender report more a second for a while, so many at once."""
        for sender in self.senders:
            sender.per_post, sender.rate = per_post, rate
        try:
            yield
        finally:
            for sender in self.senders:
                sender.per_post, sender.rate = 1, RATE

    def told(self, bodies: Sequence[Body]) -> Counter[str]:
        """Report some at once and note what is acknowledged; return the verdicts."""
        verdicts, known = Counter[str](), self.journal.sent()
        self.journal.made([one for one in bodies if one["id"] not in known])
        with closing(Door(self.product.port, self.product.key)) as door:
            for first in range(0, len(bodies), AT_ONCE):
                some = [*bodies[first : first + AT_ONCE]]
                status, said, _ = door.post(some)
                if status != 200:
                    verdicts[str(status)] += len(some)
                    continue
                said_of = [one["status"] for one in said["results"]]
                verdicts.update(said_of)
                taken = zip(some, said_of, strict=True)
                self.journal.note([one for one, verdict in taken if verdict == "accepted"])
        return verdicts

    def missing(self, before: float | None = None) -> list[str]:
        """What was acknowledged by a moment and SQL hasn't; without what earlier faults took."""
        ids = self.journal.ids()[: self.journal.count(before)]
        return [one for one in self.truth.missing(ids) if one not in self._lost]

    def _begin(self) -> None:
        self.wrong, self.notes, self.within_s = [], [], RECOVERED_WITHIN_S
        self._since, self._dark = None, []
        self._machine_stopped = False
        self.seen.forget()
        self.look()

    def _stop_a_machine(self) -> None:
        if not self._machine_stopped:
            self._machine_stopped = True
            self._teller.tell(self._alarms.next_stop())

    def _recovered(self) -> float | None:
        """Wait until what comes in from now on goes all ways; say how long that took.

        It is acknowledged, in SQL and on a live wall, and of the machine that stopped people
        were told.
        """
        self._stop_a_machine()
        since = time.monotonic() if self._since is None else self._since
        pieces = self.journal.running(LAST, "good")(since)
        after: dict[str, float] = {}
        for is_so, what in (
            (lambda: self._marker(since) is not None, "acknowledged"),
            (lambda: self.truth.recorded(self._marker(since) or ""), "recorded"),
            (lambda: self._shows_more_than(pieces), "on a live wall"),
            (self._alarms.last_is_told, "told of the machine that stopped"),
        ):
            left = since + self.within_s - time.monotonic()
            if not self.await_(is_so, max(left, 2 * LOOK_EVERY_S)):
                self.wrong.append(f"nothing was {what} within {self.within_s:.0f} s")
                return None
            after[what] = time.monotonic() - since
        if max(after.values()) > SLOW_S:
            self.notes.append(", ".join(f"{what} {s:.1f} s" for what, s in after.items()))
        return max(after.values())

    def _marker(self, since: float) -> str | None:
        return self.journal.first_made_since(since)

    def _shows_more_than(self, pieces: int) -> bool:
        """Whether the wall is live and has a piece that was acknowledged afterwards."""
        look = self.seen.looks[-1] if self.seen.looks else None
        return look is not None and look.good > pieces and not look.lost

    def _rest(self) -> None:
        """Let the senders pause, and everything that they got acknowledged arrive."""
        self._resting.append((time.monotonic(), float("inf")))
        for sender in self.senders:
            sender.pause()
        if not self.await_(lambda: all(sender.idle(0) for sender in self.senders), 30):
            self.wrong.append("a sender still waits for its answer")
        self.await_(lambda: not self.missing(), ARRIVED_WITHIN_S)

    def _go_on(self) -> None:
        self._resting[-1] = (self._resting[-1][0], time.monotonic())
        for sender in self.senders:
            sender.go_on()

    def _compare(self) -> None:
        """Compare journal, log, events, states, what people were told of, and the screens."""
        self.await_(lambda: self.truth.bodies().keys() <= self._log.said().keys(), READ_WITHIN_S)
        self.wrong += self.truth.differences(self.journal, self._log.said())
        self.wrong += self._alarms.differences()
        states = self.truth.states()
        pieces = states.get((LAST, "good"), 0)
        if not self.await_(lambda: [one.good for one in self.seen.looks[-1:]] == [pieces], 20):
            self.wrong.append(f"the wall shows {self.seen.looks[-1:]}, stored are {pieces}")
        for board in self.seen.boards:
            shipped = states.get((NEEDS[board.supplier], "quantity"), 0)
            if not self.await_(lambda b=board, n=shipped: _stands(b, n), 20):
                self.wrong.append(
                    f"{board.supplier}'s page shows {board.looks[-1:]}, stored are {shipped}"
                )

    def _judge(self) -> None:
        """Say what the screens showed as new and wasn't, and where they couldn't be looked at."""
        seen = self.seen.looks
        pieces = self.journal.running(LAST, "good")
        self.wrong += looks.too_few(seen, pieces)
        self.wrong += looks.too_many(
            "the wall", [one.good for one in seen], self.seen.tries,
            self.journal.running_sent(LAST, "good"),
        )  # fmt: skip
        self.wrong += looks.stood_still(seen, self._resting)
        self.wrong += looks.never_said("the wall", seen, self._dark)
        self.wrong += looks.unseen("the wall", self.seen.tries)
        for board in self.seen.boards:
            what = f"{board.supplier}'s page"
            shipped = self.journal.running(NEEDS[board.supplier], "quantity")
            self.wrong += looks.wrongly_dated(what, board.looks, shipped)
            self.wrong += looks.too_many(
                what, [one.shipped for one in board.looks], board.tries,
                self.journal.running_sent(NEEDS[board.supplier], "quantity"),
            )  # fmt: skip
            self.wrong += looks.never_said(what, board.looks, self._dark)
            self.wrong += looks.told_to_others(what, board.looks)
            self.wrong += looks.unseen(what, board.tries)

    def _said(self) -> str:
        return "; ".join([*self.notes, *looks.words(self.seen.looks)]) or "live"


def _stands(board: Board, shipped: int) -> bool:
    """Whether a page shows what was shipped, and what is for it alone."""
    return bool(board.looks) and board.looks[-1].shipped == shipped and board.own in board.said()


@contextmanager
def stand(env: Callable[[Path], dict[str, str]] = lambda _: {}) -> Iterator[Stand]:
    """Start a program with a site, an order and its suppliers, senders and screens.

    `env`: what its parts get besides, given the stand's folder.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(short_folder())
        journal = stack.enter_context(closing(Journal(folder / "journal")))
        robot, ways = stack.enter_context(robot_of(folder))
        product = Product(folder, {"MILEPOST_NOTIFY": ways, **env(folder)})
        stack.callback(product.stop)
        product.start()
        prepare(product.postgres.url, [WORKS["id"]])
        plan(product)
        seen = stack.enter_context(screens(product.screens, product.postgres.url, CANARIES))
        made = Stand(product, journal, seen, lambda made: Alarms(robot, made.truth.rows))
        made.start()
        stack.callback(made.stop)
        yield made


def plan(product: Product) -> None:
    """Give it the site and its order; its day has begun lately, and doesn't end meanwhile."""
    now = datetime.now(UTC)
    suppliers = [{"id": one, "name": one.title(), "kind": "supplier"} for one in CANARIES]
    benches = [{"id": bench, "work_center": "BENCHES"} for bench in BENCHES]
    site = {
        **WORKS, "timezone": zone_of_a_morning(now), "parties": [*WORKS["parties"], *suppliers],
        "areas": [*WORKS["areas"], {"id": "L2", "name": "Benches", "calendar": "c"}],
        "work_centers": [*WORKS["work_centers"], {"id": "BENCHES", "area": "L2"}],
        "work_units": [*WORKS["work_units"], *benches],
    }  # fmt: skip
    needs = [_need(NEEDS[one].rpartition("/")[2], one, now) for one in CANARIES]
    order = {**ORDER, "quantity": 900_000, "needs": needs}
    door = Door(product.port, product.key)
    for path, body in (("/site", site), ("/orders", {"orders": [order]})):
        assert wait_until(lambda p=path, b=body: _is_put(door, p, b), 60, 0.5), path
    door.close()


def _is_put(door: Door, path: str, body: Body) -> bool:
    status, said, _ = door.call(path, body, method="PUT")
    assert status in (0, 503) or (status == 200 and said["accepted"] + said["duplicate"] == 1), said
    return status == 200


def _need(name: str, supplier: str, now: datetime) -> dict[str, Any]:
    return {
        "id": name, "part": name, "name": CANARIES[supplier], "operation": "10",
        "supplier": supplier, "quantity": 900_000,
        "need_by": (now + timedelta(days=3)).isoformat(),
    }  # fmt: skip
