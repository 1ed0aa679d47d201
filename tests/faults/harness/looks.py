"""Looks at walls and suppliers' pages, and what is wrong with them. Pure: imports no browser.

What is judged is what a person in front of the screen would be told: a count that is old must say
so, by "no connection" or by its own tile being hatched, and a page must be right as of the instant
that it names.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

LABELLED_WITHIN_S = 15.0  # what is older than this must be labelled
BLIND_AT_MOST_S = 15.0  # a page that can't be looked at for longer says nothing in time either
BLIND_TRIES = 3  # one or two that take long say that the browser had to wait for the machine

Span = tuple[float, float]  # from, until: seconds of the monotonic clock


class Try(NamedTuple):
    """A look that was tried, from when until when, and whether the page stood there."""

    begun: float
    ended: float
    seen: bool


class Look(NamedTuple):
    """What the wall showed at a moment (monotonic seconds), or a little later.

    The moment is when it was asked: nothing that came after may be expected of it.
    """

    at: float
    good: int
    lost: bool  # "no connection", with the age
    old: bool  # the count's own tile is hatched
    hatched: int  # panels and tiles, whichever
    behind: str  # "recording … behind"

    @property
    def says_so(self) -> bool:
        """Whether the count is labelled as possibly old."""
        return self.lost or self.old


class BoardLook(NamedTuple):
    """What a supplier's page showed at a moment."""

    at: float
    shipped: int
    lost: bool
    age_s: float  # how long ago the instant is as of which it says that it is right
    foreign: bool  # another supplier's words stand in it

    @property
    def says_so(self) -> bool:
        return self.lost


def too_few(looks: Sequence[Look], acknowledged: Callable[[float], int]) -> list[str]:
    """Find looks at a count that had been passed 15 s before, without a word about it."""
    short = [
        acknowledged(look.at - LABELLED_WITHIN_S) - look.good for look in looks if not look.says_so
    ]
    worst = max(short, default=0)
    return [f"the wall showed {worst} pieces too few as live after 15 s"] if worst > 0 else []


def too_many(
    what: str, counts: Iterable[int], tries: Sequence[Try], sent: Callable[[float], int]
) -> list[str]:
    """Find looks at a count that is more than was ever sent by then, acknowledged or not."""
    ended = [one.ended for one in tries if one.seen]
    over = [count - sent(at) for count, at in zip(counts, ended, strict=True)]
    worst = max(over, default=0)
    return [f"{what} showed {worst} more than was sent"] if worst > 0 else []


def stood_still(looks: Sequence[Look], resting: Sequence[Span]) -> list[str]:
    """Find a count that stood still too long without a label while senders had news.

    `resting`: when senders had none.
    """
    longest = longest_still(looks, resting)
    if longest <= LABELLED_WITHIN_S:
        return []
    return [f"the wall stood still as if it were live for {longest:.0f} s"]


def longest_still(looks: Sequence[Look], resting: Sequence[Span] = ()) -> float:
    """Return the longest that a count stood still without a label while senders had news."""
    longest, since = 0.0, looks[0].at if looks else 0.0
    for before, look in pairwise(looks):
        rested = max((end for begin, end in resting if begin <= look.at), default=since)
        fresh = look.good != before.good or look.says_so
        since = look.at if fresh else min(look.at, max(since, rested))
        longest = max(longest, look.at - since)
    return longest


def never_said(what: str, looks: Sequence[Look | BoardLook], dark: Sequence[Span]) -> list[str]:
    """Find spans in which nothing could reach a screen, and that didn't say so within 15 s."""
    wrong = []
    for begin, end in dark:
        late = [look for look in looks if begin + LABELLED_WITHIN_S < look.at < end]
        unsaid = sum(not look.says_so for look in late)
        if end - begin > LABELLED_WITHIN_S + 1 and (unsaid or not late):
            wrong.append(
                f"nothing reached {what} for {end - begin:.0f} s, and {unsaid} of {len(late)} looks"
                " after 15 s found no word about it"
            )
    return wrong


def unseen(what: str, tries: Sequence[Try]) -> list[str]:
    """Find the longest that a screen couldn't be looked at, however often that was tried."""
    longest, since, failed = 0.0, None, 0
    for one in tries:
        since = one.begun if since is None else since
        failed += not one.seen
        if failed >= BLIND_TRIES:
            longest = max(longest, one.ended - since)
        if one.seen:
            since, failed = None, 0
    if not any(one.seen for one in tries):
        return [f"{what} could not be looked at"]
    if longest <= BLIND_AT_MOST_S:
        return []
    return [f"{what} could not be looked at for {longest:.0f} s"]


def wrongly_dated(
    what: str, looks: Sequence[BoardLook], acknowledged: Callable[[float], int]
) -> list[str]:
    """Find looks at a page that lacks what was acknowledged 15 s before the instant it names."""
    short = [
        acknowledged(look.at - max(0.0, look.age_s) - LABELLED_WITHIN_S) - look.shipped
        for look in looks
    ]
    worst = max(short, default=0)
    return [f"{what} showed {worst} too few as of the instant it names"] if worst > 0 else []


def told_to_others(what: str, looks: Sequence[BoardLook]) -> list[str]:
    """Find looks at a page that showed what is another's."""
    found = sum(look.foreign for look in looks)
    return [f"{what} showed another supplier's words in {found} looks"] if found else []


def seconds(looks: Sequence[Look], is_so: Callable[[Look], bool]) -> float:
    """For how long something was so."""
    return sum(after.at - look.at for look, after in pairwise(looks) if is_so(look))


def words(looks: Sequence[Look]) -> list[str]:
    """Say what the wall showed meanwhile, beside the count."""
    said = []
    for what, is_so in (
        ("no connection", lambda look: look.lost),
        ("count hatched", lambda look: look.old and not look.lost),
        ("else hatched", lambda look: look.hatched and not look.says_so),
        ("recording behind", lambda look: bool(look.behind) and not look.lost),
    ):
        lasted = seconds(looks, is_so)
        if lasted >= 0.5:
            said.append(f"{what} {lasted:.0f} s")
    return said
