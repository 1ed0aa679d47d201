"""What each role sees unless the site's policy says otherwise.

Pure. The table is the field's practice: a supplier works to dates, quantities and its own
parts; a customer to its orders' milestones; a forwarder to what is ready and where it goes.
"""

from collections.abc import Mapping
from types import MappingProxyType

from data.domain.policy import FIELDS, Kind, Policy, Treatment, everything, policy
from data.domain.scope import Role

_SUPPLIER = policy(
    {
        Kind.NEED: "need part name supplier quantity need_by forecast_need_by early_at"
        " promised_at shipped received dispatch_advice standing",
        Kind.OPERATION: "operation name performed_by quantity planned_start planned_finish"
        " started_at finished_at forecast_start_at forecast_p50_at forecast_p80_at status"
        " good scrap standing",
        Kind.EXCEPTION: "need name condition severity state since raised_at acknowledged_at"
        " before_at after_at moved_s standing",
    },
    mask={Kind.NEED: "order", Kind.OPERATION: "order", Kind.EXCEPTION: "exception order"},
)
# Whoever waits for an order is told that it moves, from when to when; the reason in one word.
_MOVED = (
    "order milestone name condition severity state since raised_at acknowledged_at"
    " before_at after_at moved_s standing"
)
_CUSTOMER = policy(
    {
        Kind.ORDER: "order product customer quantity due_at forecast_p80_at completed_at standing",
        Kind.MILESTONE: "order milestone name product customer quantity baseline_at committed_at"
        " requested_at confirmed_at forecast_p80_at reached_at standing",
        Kind.EXCEPTION: _MOVED,
    },
    mask={Kind.EXCEPTION: "exception"},
)
_LOGISTICS = policy(
    {
        Kind.ORDER: "order customer quantity good due_at forecast_p80_at completed_at standing",
        Kind.MILESTONE: "order milestone name customer quantity committed_at requested_at"
        " confirmed_at forecast_p50_at forecast_p80_at reached_at standing",
        Kind.EXCEPTION: _MOVED,
    },
    mask={Kind.EXCEPTION: "exception"},
)
_PURCHASER = policy(
    {
        Kind.NEED: " ".join(FIELDS[Kind.NEED]),
        Kind.ORDER: "order product quantity due_at forecast_p50_at forecast_p80_at standing",
        Kind.OPERATION: "order operation name performed_by quantity planned_start planned_finish"
        " started_at finished_at forecast_start_at forecast_p50_at forecast_p80_at status standing",
        Kind.MILESTONE: "order milestone name product baseline_at committed_at forecast_p50_at"
        " forecast_p80_at reached_at standing",
        Kind.EXCEPTION: "exception order need milestone name supplier condition severity state"
        " since raised_at acknowledged_at before_at after_at moved_s standing",
    }
)
# On the floor people see the work and the material, but neither who buys nor who supplies.
_MATERIAL = (
    "order", "need", "part", "name", "operation", "work_center", "quantity", "need_by",
    "forecast_need_by", "promised_at", "shipped", "received", "standing",
)  # fmt: skip
_OPERATOR = everything([Kind.OPERATION, Kind.EXCEPTION]).changed(
    {
        (Kind.OPERATION, "performed_by"): Treatment.MASK,
        (Kind.EXCEPTION, "supplier"): Treatment.MASK,
        (Kind.EXCEPTION, "customer"): Treatment.MASK,
        **{(Kind.NEED, name): Treatment.SHOW for name in _MATERIAL},
    }
)

POLICIES: Mapping[Role, Policy] = MappingProxyType(
    {
        Role.FACTORY: everything(),
        Role.ADMINISTRATOR: everything(),
        Role.MANAGER: everything(),
        Role.PLANNER: everything(),
        Role.AUDITOR: everything(),
        Role.PURCHASER: _PURCHASER,
        Role.OPERATOR: _OPERATOR,
        Role.SUPPLIER: _SUPPLIER,
        Role.CUSTOMER: _CUSTOMER,
        Role.LOGISTICS: _LOGISTICS,
    }
)


def usual_policy(role: Role) -> Policy:
    """Return the policy of a role; of one that sees nothing, one that shows nothing."""
    return POLICIES.get(role, Policy())
