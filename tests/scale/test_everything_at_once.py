"""Everything there several times, and everything that there is one of dies: one run of a plant day.

A Redis Cluster, PostgreSQL with a streaming replica for reads, two web processes behind nginx,
two workers, two watches, a notifier, four sites. Machines report throughout; walls, one of them
in a real Chromium, and a supplier's page are open. A worker, a watch, a shard's master and the
primary are killed one after the other, the replica is promoted under the running program, and a
range of slots is moved. At each stage a bench of every site stops, which a robot is told of.

What the primary alone had recorded when it died is recorded again from the log. What people wrote
in these moments is not tried here: it is only in SQL, and goes with it.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from data.services.live import utc_now
from data.store.embedded import EmbeddedPostgres
from data.stream.log import key_of
from tests.browser.product.program import wait_for
from tests.chromium import launched
from tests.contract.notify.receivers import Receiver
from tests.faults.harness import looks
from tests.faults.harness.alarms import prepare, robot_of
from tests.faults.harness.screens import BOARD, Board, Screens, opened_over_tls
from tests.faults.test_rolling_restart import Reader, on_wall
from tests.scale.cluster import RealCluster
from tests.scale.noting import RECOVERED_WITHIN_S, note, seconds_until
from tests.scale.product import SITES, SUPPLIER, Machine, Scaled, recorded_at, scaled
from tests.scale.standby import Standby, either, following

TOLD_WITHIN_S = 60.0
GOES_ON = 10  # more pieces of every site
PARTS = ("worker", "worker", "watch", "watch", "notify")
WALLS = 2  # streams a site
SEEN = "suzhou"  # the site that Chromium and the supplier look at; its slot is near a range's begin
PAST = ("orders", "delays", "figures", "bottleneck", "gantt")


class Floor:
    """The program with all that reports to it and looks at it, and what has stopped so far."""

    def __init__(self, program: Scaled, robot: Receiver, seen: Screens, standby: Standby) -> None:
        self.program, self.robot, self.seen, self.standby = program, robot, seen, standby
        cookies = program.signed_in()
        self.walls = {
            site: [Reader(program, cookies, f"/live/wall/{site}.L1", on_wall) for _ in range(WALLS)]
            for site in SITES
        }
        self.machines = [Machine(program, site) for site in SITES]
        self.benches: list[str] = []
        self.took_s: list[float] = []  # how long it was each time until ten more were taken in

    def await_(
        self, condition: Callable[[], object], what: str, within_s: float = RECOVERED_WITHIN_S
    ) -> float:
        """Look at the screens until something is so; return after how long it was."""

        def is_so() -> object:
            self.seen.look()
            return condition()

        return seconds_until(is_so, what, within_s)

    def begin(self) -> None:
        readers = [reader for walls in self.walls.values() for reader in walls]
        for thread in (*readers, *self.machines):
            thread.start()
        self.await_(lambda: all(r.counts for r in readers), "every wall has begun")
        self.go_on("at the beginning")

    def go_on(self, what: str) -> None:
        """Wait until ten more pieces of every site are acknowledged, and note how long."""
        goals = {m.site: len(m.acknowledged) + GOES_ON for m in self.machines}
        refused = sum((m.refused for m in self.machines), Counter())
        try:
            took = self.await_(
                lambda: all(len(m.acknowledged) >= goals[m.site] for m in self.machines), what
            )
        except AssertionError as error:
            since = sum((m.refused for m in self.machines), Counter()) - refused
            raise AssertionError(f"{error}; refused meanwhile: {since}") from None
        self.took_s.append(took)
        note(f"ten more everywhere: {what}, s", took)

    def stop_a_bench(self) -> None:
        """Let the next bench stop everywhere; return when the robot was told of each."""
        bench = f"B{len(self.benches) + 1}"
        self.benches.append(bench)
        for site in SITES:
            self.program.tell(
                site, f"stop-{bench}", "work_unit.state_changed", f"work-unit/{bench}",
                state="down", reason="jam",
            )  # fmt: skip
        self.program.tell(
            SEEN, f"ship-{bench}", "material.shipped", "need/SO-1/n1", quantity=len(self.benches)
        )
        wanted = len(SITES) * len(self.benches)
        took = self.await_(lambda: len(self.told) >= wanted, f"told of {bench}", TOLD_WITHIN_S)
        note(f"told of {bench} everywhere, s", took)

    def stop(self) -> None:
        for machine in self.machines:
            machine.stop()
            assert machine.failure is None
            done, refused = len(machine.acknowledged), sum(machine.refused.values())
            note(
                machine.site, f"{done} taken, {refused} refused, {machine.longest_s:.1f} s at most"
            )
            for why, times in machine.refused.items():
                note("  refused", f"{times} × {why}")

    def figures(self) -> dict[str, object]:
        """What came of it, once everything was compared: then nothing was lost or doubled."""
        return {
            "acknowledged": sum(len(machine.acknowledged) for machine in self.machines),
            "lost": 0, "doubled": 0, "recovered_s": max(self.took_s),
            "screens": ", ".join(looks.words(self.seen.looks)) or "live",
        }  # fmt: skip

    @property
    def told(self) -> set[str]:
        """The ids of what the robot was sent."""
        return {taken.headers["webhook-id"] for taken in self.robot.taken}

    @property
    def shipped(self) -> int:
        """How much the supplier has shipped."""
        return sum(range(1, len(self.benches) + 1))


@contextmanager
def looking(program: Scaled, browser: Browser) -> Iterator[Screens]:
    """Open a wall and a supplier's page of one site in Chromium."""
    open_ = partial(opened_over_tls, browser, program.address)
    wall = open_(f"/wall/{SEEN}.L1?lang=en", program.signed_in())
    board = open_(f"{BOARD}&site={SEEN}", program.supplier(SEEN))
    wall.wait_for_selector("#p0-figures-good", state="attached")
    board.wait_for_selector(".mp-ask", timeout=60_000)
    yield Screens(wall, [Board(board, SUPPLIER, "ring", ())])


