"""Disclosure is looked at and changed by few, each look and change is written down first."""

import pytest

from data.domain.audit import Action
from data.domain.field_rules import Wish
from data.domain.plan import Milestone
from data.domain.policy import Kind, PolicyError, Treatment
from data.domain.scope import Role, Scope
from data.services.accounts_desk import By
from data.services.audit import Audit
from data.services.boards import Boards
from data.services.disclosure_desk import DisclosureDesk, Outdated
from data.services.disclosures import Disclosures
from data.services.errors import Forbidden, Unavailable
from tests.unit.domain.floor_events import h, need, order, plan_event, step
from tests.unit.fakes import FakeTrail
from tests.unit.services.test_boards import View

PART, ORDER = (Kind.NEED, "part"), (Kind.NEED, "order")
BY = By("account/may", "10.0.0.1")
MANAGER = Scope(role=Role.MANAGER, sites=("s",))
AUDITOR = Scope(role=Role.AUDITOR, sites=("s",))


class Said:
    """What is said at each level, in memory."""

    def __init__(self):
        self.levels = {}

    def own(self, site, role, party):
        return dict(self.levels.get((site, role, party), {}))

    def changes(self, site, role, party):
        return self.own(site, role, None) | (self.own(site, role, party) if party else {})

    def set(self, site, role, party, changes):
        own = self.levels.setdefault((site, role, party), {})
        for key, how in changes.items():
            own.pop(key, None)
            if how is not None:
                own[key] = how


class Desk:
    """The service with everything behind it, to be looked at."""

    def __init__(self):
        self.said, self.trail = Said(), FakeTrail()
        self.disclosures = Disclosures(self.said, b"a secret of the tests alone")
        self.boards = Boards(self.disclosures)
        self.audit = Audit(self.trail, b"secret", lambda: h(0))
        self.service = DisclosureDesk(self.disclosures, self.said, self.boards, self.audit)

    def change(self, wishes, scope=MANAGER, party=None, role=Role.SUPPLIER, site="s"):
        return self.service.change(BY, scope, site, role, party, wishes)

    def deeds(self):
        return [record.deed for record in self.trail.records]


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def view():
    plan = order(
        step("10", 0, 2), name="SO-1", customer="buyer", shipped_by="carrier",
        needs=(need("n-1", 1),),
        milestones=(Milestone(id="m", name="Packed", operation="10", baseline_at=h(2)),),
    )  # fmt: skip
    return View(plan_event(plan))


def test_a_change_holds_and_is_written_down_with_what_held_before(desk):
    assert desk.change({PART: Wish(None, Treatment.MASK)}, party="S") == 1
    assert desk.disclosures.policy("s", Role.SUPPLIER, "S").of(*PART) is Treatment.MASK
    (deed,) = desk.deeds()
    assert (deed.actor, deed.action, deed.party, deed.address) == (
        "account/may", Action.POLICY_CHANGED, "S", "10.0.0.1",
    )  # fmt: skip
    assert deed.detail == {"need.part.before": "show", "need.part.after": "mask"}


def test_what_is_taken_back_is_told_with_what_holds_then(desk):
    desk.change({PART: Wish(None, Treatment.HIDE)})
    desk.change({PART: Wish(None, Treatment.MASK)}, party="S")
    assert desk.service.reset(BY, MANAGER, "s", Role.SUPPLIER, "S") == 1
    assert desk.disclosures.policy("s", Role.SUPPLIER, "S").of(*PART) is Treatment.HIDE
    assert desk.deeds()[-1].detail == {
        "need.part.before": "mask", "need.part.after": "hide (inherited)",
    }  # fmt: skip


def test_what_stays_as_it_was_is_neither_changed_nor_written_down(desk):
    assert desk.change({PART: Wish(None, None), ORDER: Wish(None, None)}) == 0
    assert desk.deeds() == []


def test_what_someone_else_changed_meanwhile_is_not_overwritten(desk):
    desk.change({PART: Wish(None, Treatment.HIDE)})
    with pytest.raises(Outdated):
        desk.change({PART: Wish(None, Treatment.SHOW), ORDER: Wish(None, Treatment.SHOW)})
    assert desk.said.own("s", Role.SUPPLIER, None) == {PART: Treatment.HIDE}
    assert len(desk.deeds()) == 1


