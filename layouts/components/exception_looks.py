"""How an exception looks beside its words: severity, state, who has it, whom it hits. Pure.

Used by the pages on exceptions and by the wall.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from dash import html
from dash.development.base_component import Component

from data.domain.exceptions.records import Case, Hit, Move, Severity, State
from data.domain.scope import Role
from data.domain.view import Standing
from layouts.components.parts import shape
from layouts.text import NONE, Translator, msgid
from layouts.theme import LOOKS

# Shape and tone of each severity; colour only for what waits for somebody (`tone_of`).
SEVERITY_LOOKS = {
    Severity.CRITICAL: Standing.STOPPED,
    Severity.HIGH: Standing.LATE,
    Severity.LOW: Standing.AT_RISK,
}
SEVERITIES = {
    Severity.CRITICAL: msgid("Critical"),
    Severity.HIGH: msgid("High"),
    Severity.LOW: msgid("Low"),
}
STATES = {
    State.UNACKNOWLEDGED: msgid("nobody has it"),
    State.ACKNOWLEDGED: msgid("acknowledged"),
    State.RETURNED: msgid("back to normal, unseen"),
    State.SHELVED: msgid("shelved"),
    State.SUPPRESSED: msgid("explained by its cause"),
    State.CLOSED: msgid("closed"),
}
# What was done, as a history says it.
MOVES = {
    Move.RAISE: msgid("came up"),
    Move.CLEAR: msgid("went back to normal"),
    Move.CHANGE: msgid("changed"),
    Move.ACKNOWLEDGE: msgid("acknowledged it"),
    Move.RELEASE: msgid("gave it back"),
    Move.ASSIGN: msgid("handed it over"),
    Move.SHELVE: msgid("shelved it"),
    Move.UNSHELVE: msgid("took it off the shelf"),
    Move.SUPPRESS: msgid("explained by its cause"),
    Move.UNSUPPRESS: msgid("stands on its own again"),
    Move.ESCALATE: msgid("went to the next level"),
    Move.RESOLVE: msgid("resolved it"),
    Move.EXPIRE: msgid("closed: long back to normal"),
}
ROLES = {
    Role.ADMINISTRATOR: msgid("administrators"),
    Role.MANAGER: msgid("managers"),
    Role.PLANNER: msgid("planners"),
    Role.PURCHASER: msgid("purchasers"),
    Role.OPERATOR: msgid("operators"),
    Role.AUDITOR: msgid("auditors"),
    Role.SUPPLIER: msgid("suppliers"),
    Role.CUSTOMER: msgid("customers"),
    Role.LOGISTICS: msgid("forwarders"),
}
MACHINES = {"watch": msgid("the watch"), "clock": msgid("the clock")}  # actors that are nobody
MINUS = "\N{MINUS SIGN}"
MOVED_S = 60.0  # whatever moves by less hasn't moved


def waits(case: Case) -> bool:
    """Whether it waits for somebody to look."""
    return case.state is State.UNACKNOWLEDGED


def tone_of(case: Case) -> str:
    """Return the class that gives an exception its shape; its colour only while it waits."""
    css = LOOKS[SEVERITY_LOOKS[case.severity]].css
    return css if waits(case) else f"{css} mp-x-quiet"


def severity(value: Severity, t: Translator) -> Component:
    """Return a severity: its shape and its word."""
    look = LOOKS[SEVERITY_LOOKS[value]]
    return html.Span([shape(), t(SEVERITIES[value])], className=f"mp-standing {look.css}")


def mark(case: Case, t: Translator) -> Component:
    """Return the shape of an exception's severity, with the word for who doesn't see it."""
    words = html.Span(t(SEVERITIES[case.severity]), className="mp-unseen")
    return html.Span([shape(), words], className="mp-x-mark", title=t(SEVERITIES[case.severity]))


def held_by(case: Case, t: Translator, when: str = "") -> str:
    """Return who has it, or how it stands when nobody has to; `when`: a shelf's end."""
    if case.state is State.SHELVED and when:
        return t("shelved until {when}", when=when)
    if case.state in (State.ACKNOWLEDGED, State.CLOSED) and case.owner_name:
        return case.owner_name
    return t(STATES[case.state])


def impact(case: Case, t: Translator) -> list[str]:
    """Return whom it hits, in a few words: orders and parties; none: nobody known."""
    orders = {hit.order for hit in case.hits}
    parties = {hit.party for hit in case.hits if hit.party} | case.parties
    said = [counted(len(orders), ORDERS, t)] if orders else []
    return [*said, *([counted(len(parties), PARTIES, t)] if parties else [])]


def delay(case: Case, t: Translator) -> str:
    """Return by how much it moves what it hits most; nothing when nothing moves."""
    worst = max((hit.moved_s for hit in case.hits), default=0.0)
    return f"+{t.duration(worst)}" if worst >= MOVED_S else ""


ORDERS = (msgid("{count} order"), msgid("{count} orders"))
PARTIES = (msgid("{count} party"), msgid("{count} parties"))
INSIDE = (msgid("{count} inside"), msgid("{count} inside"))


def counted(count: int, words: tuple[str, str], t: Translator) -> str:
    """Return a count with its word, of one or of several."""
    return t(words[0 if count == 1 else 1], count=t.number(count))


def inside(case: Case, t: Translator) -> str:
    """Return how many stand inside of it."""
    return counted(case.inside, INSIDE, t)


def worst_first(hits: Sequence[Hit]) -> list[Hit]:
    """Return hits, those that move the most first."""
    return sorted(hits, key=lambda hit: (-hit.moved_s, hit.order, hit.id))


def moved(hit: Hit, t: Translator) -> str:
    """Return by how much something moves; a dash when that isn't known."""
    if hit.before_at is None or hit.after_at is None:
        return NONE
    seconds = hit.moved_s
    if abs(seconds) < MOVED_S:
        return t("as before")
    return f"{'+' if seconds > 0 else MINUS}{t.duration(abs(seconds))}"


def actor(value: str, names: Mapping[str, str], t: Translator) -> str:
    """Return who did something; an account by its name."""
    if value in MACHINES:
        return t(MACHINES[value])
    return names.get(value, t("someone"))


def escalation(case: Case, real_now: datetime, t: Translator) -> str:
    """Return when the next level is told; nothing when none will be."""
    if case.escalate_at is None or not waits(case):
        return ""
    left_s = (case.escalate_at - real_now).total_seconds()
    if left_s <= 0:
        return t("next level now")
    return t("next level in {duration}", duration=t.duration(left_s))
