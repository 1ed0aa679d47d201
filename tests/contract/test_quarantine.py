"""The quarantine as people read it, in real SQL: page by page, and within their scope alone."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import msgspec
import pytest

from data.domain.held import HeldFilter
from data.domain.quarantine import Quarantined, QuarantineKind
from data.domain.scope import Role, Scope
from data.services.errors import Forbidden, Unavailable
from data.services.quarantine import BEGINNING_BYTES, WHOLE_BYTES, Quarantine
from data.store.history import connect
from data.store.program import Program
from data.store.quarantine import QuarantineStore
from tests.contract.world import NOW, PLANT, World, drain, good, order, process

SITE, OTHER = PLANT.id, "other"
ANNA = Scope(role=Role.ADMINISTRATOR, sites=(SITE,))
BOTH = Scope(role=Role.MANAGER, sites=(SITE, OTHER))
ALL = HeldFilter()
Put = Callable[..., None]


def refused(number: int, **more: object) -> Quarantined:
    usual: dict[str, object] = {
        "kind": QuarantineKind.UNANSWERABLE, "source": "plc", "event_id": f"e{number}",
        "field": "time", "reason": "is required", "raw": b"{}",
        "received_at": NOW - timedelta(minutes=number),
    }  # fmt: skip
    return Quarantined(**usual | more)  # type: ignore[arg-type]


@pytest.fixture
def world(redis_url: str, database_url: str) -> Iterator[World]:
    with process(redis_url, database_url) as world:
        world.open(order("SO-1"))
        yield world


@pytest.fixture
def put(world: World) -> Put:
    """A function that puts entries into a site's quarantine, through the log."""

    def put(*entries: Quarantined, site: str = SITE) -> None:
        world.log.append_quarantined(site, [msgspec.json.encode(one) for one in entries])
        if site == SITE:
            drain(world.recorder())

    return put


@pytest.fixture
def other(world: World) -> None:
    """An entry of another site."""
    world.rows(
        "INSERT INTO quarantine (site, source, event_id, kind, field, reason, raw, received_at)"
        " VALUES ('other', 'plc', 'secret', 'poison', '$', 'r', 'x', %s) RETURNING 1", NOW,
    )  # fmt: skip


@pytest.fixture
def kept(world: World) -> Quarantine:
    return Quarantine(QuarantineStore(world.sql), world.clock)


def ids(kept: Quarantine, wanted: HeldFilter = ALL, limit: int = 3, **where: int) -> list[str]:
    page = kept.page(ANNA, SITE, wanted, limit, **where)
    return [one.what.event_id for one in page.entries]


def test_what_the_watch_counts_of_a_site_is_all_that_ever_came_also_what_came_since(
    world: World, other: None
) -> None:
    watching = Program(world.worker_sql)
    assert (watching.quarantined(SITE), watching.quarantined(OTHER)) == (0, 1)
    for came in (2, 1, 0):
        world.rows(
            "INSERT INTO quarantine (site, source, event_id, kind, field, reason, raw, received_at)"
            " SELECT %s, 'plc', n, 'poison', '$', 'r', 'x', %s FROM generate_series(1, %s) n"
            " RETURNING 1", SITE, NOW, came,
        )  # fmt: skip
        assert watching.quarantined(SITE) == Program(world.worker_sql).quarantined(SITE)
    assert (watching.quarantined(SITE), watching.quarantined(OTHER)) == (3, 1)


def test_what_the_door_refuses_is_listed_newest_first_with_its_text(
    world: World, kept: Quarantine
) -> None:
    world.accept(good("a", 1), good("a", 2))
    (verdict,) = world.accept(good("b", -1))
    world.ingest.quarantine(ANNA, SITE, [good("b", -1)], [verdict], NOW)
    drain(world.recorder())
    first, second = kept.page(ANNA, SITE, ALL, 10).entries
    assert (first.what.event_id, first.what.kind) == ("b", QuarantineKind.UNANSWERABLE)
    assert (second.what.event_id, second.what.kind) == ("a", QuarantineKind.CONFLICT)
    assert msgspec.json.decode(second.what.raw)["data"]["good"] == 2
    assert second.size == len(second.what.raw)


def test_pages_follow_each_other_without_a_gap_also_while_others_come_in(
    kept: Quarantine, put: Put
) -> None:
    put(*(refused(number) for number in range(7)))
    first = kept.page(ANNA, SITE, ALL, 3)
    assert [one.what.event_id for one in first.entries] == ["e6", "e5", "e4"]
    assert first.newer is None and first.older is not None
    put(refused(7), refused(8))
    second = kept.page(ANNA, SITE, ALL, 3, below=first.older)
    assert [one.what.event_id for one in second.entries] == ["e3", "e2", "e1"]
    assert second.older is not None
    last = kept.page(ANNA, SITE, ALL, 3, below=second.older)
    assert [one.what.event_id for one in last.entries] == ["e0"]
    assert last.older is None and last.newer is not None


def test_the_way_back_leads_page_by_page_to_the_newest(kept: Quarantine, put: Put) -> None:
    put(*(refused(number) for number in range(8)))
    numbers = [one.number for one in kept.page(ANNA, SITE, ALL, 8).entries]
    back = kept.page(ANNA, SITE, ALL, 3, above=numbers[-2])
    assert [one.number for one in back.entries] == numbers[3:6]
    assert (back.newer, back.older) == (numbers[3], numbers[5])
    first = kept.page(ANNA, SITE, ALL, 3, above=numbers[3])
    assert [one.number for one in first.entries] == numbers[:3]
    assert (first.newer, first.older) == (None, numbers[2])


