"""What the causes of a ledger and those who answer for them are called.

For every page that says why something is late; pure.
"""

from collections.abc import Mapping

from data.domain.ledger.records import Cause, Owner, Role
from layouts.text import Translator, msgid

CAUSES = {
    Cause.WAITING_FOR_PREDECESSOR: msgid("waiting for predecessor"),
    Cause.CONTENTION: msgid("work unit busy"),
    Cause.PRIORITIZATION: msgid("other order put first"),
    Cause.BATCHING: msgid("batch incomplete"),
    Cause.OFF_CALENDAR: msgid("off shift"),
    Cause.MATERIAL_MISSING: msgid("material missing"),
    Cause.DOWN: msgid("work unit down"),
    Cause.SETUP: msgid("changeover"),
    Cause.REWORK: msgid("reworked pieces"),
    Cause.BLOCKED: msgid("blocked downstream"),
    Cause.RUNNING: msgid("running time"),
    Cause.UNEXPLAINED: msgid("unexplained"),
    Cause.SLACK: msgid("slack in the plan"),
    Cause.TO_COME: msgid("still to come"),
}
MEANINGS = {
    Cause.WAITING_FOR_PREDECESSOR: msgid(
        "The operation stood ready and the one before it hadn't delivered."
    ),
    Cause.CONTENTION: msgid(
        "The work unit did other work that could have begun no later than this."
    ),
    Cause.PRIORITIZATION: msgid(
        "The work unit did other work that became ready later: it was put first."
    ),
    Cause.BATCHING: msgid("It waited for the last member of the batch it was done in."),
    Cause.OFF_CALENDAR: msgid("By the calendar, or by what the work unit told, nobody worked."),
    Cause.MATERIAL_MISSING: msgid("A part that the operation needs hadn't arrived."),
    Cause.DOWN: msgid("The work unit was down, under repair or in maintenance."),
    Cause.SETUP: msgid("The work unit was being set up or changed its tool."),
    Cause.REWORK: msgid("The standard run time of reworked pieces, and work after a reopening."),
    Cause.BLOCKED: msgid("The work unit was done and couldn't pass its pieces on."),
    Cause.RUNNING: msgid("The operation ran; what adds to the lateness is longer than planned."),
    Cause.UNEXPLAINED: msgid("Nothing that was reported explains this time."),
    Cause.SLACK: msgid(
        "Time that the plan had for waiting, or before the due date, and that wasn't needed."
    ),
    Cause.TO_COME: msgid("From now to the forecast, against what the plan has left."),
}
ROLES = {
    Role.PLANNING: msgid("planning"),
    Role.PRODUCTION: msgid("production"),
    Role.MAINTENANCE: msgid("upkeep"),
    Role.QUALITY: msgid("quality"),
    Role.LOGISTICS: msgid("logistics"),
    Role.SUPPLIER: msgid("supplier"),
}


def owner_words(owner: Owner, t: Translator, parties: Mapping[str, str]) -> str:
    """Say who answers for a step: the party, by its name where it has one, else the role."""
    return parties.get(owner.party, owner.party) if owner.party else t(ROLES[owner.role])
