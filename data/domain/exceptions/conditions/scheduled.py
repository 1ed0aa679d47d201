"""What the families share whose subjects belong to orders and come due at an instant.

Pure. Imported by the conditions. All members of a lane stand in one agenda; each rule has its
cut there, and only what lies between the cut and where it was at the last look has come due.
"""

from collections.abc import Iterable, Sequence
from typing import ClassVar, NamedTuple

from data.domain.exceptions.conditions.agenda import Agenda, Due
from data.domain.exceptions.conditions.ground import Ground, Look, Verdict
from data.domain.exceptions.records import Finding
from data.domain.exceptions.rules import Rule

NEVER = -float("inf")


class Member(NamedTuple):
    """One thing of an order that a rule may hold for: its lane, when it is due there."""

    lane: str
    due: Due


class Scheduled:
    """A family of conditions of which some come true by the time alone.

    `eager`: they come true by other things as well, so whatever is of a changed order is judged.
    """

    eager: ClassVar[bool] = True

    def __init__(self, rules: Sequence[Rule], ground: Ground) -> None:
        self.ground = ground
        self._rules = {rule.id: rule for rule in rules}
        self._members: dict[str, list[Member]] = {}
        self._agendas: dict[str, Agenda] = {}
        self._cuts: dict[tuple[str, str], float] = {}
        self._latest: dict[str, float] = {}

    def members(self, order: str) -> list[Member]:
        """Return what of an order could come due."""
        raise AssertionError("each family has its own members")

    def cut(self, rule: Rule, lane: str, look: Look) -> float:
        """Return where on a lane's agenda lies what is due: all before it."""
        raise AssertionError("each family has its own axis")

    def judge(self, rule: Rule, subject: str, look: Look) -> Finding | None:
        """Say whether a rule holds for a subject."""
        raise AssertionError("each family judges in its own way")

    def look(self, look: Look) -> Iterable[Verdict]:
        """Judge what changed and what has come due."""
        orders: Iterable[str] = look.orders
        if look.whole:
            self._members.clear()
            self._agendas.clear()
            self._cuts.clear()
            orders = [*self.ground.board.orders]
        self._renew(orders)
        yield from self._come_due(look)
        for order in orders if self.eager or not look.whole else ():
            yield from self._of_order(order, look)
        if look.back or look.centers:
            yield from self._stood(look)

    def _renew(self, orders: Iterable[str]) -> None:
        gone: dict[str, list[Due]] = {}
        come: dict[str, list[Due]] = {}
        for order in orders:
            before, after = self._members.get(order, []), self.members(order)
            if before == after:
                continue
            if after:
                self._members[order] = after
            else:
                del self._members[order]
            _part(set(before).difference(after), gone)
            _part(set(after).difference(before), come)
        for lane in gone.keys() | come.keys():
            agenda = self._agendas.setdefault(lane, Agenda())
            agenda.change(gone.get(lane, ()), come.get(lane, ()))

    def _come_due(self, look: Look) -> Iterable[Verdict]:
        """Judge what lies between each rule's last cut and the one of now."""
        self._latest = {}
        for lane, agenda in self._agendas.items():
            for rule in self._rules.values():
                last = self._cuts.get((rule.id, lane), NEVER)
                cut = self._cuts[rule.id, lane] = self.cut(rule, lane, look)
                self._latest[lane] = max(cut, self._latest.get(lane, NEVER))
                for _, subject in agenda.between(min(last, cut), max(last, cut)):
                    yield Verdict(rule, subject, self.judge(rule, subject, look))

    def _of_order(self, order: str, look: Look) -> Iterable[Verdict]:
        for lane, (at, subject) in self._members.get(order, ()):
            if not self.eager and at >= self._latest[lane]:
                continue
            for rule in self._rules.values():
                if self.eager or at < self._cuts[rule.id, lane]:
                    yield Verdict(rule, subject, self.judge(rule, subject, look))
        yield from self._again(self.ground.standing.of_order(order), look)

    def _stood(self, look: Look) -> Iterable[Verdict]:
        """Judge again what stands, or what of it is where a work unit stopped or goes on."""
        standing = self.ground.standing
        if look.back:
            return self._again([*standing.findings], look)
        return self._again([k for c in look.centers for k in standing.of_center(c)], look)

    def _again(self, keys: Iterable[tuple[str, str]], look: Look) -> Iterable[Verdict]:
        for name, subject in keys:
            rule = self._rules.get(name)
            if rule is not None:
                yield Verdict(rule, subject, self.judge(rule, subject, look))


def _part(members: Iterable[Member], lanes: dict[str, list[Due]]) -> None:
    for lane, due in members:
        lanes.setdefault(lane, []).append(due)
