import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from data.domain.bottleneck.chain import (
    BottleneckSegment,
    SegmentKind,
    chain_segments,
    walk_chain,
)
from data.domain.bottleneck.intervals import Interval, subtract, total, union
from data.domain.bottleneck.shares import (
    VerdictReason,
    WorkUnitShare,
    judge,
    left_out,
    shares_in_windows,
)
from data.domain.bottleneck.states import (
    ActivePeriod,
    StateChange,
    active_periods,
    line_pauses,
    state_spells,
)
from tests.unit.domain.bottleneck.generators import change_streams, t5_periods

SOLE, SHIFTING = SegmentKind.SOLE, SegmentKind.SHIFTING


def alternating(units: str, length: float, count: int) -> list[BottleneckSegment]:
    return [
        BottleneckSegment(units[i % len(units)], SOLE, i * length, (i + 1) * length)
        for i in range(count)
    ]


def analysed(
    changes: list[StateChange],
) -> tuple[list[BottleneckSegment], list[Interval], Interval]:
    spells = state_spells(changes, 300)
    members = walk_chain(active_periods(spells))
    assume(members)
    segments = chain_segments(members)
    excluded = left_out(members, segments, line_pauses(spells))
    return segments, excluded, (members[0].start, members[-1].end)


def test_fixture_t5_as_shares_of_its_span() -> None:
    segments = chain_segments(walk_chain(t5_periods()))
    window = shares_in_windows(segments, (1, 55))[0]
    assert window.counted == 54
    assert window.shares == (
        WorkUnitShare("S2", pytest.approx(3 / 54), pytest.approx(27 / 54)),
        WorkUnitShare("S3", pytest.approx(10 / 54), pytest.approx(17 / 54)),
        WorkUnitShare("S1", pytest.approx(11 / 54), pytest.approx(15 / 54)),
    )


def test_a_segment_is_parted_at_the_edges_of_shifts() -> None:
    segments = [BottleneckSegment("A", SOLE, 6, 14), BottleneckSegment("B", SHIFTING, 14, 30)]
    windows = shares_in_windows(segments, (0, 10, 20, 30, 40))
    assert [w.shares for w in windows] == [
        (WorkUnitShare("A", 0.4, 0.0),),
        (WorkUnitShare("B", 0.0, 0.6), WorkUnitShare("A", 0.4, 0.0)),
        (WorkUnitShare("B", 0.0, 1.0),),
        (),
    ]


def test_what_lies_outside_all_windows_is_not_counted() -> None:
    segments = [BottleneckSegment("A", SOLE, 0, 5), BottleneckSegment("A", SOLE, 90, 95)]
    assert shares_in_windows(segments, (10, 20))[0].shares == ()


def test_the_night_leaves_the_denominator() -> None:
    over_night = ActivePeriod("A", 0, 100, ((10, 90),))
    segments = chain_segments([over_night])
    excluded = left_out([over_night], segments, [(10, 90)])
    window = shares_in_windows(segments, (0, 100), excluded)[0]
    assert (window.counted, window.shares) == (20, (WorkUnitShare("A", 1.0, 0.0),))


def test_a_window_that_was_all_night_has_no_shares() -> None:
    assert shares_in_windows([], (10, 20), [(0, 40)])[0].counted == 0


def test_the_line_idle_on_shift_counts_but_paused_does_not() -> None:
    members = [ActivePeriod("A", 0, 10), ActivePeriod("A", 90, 100)]
    assert left_out(members, chain_segments(members), [(20, 80)]) == [(20, 80)]


@pytest.mark.parametrize("edges", [(), (1,), (1, 1), (3, 2)])
def test_edges_that_make_no_window_are_refused(edges: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="edges"):
        shares_in_windows([], edges)


