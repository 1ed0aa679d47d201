"""What a window shows: the marks of its rows, as many as can be drawn and seen.

Pure. Milestones, and the actual and forecast bars of late and critical operations, are never
merged and never dropped (where an operation has neither bar, its baseline stands for it). When
those alone are more than can be drawn, fewer rows are shown; when a single row has more, the
window ends earlier; the picture says so either way.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from data.domain.gantt.bars import Table, bars_of, nodes_of
from data.domain.gantt.detail import LAYERS, Spans, detail
from data.domain.gantt.index import GanttIndex
from data.domain.gantt.lanes import in_lanes
from data.domain.gantt.records import (
    MOST_MARKS,
    GanttRow,
    Grouping,
    Layer,
    Link,
    Mark,
)
from data.domain.gantt.rows import PastOrder
from data.domain.plan import Order

LATE_AFTER_S = 900.0  # less than a quarter of an hour behind its plan is not late
SHORTEST_S = 60.0  # a window isn't cut below that


class Scene(Struct, frozen=True):
    """Bars and milestones of some rows, with the row of each. `plans`: by order number."""

    bars: Table
    bar_rows: Table
    nodes: Table
    node_rows: Table
    plans: dict[int, Order]


class Drawn(Struct, frozen=True, kw_only=True):
    """The marks of the first `rows` rows until `finish_s`."""

    marks: tuple[Mark, ...]
    rows: int
    finish_s: float


class Look(Struct, frozen=True, kw_only=True):
    """From when to when a scene is looked at, how wide, when now is, and who is late."""

    start_s: float
    finish_s: float
    width_px: float
    now_s: float
    late: frozenset[int]  # numbers of the orders that won't keep their due date
    critical: frozenset[tuple[int, int]] = frozenset()  # (order number, place) of a chain
    slips: bool = True  # how far a milestone slipped is a mark of its own
    room: int = MOST_MARKS


def scene_of(
    index: GanttIndex,
    rows: Sequence[GanttRow],
    past: Sequence[PastOrder],
    only: Sequence[str] | None = None,
) -> Scene:
    """Gather the bars of rows; `only`: of these orders, in rows of equipment."""
    numbers = index.numbers
    old = [(one, bars_of(one.plan, one.states, None, index.only_units, numbers)) for one in past]
    bars, nodes = index.bars.all(), index.nodes.all()
    if old:
        bars = np.concatenate([bars, *[b for _, b in old]])
        nodes = np.concatenate([nodes, *[nodes_of(one.plan, b, None) for one, b in old]])
    bar_rows, node_rows = _rows_of(index, rows, bars), _rows_of(index, rows, nodes)
    if only is not None:
        allowed = np.zeros(len(numbers.orders) + 1, bool)
        allowed[[numbers.orders.known(order) for order in only]] = True
        allowed[[numbers.orders.known(one.plan.id) for one in past]] = True
        allowed[-1] = False
        bar_rows = np.where(allowed[bars["order"]], bar_rows, -1)
        node_rows = np.where(allowed[nodes["order"]], node_rows, -1)
    here, there = bar_rows >= 0, node_rows >= 0
    bars, nodes = bars[here], nodes[there]
    plans = {numbers.orders.known(one.plan.id): one.plan for one in past}
    for number in {int(n) for n in np.unique(bars["order"])} - plans.keys():
        plans[number] = index.plans[numbers.orders.names[number]]
    return Scene(bars, bar_rows[here], nodes, node_rows[there], plans)


def draw(scene: Scene, look: Look, rows: int) -> Drawn:
    """Return the marks of a scene; see the module for what gives way when they are too many."""
    while rows and look.finish_s - look.start_s >= SHORTEST_S:
        spans, late = _spans(scene, look)
        nodes = _nodes_in(scene, look)
        kept = np.cumsum(_kept_by_row(scene, spans, nodes, look, rows))
        fitting = int(np.searchsorted(kept, look.room, side="right"))
        while fitting:
            drawn = _fit(scene, look, spans, late, nodes, fitting)
            if drawn is not None:
                return drawn
            fitting -= max(1, fitting // 8)
        look = replace(
            look, finish_s=(look.start_s + look.finish_s) / 2, width_px=look.width_px / 2
        )
    return Drawn(marks=(), rows=0, finish_s=look.finish_s)


def _fit(
    scene: Scene, look: Look, spans: Spans, late: Table, nodes: Table, rows: int
) -> Drawn | None:
    """Return the marks of the first rows; None when they don't fit however coarse."""
    diamonds = list(_milestones(scene, look, nodes[scene.node_rows[nodes] < rows]))
    s_per_px = (look.finish_s - look.start_s) / look.width_px
    room = look.room - len(diamonds)
    found = detail(spans.where(spans.row < rows), s_per_px, room, look.width_px)
    if found is None:
        return None
    marks = in_lanes([*found.groups.marks(), *_bars(scene, look, found.alone, late)])
    return Drawn(marks=(*marks, *diamonds), rows=rows, finish_s=look.finish_s)


