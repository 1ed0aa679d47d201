"""Two web processes behind nginx, two workers, four sites, a Redis Cluster: what dies meanwhile.

A worker is killed, then the master of a shard. All through it machines report to every site and
walls are open; at the end SQL has every acknowledged event once and every wall shows the count.
"""

from collections.abc import Mapping, Sequence
from functools import partial

import pytest

from data.stream.log import key_of
from tests.browser.product.program import wait_for
from tests.faults.test_rolling_restart import Reader, on_wall
from tests.scale.cluster import RealCluster
from tests.scale.noting import note, seconds_until
from tests.scale.product import SITES, Machine, Scaled, scaled

NOTHING_HAPPENED_S = 3.0
WALLS = 3  # streams a site
Walls = Mapping[str, Sequence[Reader]]


@pytest.mark.long
def test_four_sites_outlive_a_worker_and_the_master_of_a_shard(
    cluster: RealCluster, database_url: str
) -> None:
    with scaled(database_url, cluster.url) as program:
        walls, machines = begun(program)
        other, orphans = program.kill_busiest("worker")
        taken_over = seconds_until(lambda: other.begun >= orphans, "the sites have moved")
        note("sites moved to the other worker after s", taken_over)
        victim = cluster.master_of(key_of(SITES[0], "events"))
        ill = {s for s in SITES if cluster.master_of(key_of(s, "events")) is victim}
        victim.kill()
        note("taken in again after the master died, s", twenty_more(machines))
        for machine in machines:
            end(machine, machine.site in ill)
        # A process that is late refuses an event now and then; nobody waits for a failover.
        assert max(m.longest_s for m in machines if m.site not in ill) < NOTHING_HAPPENED_S
        compare(program, machines, walls)
    victim.start()


def begun(program: Scaled) -> tuple[Walls, list[Machine]]:
    """Open walls and let machines report."""
    cookies = program.signed_in()
    walls = {
        site: [Reader(program, cookies, f"/live/wall/{site}.L1", on_wall) for _ in range(WALLS)]
        for site in SITES
    }
    machines = [Machine(program, site) for site in SITES]
    readers = [reader for of_site in walls.values() for reader in of_site]
    for thread in (*readers, *machines):
        thread.start()
    wait_for(lambda: all(r.counts for r in readers), 60, "every wall has begun")
    wait_for(lambda: all(len(m.acknowledged) > 20 for m in machines), 60, "machines report")
    return walls, machines


def twenty_more(machines: Sequence[Machine]) -> float:
    """Wait until twenty more events of every site are acknowledged; return for how long."""
    goals = [(machine, len(machine.acknowledged) + 20) for machine in machines]
    return seconds_until(
        lambda: all(len(machine.acknowledged) > goal for machine, goal in goals),
        "every site is taken in again",
    )


def end(machine: Machine, ill: bool) -> None:
    machine.stop()
    assert machine.failure is None
    note(
        f"{machine.site}{' (its master died)' if ill else ''}",
        f"{len(machine.acknowledged)} acknowledged, refused {dict(machine.refused)}, "
        f"longest wait {machine.longest_s:.1f} s",
    )


def compare(program: Scaled, machines: Sequence[Machine], walls: Walls) -> None:
    """Hold what was acknowledged against SQL and every wall; nothing comes in meanwhile."""
    drained = seconds_until(lambda: not any(map(program.lacks, machines)), "all is in SQL")
    note("in SQL after s", drained)
    for machine in machines:
        recorded = program.recorded(machine.site)
        assert len(recorded) == len(set(recorded))
        assert program.good(machine.site) == len(recorded)
        for reader in walls[machine.site]:
            wait_for(partial(reader.has_come_to, len(recorded)), 60, "walls show it")
            reader.stop()
            assert reader.failure is None
            assert reader.counts == sorted(reader.counts)
