"""The parts that run beside the web: recorder, watch, demo factory. Imported by `app`."""

import ctypes
import signal
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

from data.commands.archive import keep_up
from data.services.ingest import Ingest
from data.services.live import LiveSite, utc_now
from data.settings import Settings
from data.store.scoped import WORKER
from data.wiring import DEMO_SITE, Engines, in_thread, patiently, stop_on_signals

if TYPE_CHECKING:
    from data.services.worker import Worker

# glibc's mallopt: of heaps (one for each thread that meets another in malloc, else), and from which
# size on memory is asked of the system by itself, and given back at once.
_HEAPS, _BY_ITSELF = -8, -3
_MOST_HEAPS, _LARGE = 2, 256 * 1024


def migrate(settings: Settings) -> int:
    """Bring the schema to the newest version."""
    from data.store.migrate import upgrade

    patiently(lambda: upgrade(settings.database_url or ""))
    return 0


def work(settings: Settings) -> int:
    """Record every site that this process can get hold of."""
    from data.services.worker import Worker
    from data.store.migrate import upgrade

    patiently(lambda: upgrade(settings.database_url or ""))
    in_thread(keep_up, settings)
    with closing(Engines(settings, WORKER)) as engines:
        return _worked(Worker(engines.log, engines.history, engines.recorder))


def watch(settings: Settings) -> int:
    """Watch every site that this process can get hold of."""
    from data.services.worker import Worker
    from data.store.migrate import upgrade

    _keep_memory_small()
    patiently(lambda: upgrade(settings.database_url or ""))
    with closing(Engines(settings, WORKER)) as engines:
        return _worked(Worker(engines.log, None, engines.watch))


def _worked(worker: "Worker") -> int:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    worker.run()
    return 0


def simulate(settings: Settings) -> int:
    """Run the demo factory: its past once, then live."""
    from data.store.migrate import upgrade

    patiently(lambda: upgrade(settings.database_url or ""))
    with closing(Engines(settings)) as engines:
        _played(engines, settings.seed)
    return 0


def _played(engines: Engines, seed: int) -> None:
    from data.services.demo import DemoSink
    from data.simulate.run import run_demo

    stop_on_signals(stop := threading.Event())
    before = LiveSite(DEMO_SITE, engines.log, engines.history, utc_now)
    before.load()  # what is recorded, and what the log holds beyond it
    sites = engines.followed(in_thread, time.sleep)
    ingest = Ingest(engines.log, engines.history, sites)
    fresh = before.board.site_state.site is None
    recorder = engines.recorder(DEMO_SITE) if fresh else None
    sink = DemoSink(DEMO_SITE, ingest, engines.log, utc_now, recorder)
    run_demo(sink, before.board, seed, utc_now, stop.wait, stop.is_set)


def _keep_memory_small() -> None:
    """Let glibc hold few heaps, and give large blocks back, in a process that runs for months.

    Else each thread that forecasts may get a heap of its own, in which what lives long lies
    between the samples of a simulation. Another C library has no such call, and needs none.
    """
    tune = getattr(ctypes.CDLL(None), "mallopt", None)
    if tune is not None:
        tune(_HEAPS, _MOST_HEAPS)
        tune(_BY_ITSELF, _LARGE)
