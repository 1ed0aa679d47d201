"""The stand that every fault is tried on: a running program, senders, screens, the truth.

`Stand.row(...)` brings one fault about under load and returns what came of it.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

from playwright.sync_api import Error as PageError

from tests.browser.product.program import ORDER
from tests.browser.product.program import SITE as WORKS
from tests.faults.harness.load import Door, Journal, Pulse, Sender, is_piece, wait_until
from tests.faults.harness.product import Product
from tests.faults.harness.screens import Look, Screens, screens
from tests.faults.harness.truth import Truth
from tests.folders import short_folder

SENDERS, RATE = 2, 10.0  # events a second, each
RECOVERED_WITHIN_S = 60.0
LABELLED_WITHIN_S = 15.0  # what is older than this must be labelled
ARRIVED_WITHIN_S = 20.0
LOOK_EVERY_S = 0.25


class Row(NamedTuple):
    """What one fault came to."""

    fault: str
    acknowledged: int
    lost: int
    doubled: int
    recovered_s: float | None
    screens: str
    wrong: tuple[str, ...] = ()
    told: int = 0  # of the lost: people were told, by the place in the log

    @property
    def holds(self) -> bool:
        return not (self.lost > self.told or self.doubled or self.wrong)


class Stand:
    """What a fault gets: `product` to break, `hold` to wait, `wrong` to say what it missed."""

    def __init__(self, product: Product, journal: Journal, seen: Screens | None) -> None:
        self.product, self.journal, self.seen = product, journal, seen
        self.truth = Truth(product.postgres, product.redis)
        self.wrong: list[str] = []
        self.notes: list[str] = []
        self.told: set[str] = set()  # lost, and people were told
        self._lost: set[str] = set()  # in rows before
        self.senders = [
            Sender(f"s{n}", Door(product.port, product.key), journal, RATE) for n in range(SENDERS)
        ]
        self._pulse = Pulse(Door(product.port, product.key), ["M1", "P1"])

    def start(self) -> None:
        self._pulse.start()
        for sender in self.senders:
            sender.start()
        assert wait_until(lambda: self.journal.count() > 5, 20), "nothing is acknowledged"

    def stop(self) -> None:
        for sender in self.senders:
            sender.stop()
        self._pulse.stop()

    def hold(self, seconds: float) -> None:
        """Let time pass and look at the wall meanwhile."""
        self.await_(lambda: False, seconds)

    def await_(self, condition: Callable[[], object], within_s: float) -> bool:
        """Look at the wall until something is so; whether it came about."""
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            self.look()
            if condition():
                return True
            time.sleep(LOOK_EVERY_S)
        return False

    def look(self) -> Look | None:
        """Look at the wall, and say when it shows something old as if it were new."""
        if self.seen is None:
            return None
        try:
            look = self.seen.look()
        except PageError:
            return None
        return look

    def row(self, name: str, fault: Callable[["Stand"], None]) -> Row:
        """Bring a fault about under load; wait until all is well; compare everything."""
        self.wrong, self.notes = [], []
        before, first_look = self.journal.count(), self._looks()
        fault(self)
        recovered = self._recovered()
        self._settle()
        counted = self.truth.count(self.journal.ids())
        lost = [one for one in counted.lost if one not in self._lost]
        self._lost.update(lost)
        self._compare()
        return Row(
            name, self.journal.count() - before, len(lost), len(counted.doubled), recovered,
            self._said(first_look), tuple(self.wrong), len(self.told & {*lost}),
        )  # fmt: skip

    def pieces(self) -> int:
        """How many good pieces were acknowledged and are not known to be lost."""
        return sum(is_piece(one) for one in self.journal.ids() if one not in self._lost)

    def _looks(self) -> int:
        return len(self.seen.looks) if self.seen else 0

    def _recovered(self) -> float | None:
        """Wait until what is acknowledged from now on is in SQL and on the wall; say how long."""
        begun, count = time.monotonic(), self.journal.count()
        within = RECOVERED_WITHIN_S
        if not self.await_(lambda: self.journal.count() > count, within):
            self.wrong.append("nothing was acknowledged within 60 s")
            return None
        marker = self.journal.ids()[-1]
        goal = self.pieces()
        if not self.await_(lambda: self.truth.recorded(marker), within):
            self.wrong.append("nothing was recorded within 60 s")
            return None
        if self.seen and not self.await_(lambda: self._shows(goal), within):
            self.wrong.append("the wall was not live within 60 s")
            return None
        return time.monotonic() - begun

    def _shows(self, pieces: int) -> bool:
        look = self.seen.looks[-1] if self.seen and self.seen.looks else None
        return look is not None and look.good >= pieces and not look.lost

    def _settle(self) -> None:
        """Let the senders pause, and everything that they got acknowledged arrive."""
        for sender in self.senders:
            sender.pause()
        if not all(sender.idle(30) for sender in self.senders):
            self.wrong.append("a sender still waits for its answer")
        self.await_(lambda: not self.missing(), ARRIVED_WITHIN_S)

    def missing(self) -> list[str]:
        """What was acknowledged and SQL hasn't; without what earlier faults took."""
        lost = self.truth.count(self.journal.ids()).lost
        return [one for one in lost if one not in self._lost]

    def _compare(self) -> None:
        """Compare states, replay and screens while nothing comes in; then let it come again."""
        try:
            self.wrong += self.truth.differences()
            stored, events = self.truth.good(), self.truth.pieces_of_events()
            if stored != events:
                self.wrong.append(f"{stored} pieces by the state, {events} by the events")
            if self.seen:
                self._compare_screens(self.seen, stored)
        finally:
            for sender in self.senders:
                sender.go_on()

    def _compare_screens(self, seen: Screens, stored: int) -> None:
        if not self.await_(lambda: seen.looks[-1].good == stored, 20):
            self.wrong.append(f"the wall shows {seen.looks[-1].good}, stored are {stored}")
        shipped = self.truth.shipped()
        if not self.await_(lambda: seen.shipped() == shipped, 20):
            self.wrong.append(f"the supplier's page shows {seen.shipped()}, stored are {shipped}")

    def _said(self, first: int) -> str:
        """Say what the wall showed meanwhile; what it showed as new and wasn't is wrong."""
        if self.seen is None:
            return "; ".join(self.notes) or "–"
        looks = self.seen.looks[first:]
        self.wrong += self._unlabelled(looks)
        parts = list(self.notes)
        for words, is_so in (
            ("no connection", lambda look: look.lost),
            ("hatched", lambda look: look.old > 0 and not look.lost),
            ("recording behind", lambda look: bool(look.behind) and not look.lost),
        ):
            seconds = _seconds(looks, is_so)
            if seconds > 0:
                parts.append(f"{words} {seconds:.0f} s")
        return "; ".join(parts) or "live"

    def _unlabelled(self, looks: list[Look]) -> list[str]:
        """Find looks at a count that had been passed long before, without a word about it."""
        worst = 0.0
        ids = self.journal.ids()
        upto, pieces = 0, 0
        for look in looks:
            count = self.journal.count(look.at - LABELLED_WITHIN_S)
            while upto < count:
                pieces += is_piece(ids[upto]) and ids[upto] not in self._lost
                upto += 1
            if look.good < pieces and not look.says_so:
                worst = max(worst, float(pieces - look.good))
        if not worst:
            return []
        return [f"the wall showed {worst:.0f} pieces too few as live after 15 s"]


