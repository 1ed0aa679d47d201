"""A visit is compared with the one before it, for as long as its viewer keeps looking."""

from datetime import UTC, datetime, timedelta

from data.domain.scope import Role, Scope
from data.services.visits import VISIT_GAP, Visits

NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
SCOPE = Scope(role=Role.SUPPLIER, sites=("s",), party="P1")
MINUTE = timedelta(minutes=1)
OLD, NEW = {"a": ["old"]}, {"a": ["new"]}


class Shelf:
    def __init__(self):
        self.kept, self.writes = {}, 0

    def get(self, *key):
        return self.kept.get(key)

    def put(self, scope, viewer, site, board, known):
        self.kept[scope, viewer, site, board] = known
        self.writes += 1


def look(visits, seen, at, viewer="v"):
    return visits.look(SCOPE, viewer, "s", "supplier", seen, at)


def test_the_first_visit_has_nothing_to_be_compared_with():
    assert look(Visits(Shelf()), OLD, NOW).seen is None


def test_a_visit_is_compared_with_what_was_seen_last_in_the_one_before():
    visits = Visits(Shelf())
    look(visits, {}, NOW - 2 * MINUTE)
    look(visits, OLD, NOW)
    later = NOW + VISIT_GAP + MINUTE
    for minutes in (0, 5, 25, 50):
        before = look(visits, NEW, later + minutes * MINUTE)
        assert (before.at, before.seen) == (NOW, OLD)


def test_viewers_do_not_share_their_visits():
    visits = Visits(Shelf())
    look(visits, OLD, NOW)
    assert look(visits, NEW, NOW + 2 * VISIT_GAP, viewer="w").seen is None


def test_looking_again_at_the_same_within_a_minute_writes_nothing():
    shelf = Shelf()
    visits = Visits(shelf)
    for seconds in (0, 5, 10):
        look(visits, OLD, NOW + timedelta(seconds=seconds))
    assert shelf.writes == 1