def test_beyond_the_last_entry_there_is_nothing_and_no_way(kept: Quarantine, put: Put) -> None:
    put(refused(1))
    page = kept.page(ANNA, SITE, ALL, 3, below=1)
    assert (page.entries, page.newer, page.older) == ((), None, None)


def test_kind_and_source_leave_their_own_entries(kept: Quarantine, put: Put) -> None:
    put(refused(1), refused(2, source="mes"), refused(3, kind=QuarantineKind.GAP, source=""))
    assert ids(kept, HeldFilter(source="mes")) == ["e2"]
    assert ids(kept, HeldFilter(kind=QuarantineKind.GAP)) == ["e3"]
    assert ids(kept, HeldFilter(kind=QuarantineKind.GAP, source="mes")) == []
    assert [one.number for one in kept.listed(ANNA, SITE, HeldFilter(source="plc"), 9)] == [1]


def test_lists_hold_the_beginning_of_a_text_and_one_entry_the_whole(
    kept: Quarantine, put: Put
) -> None:
    put(refused(1, raw=b"x" * 5000), refused(2, raw=b"y" * (WHOLE_BYTES + 9)))
    longer, long = kept.page(ANNA, SITE, ALL, 3).entries
    assert (long.what.raw, long.size) == (b"x" * BEGINNING_BYTES, 5000)
    assert kept.whole(ANNA, SITE, long.number).what.raw == b"x" * 5000
    cut = kept.whole(ANNA, SITE, longer.number)
    assert (len(cut.what.raw), cut.size) == (WHOLE_BYTES, WHOLE_BYTES + 9)


def test_the_last_day_is_counted_by_source_and_kind_the_most_frequent_first(
    kept: Quarantine, put: Put
) -> None:
    day = timedelta(days=1)
    put(
        refused(1), refused(2), refused(3, source="mes", kind=QuarantineKind.CONFLICT),
        refused(4, received_at=NOW - day - timedelta(seconds=1)),
        refused(5, received_at=NOW - 30 * day),
    )  # fmt: skip
    lately = kept.lately(ANNA, SITE)
    assert [(one.source, one.kind, one.count) for one in lately.tallies] == [
        ("plc", "unanswerable", 2), ("mes", "conflict", 1),
    ]  # fmt: skip
    assert lately.tallies[0].newest_at == NOW - timedelta(minutes=1)
    assert lately.of_kinds == {QuarantineKind.UNANSWERABLE: 2, QuarantineKind.CONFLICT: 1}
    assert (lately.first_at, lately.since, lately.more) == (NOW - 30 * day, NOW - day, False)


def test_an_empty_quarantine_goes_back_to_nowhere(kept: Quarantine) -> None:
    lately = kept.lately(ANNA, SITE)
    assert (lately.tallies, lately.first_at, lately.of_sites) == ((), None, {SITE: 0})
    assert kept.page(ANNA, SITE, ALL, 3).entries == ()


def test_of_many_sources_the_most_frequent_are_named(kept: Quarantine, put: Put) -> None:
    put(*(refused(number, source=f"s{number}") for number in range(45)), refused(50, source="s9"))
    lately = kept.lately(ANNA, SITE)
    assert (len(lately.tallies), lately.more, lately.tallies[0].source) == (40, True, "s9")
    assert lately.of_kinds == {QuarantineKind.UNANSWERABLE: 46}


def test_nobody_is_shown_anything_of_a_site_that_is_not_theirs(
    kept: Quarantine, put: Put, other: None
) -> None:
    put(refused(1))
    assert ids(kept) == ["e1"]
    assert kept.lately(ANNA, SITE).of_sites == {SITE: 1}
    assert kept.lately(BOTH, SITE).of_sites == {SITE: 1, OTHER: 1}
    (theirs,) = kept.page(BOTH, OTHER, ALL, 3).entries
    for ask in (
        lambda: kept.page(ANNA, OTHER, ALL, 3),
        lambda: kept.listed(ANNA, OTHER, ALL, 3),
        lambda: kept.lately(ANNA, OTHER),
        lambda: kept.whole(ANNA, OTHER, theirs.number),
        lambda: kept.whole(ANNA, SITE, theirs.number),
        lambda: kept.whole(ANNA, SITE, 10**8),
    ):
        with pytest.raises(Forbidden):
            ask()


@pytest.mark.parametrize(
    "role", [Role.PURCHASER, Role.OPERATOR, Role.SCREEN, Role.SOURCE, Role.SUPPLIER, Role.CUSTOMER]
)
def test_who_does_not_see_all_of_a_site_gets_nothing_from_the_service_nor_from_sql(
    world: World, kept: Quarantine, put: Put, role: Role
) -> None:
    put(refused(1))
    scope = Scope(role=role, sites=(SITE,), party="P1")
    with pytest.raises(Forbidden):
        kept.page(scope, SITE, ALL, 3)
    with pytest.raises(Forbidden):
        kept.lately(scope, SITE)
    if scope.outside:
        assert QuarantineStore(world.sql).entries(scope, SITE, ALL, 3, 10) == []


def test_row_security_keeps_another_site_back_whatever_is_asked(world: World, other: None) -> None:
    assert QuarantineStore(world.sql).entries(ANNA, OTHER, ALL, 3, 10) == []
    assert QuarantineStore(world.sql).lately(ANNA, OTHER, [OTHER], NOW - timedelta(1)).tallies == ()


def test_without_sql_it_says_that_it_cannot_be_reached() -> None:
    away = connect("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(Unavailable):
        Quarantine(QuarantineStore(away), lambda: NOW).page(ANNA, SITE, ALL, 3)
    away.dispose()
