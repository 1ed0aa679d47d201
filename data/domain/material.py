"""Which material needs are due, and how they stand.

Pure. Used by `data.domain.figures`; kept up to date by naming the orders that changed.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from data.domain.board import Board
from data.domain.events import need_subject
from data.domain.forecast.records import OrderForecast
from data.domain.line import areas_by_center, home_area
from data.domain.needed import needed
from data.domain.plan import MaterialNeed, Order
from data.domain.ranking import Ranking
from data.domain.subjects import NeedState
from data.domain.view import NeedRow, Standing

_Key = tuple[datetime, str, str]  # (needed at, order, need)
_SEVERITY = (Standing.LATE, Standing.AT_RISK, Standing.ON_TRACK, Standing.DONE)


class _Entry(Struct, frozen=True):
    order: str
    need: MaterialNeed
    area: str | None
    done: bool
    forecast_by: datetime | None

    @property
    def key(self) -> _Key:
        at = needed(self.need.need_by, self.forecast_by).at
        return (at, self.order, self.need.id)


class NeedIndex:
    """Needs of every order by area and by when they are needed now, the met ones apart."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._forecasts: Mapping[str, OrderForecast] = {}
        self._rebuild()

    def renew(self, orders: Iterable[str]) -> None:
        """Take over orders in which something happened."""
        if self._board.site_state.site is not self._site:
            self._rebuild()
            return
        for order in orders:
            self._replace(order)

    def trust(self, forecasts: Mapping[str, OrderForecast]) -> None:
        """Go by these forecasts; the caller names the orders whose forecast changes."""
        if forecasts is not self._forecasts:
            known, self._forecasts = self._forecasts, forecasts
            self.follow(known.keys() | forecasts.keys())

    def follow(self, orders: Iterable[str]) -> None:
        """Take over orders whose forecast changed."""
        for order in orders:
            for entry in tuple(self._entries.get(order, {}).values()):
                by = None if entry.done else self._forecast_by(order, entry.need)
                if by != entry.forecast_by:
                    self._put(replace(entry, forecast_by=by))

    def due(self, area: str, now: datetime, within: timedelta, overdue: int) -> list[NeedRow]:
        """Rows of the needs due from now on, and of the `overdue` open ones longest overdue."""
        awaited, met = self._awaited.get(area), self._met.get(area)
        until = (now + within,)
        late = awaited.first(overdue) if awaited else []
        keys = [key for key in late if key[0] < now]
        keys += awaited.between((now,), until) if awaited else []
        keys += met.between((now,), until) if met else []
        return [self._row(self._entries[order][need], now) for _, order, need in keys]

    def _rebuild(self) -> None:
        self._site = self._board.site_state.site
        self._areas = areas_by_center(self._site)
        self._awaited: dict[str | None, Ranking[_Key]] = {}
        self._met: dict[str | None, Ranking[_Key]] = {}
        self._entries: dict[str, dict[str, _Entry]] = {}
        for order in self._board.orders:
            self._replace(order)

    def _replace(self, order: str) -> None:
        for entry in self._entries.pop(order, {}).values():
            self._ranking(entry).remove(entry.key)
        state = self._board.orders.get(order)
        plan = state.plan if state else None
        if plan is None or plan.cancelled or not plan.needs:
            return
        for need in plan.needs:
            self._put(self._entry(plan, need))

    def _put(self, entry: _Entry) -> None:
        """Let a need stand where it belongs, and no more where it stood."""
        own = self._entries.setdefault(entry.order, {})
        before = own.get(entry.need.id)
        if before is not None:
            self._ranking(before).remove(before.key)
        own[entry.need.id] = entry
        self._ranking(entry).add(entry.key)

    def _entry(self, plan: Order, need: MaterialNeed) -> _Entry:
        centers = {operation.id: operation.work_center for operation in plan.operations}
        area = self._areas.get(centers.get(need.operation, ""))
        state = self._board.needs.get(need_subject(plan.id, need.id))
        received = state.received if state else 0
        used = self._board.operation(plan.id, need.operation).finished_at is not None
        done = used or received >= need.quantity
        by = None if done else self._forecast_by(plan.id, need)
        return _Entry(plan.id, need, area or home_area(plan, self._areas), done, by)

    def _ranking(self, entry: _Entry) -> Ranking[_Key]:
        table = self._met if entry.done else self._awaited
        return table.setdefault(entry.area, Ranking())

    def _row(self, entry: _Entry, now: datetime) -> NeedRow:
        need, ahead = entry.need, entry.forecast_by
        state = self._board.needs.get(need_subject(entry.order, need.id))
        return NeedRow(
            order=entry.order,
            need=need.id,
            part=need.part,
            name=need.name,
            supplier=need.supplier,
            quantity=need.quantity,
            need_by=need.need_by,
            promised_at=state.promised_at if state else None,
            shipped=state.shipped if state else 0,
            received=state.received if state else 0,
            standing=Standing.DONE if entry.done else need_standing(need, state, now, ahead),
            forecast_by=ahead,
        )

    def _forecast_by(self, order: str, need: MaterialNeed) -> datetime | None:
        made = self._forecasts.get(order)
        needs = () if made is None else made.needs
        return next((n.need_by for n in needs if n.need == need.id), None)


def need_standing(
    need: MaterialNeed, state: NeedState | None, now: datetime, forecast_by: datetime | None
) -> Standing:
    """Say how a need that isn't met stands, judged by when it is needed as it stands now.

    Late: past its date, or promised too late for it. At risk: not wholly shipped, and nothing
    promised or the promise is past. On track otherwise.
    """
    promised_at = state.promised_at if state else None
    if needed(need.need_by, forecast_by).too_late(max(now, promised_at or now)):
        return Standing.LATE
    shipped = state is not None and state.shipped >= need.quantity
    if not shipped and (promised_at is None or promised_at < now):
        return Standing.AT_RISK
    return Standing.ON_TRACK


def need_rows(
    needs: NeedIndex, area: str, now: datetime, within: timedelta, n: int
) -> tuple[NeedRow, ...]:
    """Return up to n needs of an area that are due within a time or overdue, worst first.

    Due is what is needed by then as it stands now, also where it was planned for another time.
    A need is met when all of it was received or the operation that needs it is completed;
    met ones stand last, and only until their date has passed.
    """
    rows = needs.due(area, now, within, overdue=n)
    rows.sort(key=lambda r: (_SEVERITY.index(r.standing), r.needed_at, r.order, r.need))
    return tuple(rows[: max(0, n)])
