"""Which dates moved between two plans of an order."""

from datetime import timedelta

from msgspec.structs import replace

from data.domain.plan_moves import moves
from tests.unit.domain.order_records import FIRST_PLAN, ORDER, at

HOUR = timedelta(hours=1)


def test_two_plans_with_the_same_dates_moved_nothing():
    assert moves(ORDER, replace(ORDER, quantity=7)) == ()


def test_every_date_that_moved_is_named_with_how_far():
    found = [(move.what, move.name, move.by) for move in moves(FIRST_PLAN, ORDER)]
    assert found[0] == ("due", "", HOUR)
    assert ("finish", "Pack", HOUR) in found
    assert not [what for what, _, _ in found if what == "start"]


def test_a_milestone_moves_by_its_promise_and_a_need_by_its_date():
    milestone = replace(ORDER.milestones[0], committed_at=at(5))
    need = replace(ORDER.needs[0], need_by=at(4))
    after = replace(ORDER, milestones=(milestone, ORDER.milestones[1]), needs=(need,))
    found = [(move.what, move.name, move.by) for move in moves(ORDER, after)]
    assert found == [("milestone", "Milled", HOUR), ("need", "BX-7", -HOUR)]


def test_what_only_one_of_the_plans_has_moved_nowhere():
    assert moves(replace(ORDER, operations=(), milestones=(), needs=()), ORDER) == ()
    assert moves(ORDER, replace(ORDER, operations=(), milestones=(), needs=())) == ()