def _seconds(looks: list[Look], is_so: Callable[[Look], bool]) -> float:
    pairs = pairwise(looks)
    return sum(after.at - look.at for look, after in pairs if is_so(look))


@contextmanager
def stand(env: dict[str, str] | None = None, browser: bool = True) -> Iterator[Stand]:
    """Start a program with a site, an order and its supplier, senders and screens."""
    with short_folder() as folder, closing(Journal(folder / "journal")) as journal:
        product = Product(folder, env)
        try:
            product.start()
            plan(product)
            if browser:
                with screens(product.address, product.postgres.url) as seen:
                    yield from _running(Stand(product, journal, seen))
            else:
                yield from _running(Stand(product, journal, None))
        finally:
            product.stop()


def _running(made: Stand) -> Iterator[Stand]:
    made.start()
    try:
        yield made
    finally:
        made.stop()


def plan(product: Product) -> None:
    """Give it the site and its order; its day has begun lately, and doesn't end meanwhile."""
    now = datetime.now(UTC)
    west = (now.hour - 6) % 24
    zone = f"Etc/GMT{'+' if west <= 12 else '-'}{west if west <= 12 else 24 - west}"
    parties = [*WORKS["parties"], {"id": "jade", "name": "Jade", "kind": "supplier"}]
    need: dict[str, Any] = {
        "id": "n1", "part": "J-1", "name": "ring", "operation": "10", "supplier": "jade",
        "quantity": 900_000, "need_by": (now + timedelta(days=3)).isoformat(),
    }  # fmt: skip
    order = {**ORDER, "quantity": 900_000, "needs": [need]}
    door = Door(product.port, product.key)
    site = {**WORKS, "timezone": zone, "parties": parties}
    for path, body in (("/site", site), ("/orders", {"orders": [order]})):
        status, said, _ = door.call(path, body, method="PUT")
        assert status == 200 and said["accepted"] == 1, said
    door.close()
