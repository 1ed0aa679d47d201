"""Work centers where too much waits, and work units that make too much scrap.

Pure. Both go on until what is counted is back within the rule's lower limit.
"""

from collections.abc import Iterable, Sequence

from data.domain.board import bucket_of
from data.domain.bottleneck.queue import enabled
from data.domain.events import operation_subject, work_unit_subject
from data.domain.exceptions.conditions.agenda import Agenda, Due
from data.domain.exceptions.conditions.ground import Ground, Look, Verdict, instant
from data.domain.exceptions.conditions.routes import stopped_unit
from data.domain.exceptions.conditions.units import applies_to, place_of
from data.domain.exceptions.records import Finding, Place
from data.domain.exceptions.rules import Rule
from data.domain.subjects import BUCKET_S

_Waits = tuple[str, Due]  # a work center, and since when what waits there


class Queues:
    """Rules on operations that could start and haven't."""

    def __init__(self, rules: Sequence[Rule], ground: Ground) -> None:
        self._rules, self.ground = rules, ground
        self._of_order: dict[str, dict[_Waits, int]] = {}
        self._agendas: dict[str, Agenda] = {}
        self._counts: dict[str, int] = {}

    def look(self, look: Look) -> Iterable[Verdict]:
        """Judge work centers where the queue changed."""
        orders: Iterable[str] = look.orders
        if look.whole:
            self._of_order.clear()
            self._agendas.clear()
            self._counts.clear()
            orders = [*self.ground.board.orders]
        touched = self._renew(orders) | look.centers
        for center, agenda in self._agendas.items():
            waiting = agenda.before(look.now_s)
            if look.back or center in touched or self._counts.get(center) != waiting:
                self._counts[center] = waiting
                for rule in self._rules:
                    yield Verdict(rule, center_subject(center), self._judge(rule, center, look))

    def _renew(self, orders: Iterable[str]) -> set[str]:
        gone: dict[str, list[Due]] = {}
        come: dict[str, list[Due]] = {}
        touched = set[str]()
        for order in orders:
            before, after = self._of_order.get(order, {}), self._waiting(order)
            if before == after:
                continue
            if after:
                self._of_order[order] = after
            else:
                del self._of_order[order]
            touched.update(center for center, _ in before.keys() | after.keys())
            for center, due in before.keys() - after.keys():
                gone.setdefault(center, []).append(due)
            for center, due in after.keys() - before.keys():
                come.setdefault(center, []).append(due)
        for center in touched:
            agenda = self._agendas.setdefault(center, Agenda())
            agenda.change(gone.get(center, ()), come.get(center, ()))
        return touched

    def _waiting(self, order: str) -> dict[_Waits, int]:
        """Return what of an order could start, and of how many pieces."""
        state = self.ground.board.orders.get(order)
        plan = state.plan if state else None
        if plan is None or plan.cancelled:
            return {}
        return {
            (one.work_center, (since.timestamp(), operation_subject(order, one.id))): plan.quantity
            for one, since in enabled(self.ground.board, plan)
        }

    def _judge(self, rule: Rule, center: str, look: Look) -> Finding | None:
        agenda, subject = self._agendas.get(center), center_subject(center)
        waiting = agenda.before(look.now_s) if agenda else 0
        limit = rule.below or rule.limit
        if not self.ground.stands(rule, subject):
            limit = rule.limit
        place = Place(area=self.ground.area_of.get(center), work_center=center)
        if agenda is None or waiting <= limit or not applies_to(rule, place):
            return None
        entries = agenda.between(-float("inf"), look.now_s)
        stopped = stopped_unit(self.ground, center, None)
        return Finding(
            rule=rule.id,
            subject=subject,
            since=self.ground.since(rule, subject, look.now),
            cause="" if stopped is None else work_unit_subject(stopped),
            place=place,
            values={
                "waiting": waiting,
                "pieces": sum(self._of_order[s.split("/")[1]][center, (a, s)] for a, s in entries),
                "longest_since": instant(entries[0][0]),
                "limit": rule.limit,
            },
        )


class Scrap:
    """Rules on the scrap ratio (ISO 22400: scrap of all produced) of work units."""

    def __init__(self, rules: Sequence[Rule], ground: Ground) -> None:
        self._rules, self.ground = rules, ground
        self._bucket: int | None = None

    def look(self, look: Look) -> Iterable[Verdict]:
        """Judge units that counted pieces, and all when a quarter of an hour is over."""
        bucket, units = bucket_of(look.now), look.counted
        if bucket != self._bucket or look.whole or look.back or look.recount:
            units = frozenset(self.ground.center_of) | {
                unit for unit, _ in self.ground.board.output
            }
        self._bucket = bucket
        for rule in self._rules:
            for unit in units:
                found = self._judge(rule, unit, look)
                yield Verdict(rule, work_unit_subject(unit), found)

    def _judge(self, rule: Rule, unit: str, look: Look) -> Finding | None:
        pieces, scrap = self._counted(unit, rule, bucket_of(look.now))
        subject, place = work_unit_subject(unit), place_of(self.ground, unit)
        limit = rule.limit
        if self.ground.stands(rule, subject):
            limit = rule.below or limit
        if pieces < max(1, rule.least) or scrap <= limit * pieces or not applies_to(rule, place):
            return None
        return Finding(
            rule=rule.id,
            subject=subject,
            since=self.ground.since(rule, subject, look.now),
            place=place,
            values={
                "ratio": scrap / pieces,
                "scrap": scrap,
                "pieces": pieces,
                "limit": rule.limit,
                "over_s": rule.limit_s,
            },
        )

    def _counted(self, unit: str, rule: Rule, last: int) -> tuple[int, int]:
        buckets, output = max(1, round(rule.limit_s / BUCKET_S)), self.ground.board.output
        found = [output.get((unit, last - back)) for back in range(buckets)]
        counted = [one for one in found if one is not None]
        return sum(sum(one) for one in counted), sum(one[1] for one in counted)


def center_subject(center: str) -> str:
    """Return the subject of a work center."""
    return f"work-center/{center}"
