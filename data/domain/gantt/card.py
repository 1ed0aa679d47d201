"""All about one operation: plan, actual, forecast, and who is waited for.

Pure. Used by the Gantt's hover and by whoever shows a single operation.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from data.domain.events import OperationStatus, WorkUnitState
from data.domain.forecast.records import OperationForecast, OrderForecast
from data.domain.gantt.chain import predecessor_places
from data.domain.gantt.records import OperationCard, Waits, WaitsFor
from data.domain.indexes import Indexes
from data.domain.plan import MaterialNeed, Operation, Order
from data.domain.site import Site
from data.domain.subjects import OperationState

_STOPPED = (WorkUnitState.DOWN, WorkUnitState.REPAIR)


def operation_card(
    indexes: Indexes, forecasts: Mapping[str, OrderForecast], order: str, operation: str
) -> OperationCard | None:
    """Return all about an operation of the board; None when there is no such."""
    state = indexes.board.orders.get(order)
    plan = state.plan if state else None
    step = _step(plan, operation)
    if plan is None or step is None:
        return None
    done = indexes.board.operation(order, operation)
    forecast = forecasts.get(order)
    waits = () if done.finished_at else tuple(_waits(indexes, plan, step, done, forecast))
    return card_of(plan, step, done, _ahead(forecast, operation), waits)


def card_of(
    plan: Order,
    step: Operation,
    done: OperationState,
    ahead: OperationForecast | None = None,
    waits: tuple[WaitsFor, ...] = (),
) -> OperationCard:
    """Gather what is known of an operation."""
    if done.finished_at is not None:
        ahead = None
    return OperationCard(
        order=plan.id,
        product=plan.product,
        customer=plan.customer,
        operation=step.id,
        name=step.name,
        work_center=step.work_center,
        work_unit=done.work_unit or step.work_unit,
        performed_by=step.performed_by,
        planned_start=step.planned_start,
        planned_finish=step.planned_finish,
        started_at=done.started_at,
        finished_at=done.finished_at,
        p50_start=ahead.start_at if ahead else None,
        p50_at=ahead.finish.p50_at if ahead else None,
        p80_at=ahead.finish.p80_at if ahead else None,
        good=done.good,
        quantity=plan.quantity,
        critical=step.critical,
        waits=waits,
    )


def _waits(
    indexes: Indexes,
    plan: Order,
    step: Operation,
    done: OperationState,
    forecast: OrderForecast | None,
) -> Iterator[WaitsFor]:
    if done.started_at is None:
        yield from _predecessors(indexes, plan, step, forecast)
        yield from _materials(indexes, plan, step)
        yield from _occupant(indexes, plan, done.work_unit or step.work_unit)
    elif done.work_unit is not None and done.status is not OperationStatus.COMPLETED:
        unit = indexes.board.work_units.get(done.work_unit)
        if unit is not None and unit.state in _STOPPED:
            yield WaitsFor(kind=Waits.DOWN, what=done.work_unit, who=unit.reason)


def _predecessors(
    indexes: Indexes, plan: Order, step: Operation, forecast: OrderForecast | None
) -> Iterator[WaitsFor]:
    place = plan.operations.index(step)
    for before in predecessor_places(plan.operations, place):
        one = plan.operations[before]
        if indexes.board.operation(plan.id, one.id).finished_at is None:
            ahead = _ahead(forecast, one.id)
            yield WaitsFor(
                kind=Waits.PREDECESSOR,
                what=one.name or one.id,
                who=one.performed_by or one.work_center,
                until=ahead.finish.p50_at if ahead else None,
            )


def _materials(indexes: Indexes, plan: Order, step: Operation) -> Iterator[WaitsFor]:
    parties = _party_names(indexes.board.site)
    for need in plan.needs:
        if need.operation != step.id:
            continue
        received, promised_at = _received(indexes, plan, need)
        if received < need.quantity:
            who = parties.get(need.supplier, need.supplier)
            yield WaitsFor(
                kind=Waits.MATERIAL, what=need.name or need.part, who=who, until=promised_at
            )


def _received(indexes: Indexes, plan: Order, need: MaterialNeed) -> tuple[int, datetime | None]:
    state = indexes.board.needs.get(f"need/{plan.id}/{need.id}")
    return (0, None) if state is None else (state.received, state.promised_at)


def _occupant(indexes: Indexes, plan: Order, unit: str | None) -> Iterator[WaitsFor]:
    running = indexes.floor.at(unit) if unit is not None else None
    if unit is not None and running is not None and running.order.id != plan.id:
        yield WaitsFor(kind=Waits.WORK_UNIT, what=unit, who=running.order.id)


def _party_names(site: Site) -> dict[str, str]:
    return {party.id: party.name for party in site.parties}


def _step(plan: Order | None, operation: str) -> Operation | None:
    return next((step for step in plan.operations if step.id == operation), None) if plan else None


def _ahead(forecast: OrderForecast | None, operation: str) -> OperationForecast | None:
    if forecast is None:
        return None
    return next((one for one in forecast.operations if one.operation == operation), None)
