"""A works with two customers and two carriers, and what they say about dates, in memory."""

from datetime import timedelta

from data.domain.dates import Subject
from data.domain.disclosure import Eyes
from data.domain.people import OUTSIDE
from data.domain.plan import Milestone
from data.domain.role_policies import usual_policy
from data.domain.scope import Role, Scope
from data.services.audit import Audit
from data.services.boards import Boards
from data.services.dates import DateBook, Dates
from data.services.errors import Unavailable
from data.services.supplying import By
from tests.unit.callbacks.desk.places import NOW, Places, live_site, order
from tests.unit.fakes import FakeTrail

SITE = "north"
PACKED = Milestone(
    id="M-PCK", name="Packed", operation="20", baseline_at=NOW + timedelta(hours=30)
)  # fmt: skip
TURNED = Milestone(id="M-TRN", name="Turned", operation="10", baseline_at=NOW + timedelta(hours=9))


def made(name, customer, carrier, product):
    both = (PACKED, TURNED)
    return order(name, customer=customer, shipped_by=carrier, product=product, milestones=both)


class Table:
    """What was said, in memory; `lost`: SQL can't be asked."""

    def __init__(self):
        self.rows, self.lost, self.asked = [], False, 0

    def add(self, scope, site, subject, entry):
        self.rows.append((site, subject, entry))

    def of(self, scope, site, orders):
        return [pair for pair in self.all(scope, site) if pair[0].order in orders]

    def all(self, scope, site):
        self.asked += 1
        if self.lost:
            raise Unavailable("no SQL")
        return [(subject, entry) for known, subject, entry in self.rows if known == site]


class Policies:
    """Disclosures, as usual unless a test changes a role's."""

    def __init__(self):
        self.changes = {}

    def eyes(self, scope, site):
        policy = usual_policy(scope.role).changed(self.changes)
        party = scope.party if scope.outside else None
        return Eyes(party=party, policy=policy, secret=b"0123456789abcdef")


class Works:
    """Everything together; `told`: whom was said that something changed."""

    def __init__(self):
        self.live = live_site(
            orders=[
                made("SO-1", "aurelia", "strait", "pump"),
                made("CANARY-2", "brightwater", "harbour", "CANARY-PRODUCT"),
            ]
        )
        self.places, self.table, self.policies = Places(self.live), Table(), Policies()
        self.trail, self.told = FakeTrail(), []
        self.book = DateBook(self.table)
        self.boards = Boards(self.policies, self.book)
        self.audit = Audit(self.trail, b"secret", lambda: NOW)
        self.dates = Dates(
            self.places, self.boards, self.policies, self.book, self.audit,
            lambda site, parties: self.told.append((site, tuple(parties))),
        )  # fmt: skip

    def deeds(self):
        return [record.deed for record in self.trail.records]


def by(role, party=None, name=""):
    scope = Scope(role=role, sites=(SITE,), party=party)
    name = name or f"{role} person"
    assert (party is None) == (role not in OUTSIDE)
    return By(scope=scope, actor=f"account/{party or role}", name=name, address="10.0.0.1")


AURELIA = by(Role.CUSTOMER, "aurelia", "Lin")
BRIGHTWATER = by(Role.CUSTOMER, "brightwater", "CANARY-PERSON")
STRAIT = by(Role.LOGISTICS, "strait", "Wu")
PLANNER = by(Role.PLANNER, name="May of planning")
KEY, OTHERS_KEY = "SO-1~M-PCK", "CANARY-2~M-PCK"
SUBJECT = Subject("SO-1", "M-PCK", "aurelia")
