"""Who may know of an exception, and who may move it.

Pure. Inside the factory: whoever sees all of a site, the role whose it is, those it informs.
Outside: a role that it informs, for a party that it concerns, and no more than is disclosed.
"""

from data.domain.exceptions.records import Case, Move
from data.domain.scope import Role, Scope

_BY_PARTY = frozenset({Move.ACKNOWLEDGE})  # what somebody outside the factory may do
_LOOK_ONLY = frozenset({Role.AUDITOR, Role.SCREEN})


def concerns(case: Case, scope: Scope) -> bool:
    """Whether an exception is any of the viewer's business."""
    if case.site not in scope.sites:
        return False
    if scope.may_see(case.site):
        return True
    if scope.outside:
        return scope.role in case.informs and scope.party in case.parties
    return scope.role in (case.owner_role, *case.informs) or scope.role is Role.SCREEN


def may_move(case: Case, scope: Scope, move: Move) -> bool:
    """Whether the viewer may make the move, were it possible now."""
    if scope.role in _LOOK_ONLY or not concerns(case, scope):
        return False
    return not scope.outside or move in _BY_PARTY
