"""Draws of the demo factory. Imported by `data.simulate` alone."""

from random import Random

FEW = 24


def share_of(pieces: int, share: float, rng: Random) -> int:
    """Draw how many of `pieces` are hit when each is with probability `share`."""
    if pieces <= FEW:
        return sum(rng.random() < share for _ in range(pieces))
    mean = pieces * share
    drawn = rng.gauss(mean, (mean * (1.0 - share)) ** 0.5)
    return min(pieces, max(0, int(drawn + rng.random())))
