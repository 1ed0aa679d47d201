"""Tables computed exactly and checked against a Markov chain."""

from itertools import product

import numpy as np
import pytest

from data.domain.bottleneck.bernoulli import line_flow, throughput_sensitivity
from data.domain.bottleneck.flow import arrow_method, turning_point

L1 = ((0.9, 0.9, 0.9, 0.9, 0.9), (3, 3, 3, 3))
L2 = ((0.9, 0.9, 0.8, 0.9, 0.9), (3, 3, 3, 3))
L3 = ((0.9, 0.8, 0.9, 0.8, 0.9), (3, 3, 3, 3))
L4 = ((0.8, 0.83, 0.77, 0.8, 0.85), (2, 2, 2, 2))
Line = tuple[tuple[float, ...], tuple[int, ...]]


@pytest.mark.parametrize(
    ("p1", "p2", "buffer", "rate", "blockage", "starvation", "parts"),
    [
        (0.9, 0.9, 1, 0.818182, 0.081818, 0.081818, 0.9091),
        (0.9, 0.9, 3, 0.870968, 0.029032, 0.029032, 1.9355),
        (0.9, 0.7, 3, 0.697252, 0.202748, 0.002748, 2.6926),
        (0.8, 0.9, 2, 0.778702, 0.021298, 0.121298, 1.1314),
    ],
)
def test_two_machines_in_closed_form(
    p1: float,
    p2: float,
    buffer: int,
    rate: float,
    blockage: float,
    starvation: float,
    parts: float,
) -> None:
    flow = line_flow((p1, p2), (buffer,))
    assert flow.production_rate == pytest.approx(rate, abs=5e-7)
    assert flow.blockage == (pytest.approx(blockage, abs=5e-7), 0)
    assert flow.starvation == (0, pytest.approx(starvation, abs=5e-7))
    assert flow.work_in_process == (pytest.approx(parts, abs=5e-5),)


def stationary(p1: float, p2: float, buffer: int) -> tuple[float, float]:
    """Rate and mean parts of two machines from their Markov chain."""
    moves = np.zeros((buffer + 1, buffer + 1))
    rate = np.zeros(buffer + 1)
    for parts, first, second in product(range(buffer + 1), (0, 1), (0, 1)):
        chance = (p1 if first else 1 - p1) * (p2 if second else 1 - p2)
        out = second and parts > 0
        into = first and (parts < buffer or out)
        moves[parts, parts + into - out] += chance
        rate[parts] += chance * out
    system = np.vstack([moves.T - np.eye(buffer + 1), np.ones(buffer + 1)])
    shares = np.linalg.lstsq(system, np.append(np.zeros(buffer + 1), 1), rcond=None)[0]
    return float(shares @ rate), float(shares @ np.arange(buffer + 1))


@pytest.mark.parametrize("p1", [0.2, 0.6, 0.85, 0.95])
@pytest.mark.parametrize("p2", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("buffer", [1, 2, 5, 20])
def test_the_closed_form_is_the_markov_chain(p1: float, p2: float, buffer: int) -> None:
    flow = line_flow((p1, p2), (buffer,))
    rate, parts = stationary(p1, p2, buffer)
    assert flow.production_rate == pytest.approx(rate, abs=1e-9)
    assert flow.work_in_process[0] == pytest.approx(parts, abs=1e-8)


@pytest.mark.parametrize(("p1", "p2"), [(0.99, 0.1), (0.1, 0.99), (0.9, 0.9)])
def test_large_buffers_do_not_overflow(p1: float, p2: float) -> None:
    flow = line_flow((p1, p2), (5000,))
    assert flow.production_rate == pytest.approx(min(p1, p2), abs=1e-3)
    assert 0 <= flow.work_in_process[0] <= 5000


@pytest.mark.parametrize(("line", "rate"), [(L1, 0.8410), (L2, 0.7810), (L3, 0.7608), (L4, 0.6556)])
def test_five_machines_by_aggregation(line: Line, rate: float) -> None:
    flow = line_flow(*line)
    assert flow.production_rate == pytest.approx(rate, abs=5e-5)
    for p, blocked, starved in zip(line[0], flow.blockage, flow.starvation, strict=True):
        assert p - blocked - starved == pytest.approx(rate, abs=0.01)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (L1, (0.18, 0.33, 0.395, 0.33, 0.18)),
        (L2, (0.05, 0.20, 0.766, 0.20, 0.05)),
        (L3, (0.08, 0.425, 0.275, 0.425, 0.08)),
        (L4, (0.18, 0.30, 0.455, 0.32, 0.12)),
    ],
)
def test_what_half_a_point_of_efficiency_brings(line: Line, expected: tuple[float, ...]) -> None:
    found = throughput_sensitivity(*line, gain=0.005)
    assert found == pytest.approx(expected, abs=5e-3)


@pytest.mark.parametrize("line", [L1, L2, L3, L4])
def test_the_derivative_is_the_limit_of_ever_smaller_gains(line: Line) -> None:
    derivative = throughput_sensitivity(*line)
    assert derivative == pytest.approx(throughput_sensitivity(*line, gain=1e-6), abs=1e-4)
    assert all(d > g for d, g in zip(derivative, throughput_sensitivity(*line, 0.01), strict=True))


@pytest.mark.parametrize(
    ("line", "most_sensitive"), [(L1, [2]), (L2, [2]), (L3, [1, 3]), (L4, [2])]
)
def test_arrows_find_the_machine_the_rate_depends_on_most(
    line: Line, most_sensitive: list[int]
) -> None:
    flow, slopes = line_flow(*line), throughput_sensitivity(*line)
    assert [i for i, s in enumerate(slopes) if s > max(slopes) - 1e-6] == most_sensitive
    assert list(arrow_method(flow.blockage, flow.starvation).primary) == most_sensitive


@pytest.mark.parametrize(("line", "found"), [(L1, None), (L2, 2), (L3, None), (L4, 2)])
def test_the_turning_point_needs_all_three_conditions(line: Line, found: int | None) -> None:
    flow = line_flow(*line)
    assert turning_point(flow.blockage, flow.starvation) == found


@pytest.mark.parametrize(
    ("efficiencies", "buffers", "message"),
    [
        ((0.9,), (), "at least two machines"),
        ((0.9, 0.9), (1, 1), "at least two machines"),
        ((0.9, 1.0), (1,), "between 0 and 1"),
        ((0.9, 0.9), (0,), "at least one part"),
    ],
)
def test_a_line_that_cannot_be_is_refused(
    efficiencies: tuple[float, ...], buffers: tuple[int, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        line_flow(efficiencies, buffers)
