"""The shorter faults of `make faults`, on one running program with a wall and a supplier's page."""

from collections.abc import Iterator

import pytest

from tests.faults.harness.faults import FAULTS, Fault
from tests.faults.harness.stand import RECOVERED_WITHIN_S, Stand, stand

SHORT = (
    "kill postgres",
    "redis: swallow",
    "postgres: swallow",
    "disk full under redis",
    "memory of redis full",
    "FLUSHALL, recorder behind",
    "one poisoned entry in 500",
)


@pytest.fixture(scope="module")
def running() -> Iterator[Stand]:
    with stand() as made:
        yield made


@pytest.mark.parametrize(
    "fault", [one for one in FAULTS if one.name in SHORT], ids=lambda one: one.name
)
def test_nothing_is_lost_doubled_or_shown_as_new(running: Stand, fault: Fault) -> None:
    row = running.row(fault.name, lambda on: fault.do(on, fault.short_s))
    assert row.wrong == ()
    assert (row.lost, row.doubled) == (0, 0)
    assert row.recovered_s is not None
    assert row.recovered_s < RECOVERED_WITHIN_S


def test_every_short_fault_is_in_the_list() -> None:
    assert {one.name for one in FAULTS} >= set(SHORT)
