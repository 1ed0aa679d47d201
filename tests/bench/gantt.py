"""The Gantt over 5,000 orders of 20 operations: index, window, payload, and a real Chromium.

Each beside a plain way: every mark of every order at the server, all marks in one Plotly figure
in the browser.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from statistics import median, quantiles
from typing import Any

import dash
from dash import Dash, dcc, html
from playwright.sync_api import Page, sync_playwright
from werkzeug.serving import make_server

from callbacks.desk.gantt import GanttPage
from callbacks.desk.visit import Visit
from data.domain.gantt.index import GanttIndex
from data.domain.gantt.picture import picture
from data.domain.gantt.records import GanttView, Grouping, Layer
from data.domain.gantt.rows import PastPage, order_ids
from data.domain.scope import factory_scope
from data.services.gantt import Gantts
from layouts import desk
from layouts.charts import figure
from layouts.gantt import drawing, encoded
from layouts.text import translator
from tests.bench.figures import Measurement, at_most, noted
from tests.bench.stage import ROOT, Stage
from tests.chromium import FLAGS, ensure
from tests.unit.domain.gantt.plants import NOW, Plant

ORDERS, QUICK_ORDERS = 5000, 1000
KEPT = timedelta(days=2)
MOVES = ("ArrowRight", "ArrowLeft", "+", "-", "ArrowRight", "-", "ArrowLeft", "+")
T = translator("en")
PARTS = {Layer.BASELINE: 0.15, Layer.ACTUAL: 0.5, Layer.FORECAST: 0.5, Layer.WHISKER: 0.05}


class NoPast:
    """A past with nothing in it, and no plan but the present one."""

    def completed(self, *_: Any) -> PastPage:
        return PastPage()

    def order(self, *_: Any) -> None:
        return None

    def plan_versions(self, *_: Any) -> tuple[()]:
        return ()


class Live:
    """A board that stands still."""

    def __init__(self, plant: Plant) -> None:
        self.site, self.board, self.indexes = "plant", plant.board, plant.indexes
        self.facts, self.now = plant, NOW

    def renew(self) -> None:
        """Nothing changes."""


def measure(stage: Stage, quick: bool) -> list[Measurement]:
    """Measure server and browser."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    plant = Plant(QUICK_ORDERS if quick else ORDERS)
    return [*_server(plant), *_browser(plant, quick)]


def _server(plant: Plant) -> Iterator[Measurement]:
    index = GanttIndex(plant.board)
    yield noted("gantt: index of all bars", _seconds(lambda: index.renew(plant.forecasts)), "s")
    one = [_ms(lambda n=n: _renewed(index, plant, f"SO-{n:05d}")) for n in range(50)]
    yield at_most("gantt: one order taken over, p95", _p95(one), "ms", 20)
    took, sizes = [], []
    for view in _views():
        took.append(_ms(lambda view=view: sizes.append(len(_drawn(plant, view)))))
    yield at_most("gantt: window at the server, p95", _p95(took), "ms", 300)
    yield noted("gantt: largest window", max(sizes) / 1024, "KB")
    plain = _ms(lambda: sizes.append(_everything(plant)))
    yield noted("gantt: all bars at once, no level of detail", plain, "ms")
    yield noted("gantt: its size", sizes[-1] / 1024, "KB")
    yield noted("gantt: window against all bars", median(took) / plain, "× of its time")


def _browser(plant: Plant, quick: bool) -> Iterator[Measurement]:
    with _serving(plant) as at, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=ensure(), args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        paints = [_first_paint(page, f"{at}/gantt", ".g-actual") for _ in range(3 if quick else 5)]
        yield at_most("gantt: first paint in Chromium, median", median(paints), "ms", 1500)
        moved = [_moved(page, MOVES[n % len(MOVES)]) for n in range(16 if quick else 40)]
        yield at_most("gantt: pan or zoom, new window drawn, p95", _p95(moved), "ms", 300)
        redraw = page.evaluate(_REDRAW)
        yield noted("gantt: redraw under the hand", redraw, "ms")
        plain = _first_paint(page, f"{at}/plain", ".bars .point, .cartesianlayer path")
        yield noted("gantt: the same marks by Plotly, first paint", plain, "ms")
        zoom = page.evaluate(_PLOTLY)
        yield noted("gantt: the same marks by Plotly, pan", zoom, "ms")
        yield noted("gantt: pan against Plotly's", median(moved) / zoom, "× of its time")
        browser.close()


_REDRAW = """() => new Promise((done) => {
  const chart = document.querySelector('.mp-gantt-plot');
  const begun = performance.now();
  chart.dispatchEvent(new WheelEvent('wheel', { deltaX: 30, bubbles: true, cancelable: true }));
  requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - begun)));
})"""
_MOVE = """(key) => new Promise((done) => {
  const source = document.getElementById('gantt-drawing'), begun = performance.now();
  const seen = new MutationObserver(() => {
    seen.disconnect();
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - begun)));
  });
  seen.observe(source, { attributes: true });
  document.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
})"""
_PLOTLY = """() => new Promise((done) => {
  const chart = document.querySelector('.js-plotly-plot'), begun = performance.now();
  const [a, b] = chart.layout.xaxis.range, by = (b - a) / 4;
  Plotly.relayout(chart, { 'xaxis.range': [a + by, b + by] }).then(() =>
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - begun))));
})"""