def kill_busiest(floor: Floor, name: str) -> None:
    """Kill the one of two that has most sites; the other takes them over."""
    other, orphans = floor.program.kill_busiest(name)
    took = floor.await_(lambda: other.begun >= orphans, name)
    note(f"{len(orphans)} sites moved to the other {name}, s", took)


def kill_master(floor: Floor, cluster: RealCluster) -> None:
    """Kill the master that holds the first site."""
    cluster.master_of(key_of(SITES[0], "events")).kill()
    floor.go_on("after a master died")


def promote(floor: Floor, postgres: EmbeddedPostgres, primary_url: str) -> None:
    """Cut the replica off, let the primary record on, kill it, and promote the replica."""
    standby = floor.standby
    replica_url = standby.copy_of(primary_url)
    standby.cut_off()
    ahead = partial(_ahead, primary_url, replica_url)
    floor.await_(lambda: all(len(ahead(site)) >= 10 for site in SITES), "the primary is ahead")
    postgres.kill()
    killed = time.monotonic()
    standby.promote()
    note("promoted after s", round(time.monotonic() - killed, 1))
    newest = {machine.site: machine.acknowledged[-1] for machine in floor.machines}
    floor.await_(
        lambda: all(newest[site] in recorded_at(replica_url, site) for site in SITES),
        "all is recorded again",
    )
    note("recorded again up to the moment of the promotion, s", round(time.monotonic() - killed, 1))
    floor.go_on("after the promotion")


def _ahead(primary_url: str, replica_url: str, site: str) -> set[str]:
    return {*recorded_at(primary_url, site)} - {*recorded_at(replica_url, site)}


def read_the_past(floor: Floor) -> None:
    """Ask every page on the past, as tables, at both web processes."""
    with floor.program.client(cookies=floor.program.signed_in()) as client:
        for page in PAST * 2:
            answer = client.get(f"/export/{page}.csv", params={"site": SEEN})
            assert answer.status_code in (200, 404), f"{page}: {answer.status_code} {answer.text}"
            assert answer.status_code == 200 or answer.text == "nothing to export", page
        then = client.get(f"/wall/{SEEN}.L1", params={"at": utc_now().isoformat()})
        assert then.status_code == 200