def _rows_of(index: GanttIndex, rows: Sequence[GanttRow], table: Table) -> Table:
    """Return the row of each bar; -1 for those in none."""
    numbers = index.numbers
    by_order = np.full(len(numbers.orders) + 1, -1)
    by_center = np.full(len(numbers.centers) + 1, -1)
    by_unit = np.full(len(numbers.units) + 1, -1)
    tables = {
        Grouping.ORDER: (by_order, numbers.orders),
        Grouping.CENTER: (by_center, numbers.centers),
        Grouping.UNIT: (by_unit, numbers.units),
    }
    for place, row in enumerate(rows):
        lookup, names = tables[row.by]
        if (known := names.known(row.id)) >= 0:
            lookup[known] = place
    rests = any(row.rest for row in rows)
    where = np.maximum(by_order[table["order"]], by_unit[table["unit"]])
    center = by_center[table["center"]]
    if rests or any(row.by is Grouping.UNIT for row in rows):
        center = np.where(table["unit"] < 0, center, -1)
    where = np.maximum(where, center)
    return np.where(table["order"] >= 0, where, -1)


def _spans(scene: Scene, look: Look) -> tuple[Spans, Table]:
    """Return the bars of all layers that meet the window, and which operations are late."""
    bars = scene.bars
    start, finish, p50, p80 = bars["start"], bars["finish"], bars["p50"], bars["p80"]
    opened = np.isnan(finish)
    now_s = np.full(len(bars), look.now_s)
    ends = np.fmax(p50, now_s)
    late = opened & (ends > bars["planned_finish"] + LATE_AFTER_S)
    late &= np.isin(bars["order"], list(look.late))
    kept = late | bars["critical"] | _in_chain(bars, look)
    worked = np.where(opened, np.fmax(start, now_s), finish)
    ahead = np.where(np.isnan(start), np.fmax(bars["forecast_start"], now_s), now_s)
    layers = (
        (bars["planned_start"], bars["planned_finish"]),
        (start, worked),
        (np.fmin(ahead, ends), np.where(np.isnan(p50), np.nan, ends)),
        (np.where(np.isnan(p50), np.nan, ends), np.fmax(p80, ends)),
    )
    bare = kept & np.isnan(start) & np.isnan(p50)  # nothing but the baseline stands for it
    parts = [
        _layer(i, scene, look, a, b, keep)
        for i, ((a, b), keep) in enumerate(
            zip(layers, (bare, kept, kept, np.zeros(len(bars), bool)), strict=True)
        )
    ]
    return _joined(parts), late


def _layer(
    number: int, scene: Scene, look: Look, start: Table, finish: Table, kept: Table
) -> Spans:
    here = np.flatnonzero((start < look.finish_s) & (finish >= look.start_s) & (finish >= start))
    return Spans(
        np.full(len(here), number), scene.bar_rows[here], start[here], finish[here],
        here, kept[here],
    )  # fmt: skip


def _joined(parts: Sequence[Spans]) -> Spans:
    fields = Spans.__struct_fields__
    return Spans(*(np.concatenate([getattr(part, name) for part in parts]) for name in fields))


