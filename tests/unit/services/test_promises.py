"""What was acknowledged and not read back yet."""

import pytest

from data.services.ports import Claim, Entry
from data.services.promises import Promises

SITE = "s"


class Seconds:
    """A clock that goes on when it is told to."""

    at = 10.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def promises(seconds: Seconds) -> Promises:
    return Promises(seconds)


def claim(name: str, digest: bytes = b"") -> Claim:
    return Claim("src", name, digest or name.encode(), b"payload of " + name.encode())


def entry(of: Claim) -> Entry:
    return Entry("1-0", of.payload, of.digest)


def promised(promises: Promises, *claims: Claim, outcome: str = "accepted") -> None:
    made = promises.made(SITE, claims)
    promises.decided(SITE, made, [outcome] * len(claims))  # type: ignore[list-item]


def test_what_is_acknowledged_stays_until_it_is_read(promises: Promises) -> None:
    a, b = claim("a"), claim("b")
    promised(promises, a, b)
    promises.read(SITE, [entry(a)])
    assert promises.unread(SITE, 11.0) == [b]
    assert promises.unread("elsewhere", 11.0) == []


def test_what_is_read_before_its_sender_is_answered_is_not_missed(promises: Promises) -> None:
    a = claim("a")
    made = promises.made(SITE, [a])
    promises.read(SITE, [entry(a)])
    promises.decided(SITE, made, ["accepted"])
    assert promises.unread(SITE, 11.0) == []


@pytest.mark.parametrize("outcome", ["duplicate", "conflict"])
def test_what_was_not_taken_in_is_not_promised(promises: Promises, outcome: str) -> None:
    promised(promises, claim("a"), outcome=outcome)
    assert promises.unread(SITE, 11.0) == []


def test_what_could_not_be_appended_is_not_promised(promises: Promises) -> None:
    promises.decided(SITE, promises.made(SITE, [claim("a")]), [])
    assert promises.unread(SITE, 11.0) == []


def test_it_counts_from_when_it_was_acknowledged(promises: Promises, seconds: Seconds) -> None:
    made = promises.made(SITE, [claim("a")])
    assert promises.unread(SITE, 11.0) == []  # in doubt still
    seconds.at = 12.0
    promises.decided(SITE, made, ["accepted"])
    assert promises.unread(SITE, 12.0) == []
    assert promises.unread(SITE, 12.5) == [claim("a")]


def test_two_with_the_same_body_are_told_apart(promises: Promises) -> None:
    a, b = claim("a", b"same"), claim("b", b"same")
    promised(promises, a, b)
    promises.read(SITE, [entry(b)])
    assert promises.unread(SITE, 11.0) == [a]
    promises.forget(SITE, [a])
    assert promises.unread(SITE, 11.0) == []