@pytest.mark.parametrize(
    "wishes",
    [
        {PART: Wish(None, Treatment.BUCKET)},
        {(Kind.NEED, "need_by"): Wish(None, Treatment.MASK)},
        {(Kind.NEED, "nothing"): Wish(None, Treatment.SHOW)},
    ],
)
def test_what_does_not_fit_a_field_is_refused_whole(desk, wishes):
    with pytest.raises(PolicyError):
        desk.change({ORDER: Wish(None, Treatment.SHOW), **wishes})
    assert desk.said.levels == {}
    assert desk.deeds() == []


@pytest.mark.parametrize(
    ("scope", "role", "party"),
    [
        (AUDITOR, Role.SUPPLIER, None),
        (Scope(role=Role.PLANNER, sites=("s",)), Role.SUPPLIER, None),
        (Scope(role=Role.SUPPLIER, sites=("s",), party="S"), Role.SUPPLIER, "S"),
        (Scope(role=Role.MANAGER, sites=("t",)), Role.SUPPLIER, None),
        (MANAGER, Role.MANAGER, None),
        (MANAGER, Role.ADMINISTRATOR, None),
        (MANAGER, Role.SCREEN, None),
        (MANAGER, Role.PURCHASER, "S"),
    ],
)
def test_others_change_nothing_and_nobody_changes_what_managers_see(desk, scope, role, party):
    with pytest.raises(Forbidden):
        desk.change({PART: Wish(None, Treatment.HIDE)}, scope, party, role)
    assert (desk.said.levels, desk.deeds()) == ({}, [])


def test_auditors_look_at_policies(desk):
    assert desk.service.rules(AUDITOR, "s", Role.CUSTOMER, "buyer")
    with pytest.raises(Forbidden):
        desk.service.rules(Scope(role=Role.PLANNER, sites=("s",)), "s", Role.CUSTOMER)


def test_a_change_that_cannot_be_written_down_is_not_made(desk):
    def down(deeds, key):
        raise Unavailable("gone")

    desk.trail.append = down
    with pytest.raises(Unavailable):
        desk.change({PART: Wish(None, Treatment.HIDE)})
    assert desk.said.levels == {}


@pytest.mark.parametrize(
    ("role", "party", "kind"),
    [
        (Role.SUPPLIER, "S", Kind.NEED),
        (Role.CUSTOMER, "buyer", Kind.MILESTONE),
        (Role.LOGISTICS, "carrier", Kind.ORDER),
        (Role.PURCHASER, None, Kind.NEED),
    ],
)
def test_the_preview_is_precisely_what_the_party_itself_gets(desk, view, role, party, kind):
    own = Scope(role=role, sites=("s",), party=party)
    gets = desk.boards.rows(own, view, view.indexes.parties, kind)
    assert gets
    assert desk.service.seen_by(BY, AUDITOR, view, role, party, kind) == gets


def test_the_preview_follows_a_change_at_once(desk, view):
    desk.change({PART: Wish(None, Treatment.HIDE)}, party="S")
    (row,) = desk.service.seen_by(BY, MANAGER, view, Role.SUPPLIER, "S", Kind.NEED)
    assert "part" not in row


def test_whoever_previews_is_written_down_with_columns_and_count(desk, view):
    rows = desk.service.seen_by(BY, MANAGER, view, Role.SUPPLIER, "S", Kind.NEED)
    (deed,) = desk.deeds()
    assert (deed.action, deed.subject, deed.party) == (Action.SAW, "disclosure", "S")
    assert deed.detail["count"] == 1
    assert deed.detail["columns"] == sorted(rows[0])


@pytest.mark.parametrize(
    ("scope", "role", "party"),
    [
        (Scope(role=Role.PLANNER, sites=("s",)), Role.SUPPLIER, "S"),
        (Scope(role=Role.SUPPLIER, sites=("s",), party="bolts"), Role.SUPPLIER, "S"),
        (MANAGER, Role.SUPPLIER, None),
        (MANAGER, Role.FACTORY, None),
        (Scope(role=Role.MANAGER, sites=("t",)), Role.SUPPLIER, "S"),
    ],
)
def test_nobody_else_looks_through_a_partys_eyes(desk, view, scope, role, party):
    with pytest.raises(Forbidden):
        desk.service.seen_by(BY, scope, view, role, party, Kind.NEED)
    assert desk.deeds() == []


def test_the_parties_of_a_role_are_those_the_site_deals_with(desk, view):
    assert desk.service.parties(view, Role.SUPPLIER) == ("S",)
    assert desk.service.parties(view, Role.CUSTOMER) == ("buyer",)
    assert desk.service.parties(view, Role.PURCHASER) == ()
