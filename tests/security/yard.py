"""A site of which every word is one of its own, so that each can be sought where it must not be.

Two of each kind of party, and an order that concerns the one or the other alone: a word of the
order's says whose it is and in which field it stands. `words_of` tells which of them a role may
read, by the policy itself.
"""

from typing import Any, NamedTuple

from data.domain.policy import FIELDS, Kind, Treatment
from data.domain.role_policies import usual_policy
from data.domain.scope import Role
from tests.browser.product.program import SITE

YARD = "yard"
OWN, RIVAL = "own", "rival"
OUTSIDE = (Role.SUPPLIER, Role.CUSTOMER, Role.LOGISTICS)
INSIDE = (Role.PURCHASER, Role.OPERATOR)
PLANNED = {"planned_start": "2026-01-01T00:00:00Z", "planned_finish": "2098-01-01T00:00:00Z"}
# In which fields of which rows each word of an order stands; the work center is the site's.
WORDS = {
    "order": "order", "product": "product", "family": "family", "customer": "customer",
    "operation": "operation", "step": "name", "performer": "performed_by", "milestone": "milestone",
    "node": "name", "need": "need", "part": "part", "label": "name", "supplier": "supplier",
    "carrier": "",
}  # fmt: skip
KINDS = {
    "order": tuple(Kind), "product": tuple(Kind), "customer": tuple(Kind), "family": (Kind.ORDER,),
    "operation": (Kind.OPERATION, Kind.NEED), "step": (Kind.OPERATION,),
    "performer": (Kind.OPERATION,), "milestone": (Kind.MILESTONE,), "node": (Kind.MILESTONE,),
    "need": (Kind.NEED,), "part": (Kind.NEED,), "label": (Kind.NEED,), "supplier": (Kind.NEED,),
    "carrier": (),
}  # fmt: skip
PARTY_WORDS = {Role.SUPPLIER: "supplier", Role.CUSTOMER: "customer", Role.LOGISTICS: "carrier"}


class Word(NamedTuple):
    """One word of an order: whose, and what it says."""

    whose: str
    what: str

    @property
    def text(self) -> str:
        """What is sought; unlike anything else."""
        return f"zq{self.whose}{self.what}qz"


def party(whose: str, role: Role) -> str:
    """Return the id of the party of a role."""
    return Word(whose, PARTY_WORDS[role]).text


def site() -> dict[str, Any]:
    """Return the site's document."""
    parties = [
        {"id": Word(whose, what).text, "name": Word(whose, what).text + "name", "kind": kind}
        for whose in (OWN, RIVAL)
        for what, kind in (
            ("supplier", "supplier"), ("performer", "supplier"), ("customer", "customer"),
            ("carrier", "logistics"),
        )
    ]  # fmt: skip
    return {**SITE, "id": YARD, "name": "Yard", "parties": parties}


def order(whose: str) -> dict[str, Any]:
    """Return an order that concerns the parties of one side alone."""
    words = {what: Word(whose, what).text for what in WORDS}
    return {
        "id": words["order"], "product": words["product"], "family": words["family"],
        "quantity": 40, "due_at": "2099-01-01T00:00:00Z", "area": "L1",
        "customer": words["customer"], "shipped_by": words["carrier"],
        "operations": [
            {"id": words["operation"], "name": words["step"], "work_center": "MILL", **PLANNED},
            {"id": "out", "name": words["step"], "work_center": "PACK", **PLANNED,
             "performed_by": words["performer"]},
            {"id": "in", "work_center": "PACK", **PLANNED, "performed_by": words["supplier"]},
        ],
        "milestones": [
            {"id": words["milestone"], "name": words["node"], "operation": "in",
             "baseline_at": "2098-01-01T00:00:00Z"},
        ],
        "needs": [
            {"id": words["need"], "part": words["part"], "name": words["label"], "quantity": 7,
             "operation": words["operation"], "supplier": words["supplier"],
             "need_by": "2098-01-01T00:00:00Z"},
        ],
    }  # fmt: skip


def readable(role: Role, what: str) -> bool:
    """Whether the usual policy shows a word to a role, in any kind of row that holds it."""
    policy = usual_policy(role)
    return any(
        policy.of(kind, WORDS[what]) is Treatment.SHOW
        for kind in KINDS[what]
        if WORDS[what] in FIELDS[kind]
    )


def words_of(role: Role) -> set[str]:
    """Return what someone of the own side may read: it is shown, and stands in rows of theirs."""
    own = {Word(OWN, what).text for what in WORDS if _reaches(role, what) and readable(role, what)}
    if role in OUTSIDE:
        return own
    return own | {Word(RIVAL, what).text for what in WORDS if readable(role, what)}


def every_word() -> set[str]:
    """Return every word of both sides."""
    return {Word(whose, what).text for whose in (OWN, RIVAL) for what in WORDS}


def _reaches(role: Role, what: str) -> bool:
    """Whether a word stands in rows that concern the party: a supplier has but its own steps."""
    return role is not Role.SUPPLIER or what not in ("operation", "step", "performer")