def compare(floor: Floor) -> None:
    """Hold what was acknowledged against SQL and every screen; nothing comes in meanwhile."""
    program = floor.program
    drained = floor.await_(lambda: not any(map(program.lacks, floor.machines)), "SQL")
    note("all in SQL after s", drained)
    for machine in floor.machines:
        recorded = program.recorded(machine.site)
        assert len(recorded) == len(set(recorded))
        assert {*machine.acknowledged} <= {*recorded}
        assert program.good(machine.site) == len(recorded)
        for reader in floor.walls[machine.site]:
            shows = partial(reader.has_come_to, len(recorded))
            wait_for(shows, 60, f"a wall of {machine.site} shows {len(recorded)}")
    compare_screens(floor)
    for reader in (reader for walls in floor.walls.values() for reader in walls):
        reader.stop()
        assert reader.failure is None
        assert reader.counts == sorted(reader.counts)


def compare_screens(floor: Floor) -> None:
    """Hold Chromium's pages against SQL, and what they showed meanwhile against the machine."""
    seen, total = floor.seen, len(floor.program.recorded(SEEN))
    (board,) = seen.boards
    floor.await_(lambda: seen.looks[-1].good == total, "Chromium's wall shows it", 20)
    floor.await_(lambda: board.looks[-1].shipped == floor.shipped, "the supplier's page too", 20)
    machine = next(machine for machine in floor.machines if machine.site == SEEN)
    said = [
        *looks.too_few(seen.looks, machine.count),
        *looks.stood_still(seen.looks, [(machine.moments[-1], float("inf"))]),
        *looks.unseen("the wall", seen.tries), *looks.unseen("the supplier's page", board.tries),
    ]  # fmt: skip
    note("Chromium's wall meanwhile", looks.words(seen.looks) or "live")
    assert said == []


def compare_exceptions(floor: Floor) -> None:
    """Each bench that stopped is one exception of its site, and was told of once.

    What was sent, but noted only where the primary died, is sent again: under the same id, by
    which whoever receives it drops the second.
    """
    wanted = Counter((site, f"work-unit/{bench}") for site in SITES for bench in floor.benches)
    query = "SELECT site, subject FROM exception WHERE rule = 'stopped' AND state <> 'closed'"
    assert Counter(floor.program.rows(query)) == wanted
    told = {taken.headers["webhook-id"]: taken.document for taken in floor.robot.taken}
    assert {one["type"] for one in told.values()} == {"milepost.exception.raised"}
    assert len({one["subject"] for one in told.values()}) == len(told) == wanted.total()
    note("sent again under the same id", len(floor.robot.taken) - len(told))


@pytest.mark.long
def test_four_sites_outlive_all_that_can_die(
    cluster: RealCluster, postgres: EmbeddedPostgres, database_url: str, engines_folder: Path,
    tmp_path: Path, record_property: Callable[[str, object], None],
) -> None:  # fmt: skip
    prepare(database_url, SITES)
    with ExitStack() as stack:
        standby = stack.enter_context(following(postgres, engines_folder / "everything"))
        robot, file = stack.enter_context(robot_of(tmp_path))
        program = stack.enter_context(scaled(
            either(database_url, standby), cluster.url, parts=PARTS, MILEPOST_NOTIFY=file,
            MILEPOST_REPLICA_URL=standby.copy_of(database_url),
        ))  # fmt: skip
        seen = stack.enter_context(looking(program, stack.enter_context(launched())))
        floor = Floor(program, robot, seen, standby)
        floor.begin()
        floor.stop_a_bench()
        read_the_past(floor)
        assert reads_of(standby) > 0

        kill_busiest(floor, "worker")
        floor.stop_a_bench()
        kill_busiest(floor, "watch")
        floor.stop_a_bench()
        kill_master(floor, cluster)
        floor.stop_a_bench()
        promote(floor, postgres, database_url)
        floor.stop_a_bench()
        note("slots moved", cluster.reshard(key_of(SEEN, "events")))
        floor.go_on("after slots were moved")
        floor.stop_a_bench()

        floor.stop()
        compare(floor)
        compare_exceptions(floor)
        read_the_past(floor)
        for name, value in floor.figures().items():
            record_property(name, value)


def reads_of(standby: Standby) -> int:
    """How many connections of the program a replica has."""
    found = standby.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
        " AND pid <> pg_backend_pid()"
    )
    return int(str(found))