def _in_chain(bars: Table, look: Look) -> Table:
    if not look.critical:
        return np.zeros(len(bars), bool)
    pairs = bars["order"].astype(np.int64) * 100_000 + bars["place"]
    return np.isin(pairs, [order * 100_000 + place for order, place in look.critical])


def _nodes_in(scene: Scene, look: Look) -> Table:
    """Return the places of the milestones that stand in the window, or slip into it."""
    nodes = scene.nodes
    stands = _stands(nodes, look)
    first, last = np.fmin(nodes["planned"], stands), np.fmax(nodes["planned"], stands)
    return np.flatnonzero((first < look.finish_s) & (last >= look.start_s))


def _stands(nodes: Table, look: Look) -> Table:
    """Return where each milestone stands: reached, forecast (not before now), else planned."""
    ahead = np.where(np.isnan(nodes["p50"]), nodes["planned"], np.fmax(nodes["p50"], look.now_s))
    overdue = np.isnan(nodes["reached"]) & (nodes["planned"] < look.now_s)
    ahead = np.where(overdue, np.fmax(ahead, look.now_s), ahead)
    return np.where(np.isnan(nodes["reached"]), ahead, nodes["reached"])


def _kept_by_row(scene: Scene, spans: Spans, nodes: Table, look: Look, rows: int) -> Table:
    """Count the marks of each row that must be drawn."""
    kept = np.bincount(spans.row[spans.kept], minlength=rows)[:rows]
    slips = _slips(scene.nodes[nodes], look)
    weights = 1 + slips * look.slips
    return kept + np.bincount(scene.node_rows[nodes], weights, minlength=rows)[:rows]


def _slips(nodes: Table, look: Look) -> Table:
    late: Table = (_stands(nodes, look) > nodes["planned"] + LATE_AFTER_S).astype(np.int64)
    return late


def _bars(scene: Scene, look: Look, alone: Spans, late: Table) -> Iterator[Mark]:
    chain, bars = look.critical, scene.bars
    for layer, row, start, finish, at in zip(
        alone.layer.tolist(), alone.row.tolist(), alone.start.tolist(),
        alone.finish.tolist(), alone.source.tolist(), strict=True,
    ):  # fmt: skip
        number, place = int(bars["order"][at]), int(bars["place"][at])
        plan = scene.plans[number]
        critical = bool(bars["critical"][at]) or (number, place) in chain
        yield Mark(
            layer=LAYERS[layer], row=row, start_s=start, finish_s=finish,
            order=plan.id, operation=plan.operations[place].id, late=bool(late[at]),
            critical=critical, done=bool(bars["finish"][at] == bars["finish"][at]),
        )  # fmt: skip


def _milestones(scene: Scene, look: Look, places: Table) -> Iterator[Mark]:
    nodes = scene.nodes[places]
    stands, slips = _stands(nodes, look).tolist(), _slips(nodes, look).tolist()
    for node, row, at_s, slip in zip(
        nodes, scene.node_rows[places].tolist(), stands, slips, strict=True
    ):
        plan = scene.plans[int(node["order"])]
        milestone = plan.milestones[int(node["number"])]
        reached = bool(node["reached"] == node["reached"])
        planned = float(node["planned"])
        shared = {
            "row": row, "order": plan.id, "operation": milestone.operation,
            "name": milestone.name, "late": bool(slip), "done": reached,
        }  # fmt: skip
        if slip and look.slips:
            yield Mark(layer=Layer.SLIP, start_s=planned, finish_s=at_s, **shared)
        at = at_s if reached or slip else planned
        yield Mark(layer=Layer.MILESTONE, start_s=at, finish_s=at, **shared)


def linked(chain: Sequence[Link], marks: Sequence[Mark]) -> tuple[Link, ...]:
    """Return the chain with the rows in which its operations are drawn."""
    rows = {(mark.order, mark.operation): mark.row for mark in marks if mark.operation}
    return tuple(replace(link, row=rows.get((link.order, link.operation))) for link in chain)
