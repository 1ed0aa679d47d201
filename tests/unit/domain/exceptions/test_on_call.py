"""Who is on call now, and where nobody is."""

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from data.domain.exceptions.on_call import posts
from data.domain.exceptions.recipients import Staff
from data.domain.people import Account
from data.domain.preferences import Duty
from data.domain.scope import Role
from tests.contract.telling import NOW, PLANT


def account(name: str, role: Role = Role.OPERATOR) -> Account:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Account(id=name, login=name, name=name, role=role, sites=("plant",), created_at=at)


def duty(name: str, **more: str) -> Duty:
    return Duty(site="plant", role=Role.OPERATOR, account=name, **more)


STAFF = Staff(
    site=PLANT, people=[account("anna"), account("bert")], now=NOW,
    duties=[duty("anna", shift="early"), duty("bert", area="B")],
)  # fmt: skip


def test_who_is_named_for_the_shift_that_runs_is_on_call_and_others_stand_by():
    (post,) = posts(STAFF, [Role.OPERATOR])
    assert [one.id for one in post.named] == ["anna"]
    assert [one.id for one in post.others] == ["bert"]
    assert (post.shift, post.starts_at) == ("early", None)


def test_off_shift_only_those_of_any_time_are_and_the_next_shift_is_said():
    night = replace(STAFF, now=NOW + timedelta(hours=8))
    (post,) = posts(night, [Role.OPERATOR])
    assert post.named == ()
    assert post.starts_at == NOW.replace(hour=6) + timedelta(days=1)
    always = replace(night, duties=[*STAFF.duties, duty("bert")])
    assert [one.id for one in posts(always, [Role.OPERATOR])[0].named] == ["bert"]


def test_a_role_that_nobody_has_has_nobody():
    (post,) = posts(STAFF, [Role.PLANNER])
    assert (post.named, post.others) == ((), ())
