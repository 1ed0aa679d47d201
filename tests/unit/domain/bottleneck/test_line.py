"""A line's chain is the same however its reports come."""

from hypothesis import given
from hypothesis import strategies as st

from data.domain.bottleneck import line
from data.domain.bottleneck.intervals import union
from data.domain.bottleneck.line import (
    Change,
    Correction,
    LineChain,
    built,
    replacement,
    splice_at,
)
from data.domain.bottleneck.live import ChainWalk
from data.domain.bottleneck.states import StateChange
from data.domain.events import WorkUnitState as W
from tests.unit.domain.bottleneck.generators import change_streams

MINUTE = 60.0
FOREVER = float("inf")


def reports(changes: list[StateChange]) -> list[Change]:
    """One change a minute at most: copies of the walk are made on the way."""
    return [
        Change(MINUTE * c.time, f"e{number:03d}", "s", c.work_unit, c.state)
        for number, c in enumerate(changes)
    ]


def whole(changes: list[Change]) -> tuple[set, list]:
    """Final rows of a chain that was told everything in order."""
    walk = ChainWalk(gone_s=line.GONE_S)
    for change in sorted(changes):
        walk.feed(change.work_unit, change.state, change.time)
    final = walk.take_final()
    return set(final.segments), union(line.raw_pauses(final))


class Stored:
    """The rows that corrections leave."""

    def __init__(self) -> None:
        self.segments, self.pauses = set(), set()

    def take(self, correction: Correction) -> None:
        assert set(correction.undone) <= self.segments
        self.segments -= set(correction.undone)
        assert not self.segments & set(correction.segments)
        self.segments |= set(correction.segments)
        self.pauses -= set(correction.undone_pauses)
        self.pauses |= set(correction.pauses)

    def rows(self) -> tuple[set, list]:
        return self.segments, union(self.pauses)


@given(change_streams(), st.sets(st.integers(0, 59)))
def test_in_order_the_rows_are_those_of_the_walk(changes, stops):
    chain, stored = LineChain(), Stored()
    for number, change in enumerate(reports(changes)):
        chain.feed(change)
        if number in stops:
            stored.take(chain.settle())
    stored.take(chain.settle())
    assert stored.rows() == whole(reports(changes))