def _first_paint(page: Page, address: str, mark: str) -> float:
    begun = time.perf_counter()
    page.goto(address)
    page.wait_for_selector(mark, state="attached")
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    return 1000 * (time.perf_counter() - begun)


def _moved(page: Page, key: str) -> float:
    page.wait_for_function("() => !document.getElementById('gantt').dataset.waiting")
    page.wait_for_timeout(60)
    return float(page.evaluate(_MOVE, key))


@contextmanager
def _serving(plant: Plant) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, _app(plant).server, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def _app(plant: Plant) -> Dash:
    """Return the page as the product serves it, and the same marks as one figure of Plotly."""
    page = GanttPage(Gantts(NoPast(), NoPast()), lambda _, given: _visit(plant, given))
    ignore = r"live\.js|desk\.js"
    app = Dash(
        "bench", assets_folder=str(ROOT / "assets"), assets_ignore=ignore, use_pages=True,
        pages_folder="", suppress_callback_exceptions=True, update_title="",
    )  # fmt: skip
    head = desk.Head(site="plant", site_name="Plant", theme="light")
    dash.page_registry.clear()  # of whatever was built in this process before
    dash.register_page(
        "gantt", path="/gantt",
        layout=lambda **given: desk.frame(head, None, page.body(_visit(plant, given)), T),
    )  # fmt: skip
    dash.register_page(
        "plain", path="/plain", layout=lambda **_: dcc.Graph(figure=_plain_figure(plant))
    )
    page.register(app)
    app.layout = html.Div(dash.page_container)
    return app


def _visit(plant: Plant, given: Any) -> Visit:
    query = {k: v[0] if isinstance(v, list) else v for k, v in given.items() if v}
    return Visit(
        scope=factory_scope("plant"), site="plant", live=Live(plant), at=None, now=NOW,
        timezone="Asia/Taipei", t=T, theme="light", path="/gantt", query=query,
    )  # fmt: skip


def _plain_figure(plant: Plant) -> dict[str, Any]:
    """Return the usual window's marks as bars of Plotly, hatched where they are forecast."""
    view = next(_views())
    ids = order_ids(plant.indexes, view, NOW, NOW - KEPT)
    found = picture(plant.indexes, view, NOW, ids, PastPage())
    start = view.start.timestamp()
    traces = []
    for layer, width in PARTS.items():
        own = [mark for mark in found.marks if mark.layer is layer]
        hatched = {"pattern": {"shape": "/" if layer is Layer.FORECAST else ""}}
        traces.append({
            "type": "bar", "orientation": "h", "width": width, "marker": hatched,
            "y": [mark.row for mark in own], "base": [mark.start_s - start for mark in own],
            "x": [mark.finish_s - mark.start_s for mark in own],
        })  # fmt: skip
    span = (view.finish - view.start).total_seconds()
    return figure("light", traces, barmode="overlay", xaxis={"range": [0, span]}, height=700)


def _views() -> Iterator[GanttView]:
    """Yield windows of every kind, the usual one first."""
    for hours in (48, 12, 168, 720):
        for by in Grouping:
            for place in (0, 40):
                yield GanttView(
                    start=NOW - timedelta(hours=hours / 4),
                    finish=NOW + timedelta(hours=hours * 3 / 4),
                    by=by, first=place if by is Grouping.ORDER else 0, rows=20,
                )  # fmt: skip


def _drawn(plant: Plant, view: GanttView) -> str:
    plant.indexes.gantt.renew(plant.forecasts)
    ids = order_ids(plant.indexes, view, NOW, NOW - KEPT)
    found = picture(plant.indexes, view, NOW, ids, PastPage())
    return encoded(drawing(found, 0, "Asia/Taipei", str, T))


def _everything(plant: Plant) -> int:
    """Return the size of all bars of all orders, one by one."""
    index, rows = plant.indexes.gantt, []
    for order, plan in index.plans.items():
        ahead = plant.forecasts.get(order)
        finishes = {one.operation: one for one in ahead.operations} if ahead else {}
        for step in plan.operations:
            state, one = plant.board.operation(order, step.id), finishes.get(step.id)
            known = (step.planned_start, step.planned_finish, state.started_at, state.finished_at)
            times = (*known, one.start_at if one else None, one.finish.p50_at if one else None)
            rows.append([order, step.id, *(at.isoformat() if at else None for at in times)])
    return len(json.dumps(rows))


def _renewed(index: GanttIndex, plant: Plant, order: str) -> None:
    index.touch([order])
    index.renew(plant.forecasts)


def _seconds(action: Callable[[], object]) -> float:
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def _ms(action: Callable[[], object]) -> float:
    return 1000 * _seconds(action)


def _p95(values: list[float]) -> float:
    return quantiles(values, n=20)[-1]