@given(change_streams())
def test_sole_and_shifting_and_idle_time_make_up_the_time_that_counts(
    changes: list[StateChange],
) -> None:
    segments, excluded, span = analysed(changes)
    window = shares_in_windows(segments, span, excluded)[0]
    shifting = union((s.start, s.end) for s in segments if s.kind is SHIFTING)
    shown = union((s.start, s.end) for s in segments)
    idle = total(subtract(subtract([span], shown), excluded))
    sole = sum(share.sole for share in window.shares)
    assert sole + (total(shifting) + idle) / window.counted == pytest.approx(1)
    assert sum(share.shifting for share in window.shares) >= total(shifting) / window.counted - 1e-9
    assert all(0 <= share.total <= 1 + 1e-9 for share in window.shares)


@given(change_streams(), st.sets(st.integers(1, 299), max_size=6))
def test_windows_add_up_to_the_whole(changes: list[StateChange], cuts: set[int]) -> None:
    segments, excluded, (start, end) = analysed(changes)
    edges = sorted({start, end} | {cut for cut in cuts if start < cut < end})
    whole = shares_in_windows(segments, (start, end), excluded)[0]
    parts = shares_in_windows(segments, edges, excluded)
    assert sum(part.counted for part in parts) == pytest.approx(whole.counted)
    for share in whole.shares:
        time = sum(
            s.total * part.counted for part in parts for s in part.shares
            if s.work_unit == share.work_unit
        )  # fmt: skip
        assert time == pytest.approx(share.total * whole.counted)


@given(change_streams())
def test_the_middle_of_an_interval_is_the_share_of_the_whole(
    changes: list[StateChange],
) -> None:
    segments, excluded, span = analysed(changes)
    whole = shares_in_windows(segments, span, excluded)[0]
    found = {one.work_unit: one for one in judge(segments, span, excluded).intervals}
    for share in whole.shares:
        interval = found[share.work_unit]
        assert interval.share == pytest.approx(share.total)
        assert interval.low - 1e-9 <= interval.share <= interval.high + 1e-9


def test_a_bottleneck_above_all_other_intervals_is_clear() -> None:
    verdict = judge(alternating("AAAB", 5, 80), (0, 400))
    assert (verdict.work_unit, verdict.reason) == ("A", VerdictReason.CLEAR)
    assert [(i.work_unit, i.share) for i in verdict.intervals] == [("A", 0.75), ("B", 0.25)]


def test_overlapping_intervals_mean_no_clear_bottleneck() -> None:
    verdict = judge(alternating("A" * 9 + "B" * 10, 1, 57), (0, 57))
    assert (verdict.work_unit, verdict.reason) == (None, VerdictReason.INTERVALS_OVERLAP)


def test_one_work_unit_alone_is_clear() -> None:
    assert judge(alternating("A", 1, 20), (0, 20)).work_unit == "A"


def test_too_short_a_chain_names_nobody() -> None:
    verdict = judge(alternating("AB", 5, 6), (0, 30))
    assert (verdict.work_unit, verdict.reason) == (None, VerdictReason.TOO_FEW_SEGMENTS)


def test_a_span_that_does_not_count_names_nobody() -> None:
    assert judge([], (0, 30), [(0, 30)]).reason is VerdictReason.NOTHING_ACTIVE
    assert judge([], (0, 30)).reason is VerdictReason.NOTHING_ACTIVE


def test_batch_means_give_the_t_interval() -> None:
    """Ten batches of 1 with shares 0.4 and 0.6 by turns: 0.5 ± 2.2622 · s / √10."""
    segments = [BottleneckSegment("A", SOLE, n, n + (0.4, 0.6)[n % 2]) for n in range(10)]
    interval = judge(segments, (0, 10)).intervals[0]
    spread = (10 * 0.01 / 9) ** 0.5
    assert interval.share == pytest.approx(0.5)
    assert interval.high - interval.share == pytest.approx(2.262157 * spread / 10**0.5)


def test_one_batch_gives_no_interval() -> None:
    with pytest.raises(ValueError, match="two batches"):
        judge([], (0, 1), batches=1)
