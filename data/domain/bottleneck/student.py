"""Quantiles of Student's t, for intervals of means of few batches.

Pure; imported by the bottleneck package alone.
"""

from functools import lru_cache
from math import atan, cos, pi, sin, sqrt


def t_probability(t: float, degrees: int) -> float:
    """Return P(T <= t) for a whole number of degrees of freedom, exactly.

    Source: Abramowitz and Stegun 26.7.3 and 26.7.4.
    """
    angle = atan(t / sqrt(degrees))
    square = cos(angle) ** 2
    if degrees % 2 == 0:
        return (1 + sin(angle) * _series(square, 1, degrees - 2)) / 2
    inside = angle
    if degrees > 1:
        inside += sin(angle) * cos(angle) * _series(square, 2, degrees - 3)
    return 0.5 + inside / pi


def _series(square: float, first: int, last: int) -> float:
    """Sum 1 + (first/(first+1))·c² + … with every second factor, to the power `last`."""
    term = value = 1.0
    for k in range(first, first + last, 2):
        term *= square * k / (k + 1)
        value += term
    return value


@lru_cache(maxsize=256)
def t_quantile(probability: float, degrees: int) -> float:
    """Return t with P(T <= t) = `probability`, to about 1e-12.

    Raises: ValueError unless 0.5 <= probability < 1 and degrees >= 1.
    """
    if not 0.5 <= probability < 1 or degrees < 1:
        raise ValueError("needs a probability from 0.5 to below 1 and a degree of freedom")
    low, high = 0.0, 1.0
    while t_probability(high, degrees) < probability:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if t_probability(middle, degrees) < probability:
            low = middle
        else:
            high = middle
    return high
