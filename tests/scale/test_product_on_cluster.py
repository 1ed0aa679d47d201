"""Two web processes behind nginx, two workers, four sites, a Redis Cluster: what dies meanwhile.

A worker is killed, then the master of a shard. All through it machines report to every site and
walls are open; at the end SQL has every acknowledged event once and every wall shows the count.
"""

import logging
import time
from collections.abc import Callable
from functools import partial

import pytest

from data.stream.log import key_of
from tests.browser.product.program import wait_for
from tests.faults.test_rolling_restart import Reader, on_wall
from tests.scale.cluster import RealCluster
from tests.scale.product import SITES, Machine, Part, Scaled, scaled

RECOVERED_WITHIN_S = 60.0
NOTHING_HAPPENED_S = 3.0
_log = logging.getLogger("scale")  # figures: pytest --log-cli-level=info


def seconds_until(condition: Callable[[], object], what: str) -> float:
    begun = time.monotonic()
    wait_for(condition, RECOVERED_WITHIN_S, what)
    return round(time.monotonic() - begun, 1)


def note(what: str, value: object) -> None:
    _log.info("%s: %s", what, value)


def kill_busiest(program: Scaled) -> tuple[Part, set[str]]:
    """Kill the worker that records most sites; return the other, and what it must take over."""
    victim, other = sorted(program.of("worker"), key=lambda part: -len(part.begun))
    orphans = victim.begun - other.begun
    victim.kill()
    return other, orphans


def behind_sql(program: Scaled, machine: Machine) -> set[str]:
    return {*machine.acknowledged} - {*program.recorded(machine.site)}


def shows_all(reader: Reader, total: int) -> bool:
    return reader.counts[-1] == total


@pytest.mark.long
def test_four_sites_outlive_a_worker_and_the_master_of_a_shard(
    cluster: RealCluster, database_url: str
) -> None:
    with scaled(database_url, cluster.url) as program:
        cookies = program.signed_in()
        walls = {
            site: [Reader(program, cookies, f"/live/wall/{site}.L1", on_wall) for _ in range(3)]
            for site in SITES
        }
        machines = [Machine(program, site) for site in SITES]
        readers = [reader for of_site in walls.values() for reader in of_site]
        for thread in (*readers, *machines):
            thread.start()
        wait_for(lambda: all(r.counts for r in readers), 30, "every wall has begun")
        wait_for(lambda: all(len(m.acknowledged) > 20 for m in machines), 30, "machines report")

        other, orphans = kill_busiest(program)
        assert orphans
        taken_over = seconds_until(lambda: other.begun >= orphans, "the sites have moved")
        note("sites moved to the other worker after s", taken_over)

        victim = cluster.master_of(key_of(SITES[0], "events"))
        before = {machine.site: len(machine.acknowledged) for machine in machines}
        ill = {s for s in SITES if cluster.master_of(key_of(s, "events")) is victim}
        victim.kill()
        recovered = seconds_until(
            lambda: all(len(m.acknowledged) > before[m.site] + 20 for m in machines),
            "every site is taken in again",
        )
        note("taken in again after the master died, s", recovered)
        for machine in machines:
            machine.stop()
            assert machine.failure is None
            note(
                f"{machine.site}{' (its master died)' if machine.site in ill else ''}",
                f"{len(machine.acknowledged)} acknowledged, refused {dict(machine.refused)}, "
                f"longest wait {machine.longest_s:.1f} s",
            )
        # A process that is late refuses an event now and then; nobody waits for a failover.
        assert max(m.longest_s for m in machines if m.site not in ill) < NOTHING_HAPPENED_S

        drained = seconds_until(
            lambda: not any(behind_sql(program, m) for m in machines), "all is in SQL"
        )
        note("in SQL after s", drained)
        for machine in machines:
            recorded = program.recorded(machine.site)
            assert len(recorded) == len(set(recorded))
            assert program.good(machine.site) == len(recorded)
            for reader in walls[machine.site]:
                shows = partial(shows_all, reader, len(recorded))
                wait_for(shows, 20, "walls show it")
        for reader in readers:
            reader.stop()
            assert reader.failure is None
            assert reader.counts == sorted(reader.counts)
    victim.start()
