"""The notifier's process, and the command that shows and opens its ways. Imported by `app`."""

import threading
from collections.abc import Callable, Mapping
from contextlib import closing

import structlog

from data.services.delivering import Wording
from data.services.disclosures import Disclosures
from data.services.errors import MilepostError
from data.services.planning import Plants
from data.services.report_post import Papers
from data.settings import Settings
from data.store.scoped import WORKER
from data.wiring import Engines, notifier_of, patiently, stop_on_signals, ways_of

PAUSE_S, RETRY_S = 0.5, 2.0
MakesWords = Callable[[Plants, Disclosures, str], Wording]
MakesPapers = Callable[[str], Papers]  # given where people open the program
_log = structlog.get_logger("notifier")


def notify(settings: Settings, words: MakesWords, papers: MakesPapers) -> int:
    """Tell people what happened, until told to stop; return 1 when a part of it failed."""
    from data.store.migrate import upgrade

    patiently(lambda: upgrade(settings.database_url or ""))
    with closing(Engines(settings, WORKER)) as engines:
        notifier, senders = notifier_of(engines, settings, words, papers)
        steps = {"notifier": notifier.step} | {name: one.step for name, one in senders.items()}
        return _kept_going(steps)


def _kept_going(steps: Mapping[str, Callable[[], int]]) -> int:
    """Do each of the steps over and over in a thread of its own."""
    stop_on_signals(stop := threading.Event())
    failed: list[str] = []
    threads = [
        threading.Thread(target=_go_on, args=(name, step, stop, failed), name=f"notify {name}")
        for name, step in steps.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return int(bool(failed))


def show_ways(settings: Settings, opened: str, address: str) -> int:
    """Print the ways there are and what of them is shut; open one again."""
    from data.store.way_states import WayStates

    with closing(Engines(settings, WORKER)) as engines:
        book = WayStates(engines.sql)
        if opened:
            was_shut = book.reopen(opened, address)
            print(f"{opened} {address}: {'open' if was_shut else 'was not shut'}")
            return int(not was_shut)
        ways = ways_of(settings)
        for name in ways.names():
            way = ways.find(name)
            print(f"{name}  {way.kind if way else ''}")
        for shut in book.all_shut():
            print(f"{shut.way} {shut.address}  shut {shut.at:%F %T}: {shut.reason}")
    return 0


def _go_on(name: str, step: Callable[[], int], stop: threading.Event, failed: list[str]) -> None:
    """Do a step after the other; what nobody foresaw ends the process, for it to begin anew."""
    finished = False
    try:
        while not stop.is_set():
            try:
                pause_s = 0.0 if step() else PAUSE_S
            except MilepostError as error:
                _log.warning("waits", part=name, reason=str(error))
                pause_s = RETRY_S
            stop.wait(pause_s)
        finished = True
    finally:
        if not finished:
            failed.append(name)
            stop.set()