@given(change_streams(), st.randoms(use_true_random=False), st.sets(st.integers(0, 59)))
def test_late_and_repeated_changes_find_their_place(changes, random, stops):
    """Shuffled within a window: neighbours change places, some come twice."""
    ordered = reports(changes)
    arrived = sorted(ordered, key=lambda c: c.time + random.uniform(0, 20 * MINUTE))
    arrived += random.sample(ordered, len(ordered) // 4)
    chain, stored = LineChain(), Stored()
    for number, change in enumerate(arrived):
        chain.feed(change)
        if number in stops:
            assert chain.late_since is None
            stored.take(chain.settle())
    stored.take(chain.settle())
    assert stored.rows() == whole(ordered)


@given(change_streams(), st.randoms(use_true_random=False), st.sets(st.integers(0, 59)))
def test_an_undone_change_was_never_there(changes, random, stops):
    ordered = reports(changes)
    undone = {c.identity for c in random.sample(ordered, len(ordered) // 3)}
    chain, stored = LineChain(), Stored()
    for number, change in enumerate(ordered):
        chain.feed(change)
        if change.identity in undone and number % 2:
            assert chain.undo(change.identity)
        if number in stops:
            stored.take(chain.settle())
    for identity in sorted(undone):
        chain.undo(identity)
    stored.take(chain.settle())
    assert stored.rows() == whole([c for c in ordered if c.identity not in undone])


@given(change_streams())
def test_what_is_built_at_once_goes_on_as_if_it_had_followed(changes):
    ordered = reports(changes)
    half = len(ordered) // 2
    chain, final = built(ordered[:half], None)
    segments, pauses = set(final.segments), [*line.raw_pauses(final)]
    for change in ordered[half:]:
        chain.feed(change)
    rest = chain.settle()
    assert (segments | set(rest.segments), union([*pauses, *rest.pauses])) == whole(ordered)


@given(change_streams(), st.integers(0, 100), st.integers(0, 59))
def test_a_chain_begun_anew_goes_on_as_the_one_that_ran_for_ever(changes, since, cut):
    """Restarted from some instant, with each unit's changes since its last inactive state."""
    ordered = reports(changes)
    stored = Stored()
    walk = ChainWalk(gone_s=line.GONE_S)
    for change in ordered[:cut]:
        walk.feed(change.work_unit, change.state, change.time)
    early = walk.take_final()
    stored.take(Correction(segments=early.segments, pauses=line.raw_pauses(early)))
    since_s = MINUTE * since
    _, final = built(since_last_inactive(ordered, since_s), since_s)
    at = splice_at(final.members, stored.segments, FOREVER)
    if at is not None:
        stored.take(replacement(final, stored.segments, stored.pauses, at))
        assert stored.rows() == whole(ordered)


def test_rows_that_were_never_stored_are_put_in_when_begun_anew():
    """The watch was away while much became final: all of it is found, not only the end."""
    ordered = [
        Change(MINUTE * n, f"e{n:03d}", "s", "AB"[n // 2 % 2], (W.PROCESSING, W.STARVED)[n % 2])
        for n in range(40)
    ]
    stored = Stored()
    _, early = built(ordered[:12], None)
    stored.take(Correction(segments=early.segments, pauses=line.raw_pauses(early)))
    _, final = built(ordered[4:], MINUTE * 4)
    at = splice_at(final.members, stored.segments, FOREVER)
    assert at is not None
    stored.take(replacement(final, stored.segments, stored.pauses, at))
    assert stored.rows() == whole(ordered)


def since_last_inactive(changes: list[Change], since: float) -> list[Change]:
    first: dict[str, float] = {}
    for change in changes:
        if change.state in (W.STARVED, W.BLOCKED) and change.time <= since:
            first[change.work_unit] = change.time
    return [c for c in changes if c.time >= first.get(c.work_unit, 0)]


def test_a_change_older_than_every_copy_is_named_for_the_caller_to_rebuild():
    chain = LineChain()
    for minute in range(600):
        chain.feed(
            Change(MINUTE * minute, f"e{minute}", "s", "A", (W.PROCESSING, W.STARVED)[minute % 2])
        )
        chain.settle()
    chain.feed(Change(MINUTE, "late", "s", "B", W.PROCESSING))
    assert chain.late_since == MINUTE
    other = LineChain()
    other.feed(Change(60.0, "a", "s", "A", W.PROCESSING))
    assert other.late_since is None


def test_what_is_kept_in_memory_is_bounded_by_time():
    chain = LineChain()
    for second in range(0, 40 * 3600, 30):
        chain.feed(
            Change(second, f"e{second}", "s", "A", (W.PROCESSING, W.STARVED)[second // 30 % 2])
        )
        if second % 300 == 0:
            chain.settle()
    assert len(chain.recent()) <= line.WINDOW_S / 30 * 2
    assert len(chain._stretches) < 24


def test_a_unit_that_stays_away_for_a_week_closes_its_period():
    walk = ChainWalk(gone_s=7 * 86_400.0)
    walk.feed("GONE", W.PROCESSING, 0)
    walk.feed("GONE", W.OFF_SHIFT, 100)
    for day in range(10):
        walk.feed("B", W.PROCESSING, 86_400.0 * day + 200)
        walk.feed("B", W.STARVED, 86_400.0 * day + 300)
    walk.advance(86_400.0 * 10)
    members = walk.take_final().members
    assert members[0].work_unit == "GONE" and members[0].end == 100
    assert [m.work_unit for m in members[1:]] == ["B"] * 10
