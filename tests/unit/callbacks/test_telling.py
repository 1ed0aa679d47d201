"""What a web process does when something was said: asks anew, then draws anew, whom it concerns."""

import pytest

from callbacks.hub import BY_NAME, ChannelKey
from callbacks.parties import Parties
from callbacks.telling import Telling
from data.domain.topics import STATEMENTS
from data.services.news import News, NewsDesk, What


class Done:
    """A hub and a board of parties that only remember what they were told."""

    def __init__(self):
        self.deeds = []

    def on_change(self, site, topics):
        self.deeds.append(("desk", site, topics))

    def touch(self, site, party):
        self.deeds.append(("party", site, party))

    def touch_all(self, site):
        self.deeds.append(("all", site))

    def renew(self):
        self.deeds.append("renewed")


@pytest.fixture
def done():
    return Done()


@pytest.fixture
def telling(done):
    class Nowhere:
        def publish(self, news):
            desk._hand(news)

    desk = NewsDesk(Nowhere(), lambda seconds: None)
    return Telling(desk, done, done, lambda: ("north", "south"), (done.renew,))


def test_what_is_remembered_is_asked_anew_before_anything_is_drawn(telling, done):
    telling.of(What.COMMENT)("north", {"P2", "P1"})
    assert done.deeds == [
        "renewed", ("desk", "north", STATEMENTS),
        ("party", "north", "P1"), ("party", "north", "P2"),
    ]  # fmt: skip


def test_what_may_have_been_missed_concerns_every_site_and_party(telling, done):
    telling.hear(None)
    assert [deed[:2] for deed in done.deeds[1:]] == [
        ("desk", "north"), ("all", "north"), ("desk", "south"), ("all", "south"),
    ]  # fmt: skip


def test_a_change_for_a_role_without_parties_still_reaches_the_desks(telling, done):
    telling.hear(News(site="north", what=What.POLICY))
    assert done.deeds == ["renewed", ("desk", "north", STATEMENTS)]


def test_all_parties_of_a_site_are_touched_and_none_of_another():
    touched = []

    class Hub:
        def touch(self, key, topics):
            touched.append((key.site, key.scope))

    parties = Parties(Hub(), None, None)
    for site, party in (("north", "P1"), ("south", "P2"), ("north", "P3")):
        parties.follow(ChannelKey(BY_NAME, site, party, "", ""), party)
    parties.touch_all("north")
    assert sorted(touched) == [("north", "P1"), ("north", "P3")]
