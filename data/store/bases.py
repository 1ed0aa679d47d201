"""Bases: the states of subjects as bytes, for the state tables and back.

A base holds every folded field, so that a fold goes on from it as from the events
themselves. Imported within `data.store` alone.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from data.domain.events import OperationStatus
from data.domain.events import WorkUnitState as State
from data.domain.plan import Order
from data.domain.site import Site
from data.domain.subjects import (
    Fold,
    NeedState,
    OperationState,
    OrderState,
    SiteState,
    WorkUnitState,
)
from data.domain.timelines import Moment

F = TypeVar("F", bound=Fold)


class _Operation(Struct, array_like=True):
    stored_status: OperationStatus | None
    status_moment: Moment | None
    started_at: datetime | None
    work_unit: str | None
    unit_moment: Moment | None
    good: int
    scrap: int
    rework: int
    inspected: int
    passed: int


class _Need(Struct, array_like=True):
    promised_at: datetime | None
    promise_moment: Moment | None
    dispatch_advice: str | None
    shipped_moment: Moment | None
    received_moment: Moment | None
    shipped: int
    received: int


class _WorkUnit(Struct, array_like=True):
    state: State | None
    since: datetime | None
    latest: Moment | None
    reason: str | None
    operation: str | None


class _Document(Struct, array_like=True):
    moment: Moment | None


_FORMS: dict[type[Fold], type[Struct]] = {
    OperationState: _Operation,
    NeedState: _Need,
    WorkUnitState: _WorkUnit,
    OrderState: _Document,
    SiteState: _Document,
}
_encode = msgspec.msgpack.Encoder().encode
_DECODERS: dict[type[Fold], Callable[[bytes], Any]] = {
    kind: msgspec.msgpack.Decoder(form).decode for kind, form in _FORMS.items()
}


def base_of(state: Fold) -> bytes:
    """Return every folded field of a state as bytes."""
    form = _FORMS[type(state)]
    return _encode(form(*[getattr(state, name) for name in form.__struct_fields__]))


def operation_from(subject: str, base: bytes) -> OperationState:
    """Return the operation's state with its base."""
    return _filled(OperationState(subject), base)


def need_from(subject: str, base: bytes) -> NeedState:
    """Return the need's state with its base."""
    return _filled(NeedState(subject), base)


def work_unit_from(subject: str, base: bytes) -> WorkUnitState:
    """Return the work unit's state with its base."""
    return _filled(WorkUnitState(subject), base)


def order_from(subject: str, base: bytes, plan: Order) -> OrderState:
    """Return the order's plan with its base."""
    state = _filled(OrderState(subject), base)
    state.plan = plan
    return state


def site_from(subject: str, base: bytes, document: Site) -> SiteState:
    """Return the site's model with its base."""
    state = _filled(SiteState(subject), base)
    state.site = document
    return state


def _filled(state: F, base: bytes) -> F:
    stored = _DECODERS[type(state)](base)
    for name in stored.__struct_fields__:
        setattr(state, name, getattr(stored, name))
    state.rest_on_base()
    return state
