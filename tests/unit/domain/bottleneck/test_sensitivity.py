"""What an hour more would give, from the figures of the floor."""

import pytest

from data.domain.bottleneck.bernoulli import line_flow, throughput_sensitivity
from data.domain.bottleneck.sensitivity import HEADROOM, line_model
from data.domain.events import WorkUnitState as W
from data.domain.site import WorkUnit

HOUR = 3600.0


def units(*centers: str) -> tuple[WorkUnit, ...]:
    return tuple(WorkUnit(id=f"U{i}", work_center=c) for i, c in enumerate(centers))


def worked(*hours: float) -> dict[str, dict[W, float]]:
    return {f"U{i}": {W.PROCESSING: h * HOUR, W.STARVED: HOUR} for i, h in enumerate(hours)}


def test_the_largest_gain_is_at_the_bottleneck_of_a_known_line():
    """Line L2 of the published five: efficiencies .9 .9 .8 .9 .9, buffers of 3."""
    shares = (0.9, 0.9, 0.8, 0.9, 0.9)
    rate = line_flow(shares, [3] * 4).production_rate
    cycle = HEADROOM * 100.0
    hours = [100.0 * rate * cycle / (share * cycle) for share in shares]
    good = {f"U{i}": int(100 * rate * cycle) for i in range(5)}
    model = line_model(units(*"ABCDE"), worked(*hours), good, rate * cycle)
    assert model is not None and model.fits
    best = max(model.gains, key=lambda gain: gain.pieces)
    assert best.work_unit == "U2"
    assert best.reach > 2 * max(g.reach for g in model.gains if g is not best)


def test_reach_is_the_slope_of_the_fitted_line():
    model = line_model(
        units("A", "B", "C"), worked(9, 10, 8), dict.fromkeys(("U0", "U1", "U2"), 720), 60
    )
    assert model is not None
    capacities = [720 / 9, 720 / 10, 720 / 8]
    shares = [capacity / model.cycle for capacity in capacities]
    slopes = throughput_sensitivity(shares, [model.buffer] * 2)
    assert [gain.reach for gain in model.gains] == pytest.approx(slopes)
    assert [gain.pieces for gain in model.gains] == pytest.approx(
        [c * s for c, s in zip(capacities, slopes, strict=True)]
    )


def test_work_units_beside_each_other_share_one_reach():
    good = {"U0": 360, "U1": 360, "U2": 720}
    model = line_model(units("A", "A", "B"), worked(9, 10, 9), good, 70)
    assert model is not None
    first, second, _ = model.gains
    assert first.reach == second.reach and first.capacity == 40.0 and second.capacity == 36.0


def test_a_work_center_that_only_part_of_the_pieces_pass_lets_more_through():
    good = {"U0": 1000, "U1": 250, "U2": 1000}
    model = line_model(units("A", "B", "C"), worked(10, 10, 10), good, 90)
    assert model is not None
    assert model.gains[1].visits == 0.25
    assert model.gains[1].capacity == pytest.approx(100.0)


@pytest.mark.parametrize(
    ("good", "real"), [({}, 10.0), ({"U0": 10}, 10.0), ({"U0": 10, "U1": 10}, 0.0)]
)
def test_of_too_little_no_model_is_made(good, real):
    assert line_model(units("A", "B"), worked(1, 1), good, real) is None
