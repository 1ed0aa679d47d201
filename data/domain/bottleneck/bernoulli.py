"""Serial lines of machines that work or fail in each cycle, with buffers between: exactly.

Pure; imported by services and panels that ask what a better machine or buffer would give.
Block before service; in each cycle machine i works with probability p_i.
Source: Li and Meerkov, Production Systems Engineering, chapter 4 (two machines in closed
form, longer lines by aggregation).
"""

from collections.abc import Sequence

from msgspec import Struct

TOLERANCE = 1e-13
MOST_ROUNDS = 100_000
STEP = 1e-5


class NotConverged(ArithmeticError):
    """The aggregation did not settle."""


class LineFlow(Struct, frozen=True, kw_only=True):
    """How a line flows: parts a cycle, blockage and starvation of each machine, parts between.

    Shape: `blockage` and `starvation` one for each machine; `work_in_process` one for each
    buffer, its mean over time.
    """

    production_rate: float
    blockage: tuple[float, ...]
    starvation: tuple[float, ...]
    work_in_process: tuple[float, ...]


def starving_share(x: float, y: float, buffer: int) -> float:
    """Return Q(x, y, N): how likely the buffer between machines x and y is empty.

    Seen from the far end it is how likely the buffer blocks. Units: probabilities.
    """
    if x == y:
        return (1 - x) / (buffer + 1 - x)
    alpha = x * (1 - y) / (y * (1 - x))
    if alpha <= 1:
        return (1 - x) * (1 - alpha) / (1 - (x / y) * alpha**buffer)
    inverse = (1 / alpha) ** buffer
    return (1 - x) * (1 - alpha) * inverse / (inverse - x / y)


def mean_in_buffer(x: float, y: float, buffer: int) -> float:
    """Return the mean number of parts between two machines."""
    if x == y:
        return buffer * (buffer + 1) / (2 * (buffer + 1 - x))
    alpha = x * (1 - y) / (y * (1 - x))
    if alpha > 1:
        return buffer - _mean_free(x, y, buffer)
    power = alpha**buffer
    return x / (y - x * power) * ((1 - power) / (1 - alpha) - buffer * power)


def _mean_free(x: float, y: float, buffer: int) -> float:
    """Return the mean room left, for a first machine that is the better one.

    The same sum with alpha's powers divided out, which would overflow for large buffers.
    """
    beta = y * (1 - x) / (x * (1 - y))
    weights = [beta**k * (1 / (1 - y) if k < buffer else 1) for k in range(buffer + 1)]
    return sum(k * w for k, w in enumerate(weights)) / sum(weights)


def line_flow(efficiencies: Sequence[float], buffers: Sequence[int]) -> LineFlow:
    """Return the flow of a serial line; exact for two machines, by aggregation for more.

    Shape: one buffer fewer than machines, at least two machines. Units: efficiencies in
    (0, 1), parts a cycle. Raises: ValueError for other input, NotConverged.
    """
    _check(efficiencies, buffers)
    backward, forward = _aggregate(efficiencies, buffers)
    inner = range(len(buffers))
    blocked = [
        p * starving_share(backward[i + 1], forward[i], buffers[i])
        for i, p in zip(inner, efficiencies, strict=False)
    ]
    starved = [
        efficiencies[i + 1] * starving_share(forward[i], backward[i + 1], buffers[i]) for i in inner
    ]
    return LineFlow(
        production_rate=forward[-1],
        blockage=(*blocked, 0.0),
        starvation=(0.0, *starved),
        work_in_process=tuple(
            mean_in_buffer(forward[i], backward[i + 1], buffers[i]) for i in inner
        ),
    )


def _check(efficiencies: Sequence[float], buffers: Sequence[int]) -> None:
    if len(efficiencies) < 2 or len(buffers) != len(efficiencies) - 1:
        raise ValueError("a line has at least two machines and a buffer between each two")
    if not all(0 < p < 1 for p in efficiencies):
        raise ValueError("an efficiency lies between 0 and 1, both excluded")
    if not all(n >= 1 for n in buffers):
        raise ValueError("a buffer holds at least one part")


def _aggregate(
    efficiencies: Sequence[float], buffers: Sequence[int]
) -> tuple[list[float], list[float]]:
    """Return what each machine does with all after it, and with all before it, in one."""
    backward, forward = list(efficiencies), list(efficiencies)
    for _ in range(MOST_ROUNDS):
        before = forward[-1]
        for i in range(len(buffers) - 1, -1, -1):
            blocks = starving_share(backward[i + 1], forward[i], buffers[i])
            backward[i] = efficiencies[i] * (1 - blocks)
        for i in range(1, len(efficiencies)):
            starves = starving_share(forward[i - 1], backward[i], buffers[i - 1])
            forward[i] = efficiencies[i] * (1 - starves)
        if abs(forward[-1] - before) < TOLERANCE and abs(forward[-1] - backward[0]) < 1e-9:
            return backward, forward
    raise NotConverged(f"no steady state after {MOST_ROUNDS} rounds")


def throughput_sensitivity(
    efficiencies: Sequence[float], buffers: Sequence[int], gain: float | None = None
) -> tuple[float, ...]:
    """Return how much each machine's efficiency moves the line's rate: ∂PR/∂p_i.

    With `gain`, what that much more efficiency brings, divided by it: less than the
    derivative, for the bottleneck moves. The bottleneck in the sense of production rate
    is the machine with the largest.

    Raises: as `line_flow`, also when a machine with the gain would never fail.
    """
    return tuple(_slope(efficiencies, buffers, i, gain) for i in range(len(efficiencies)))


def _slope(
    efficiencies: Sequence[float], buffers: Sequence[int], index: int, gain: float | None
) -> float:
    def rate(change: float) -> float:
        line = list(efficiencies)
        line[index] += change
        return line_flow(line, buffers).production_rate

    if gain is not None:
        return (rate(gain) - rate(0)) / gain
    own = efficiencies[index]
    step = min(STEP, own / 2, (1 - own) / 2)
    return (rate(step) - rate(-step)) / (2 * step)
