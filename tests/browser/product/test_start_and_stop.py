"""`python app.py` on a bare folder: up, stopped without a trace, up again with all it had."""

import psutil
import pytest

from tests.browser.product.program import Program, wait_for
from tests.folders import short_folder

pytestmark = pytest.mark.filterwarnings("default::ResourceWarning")


def test_what_was_acknowledged_is_there_after_a_stop_and_nothing_is_left_running() -> None:
    with short_folder() as folder:
        program = Program(folder)
        try:
            program.start()
            program.plan()
            program.report("operation.progressed", "operation/SO-1/20", work_unit="P1", good=5)
            assert program.stop() == 0
            left = [pid for pid in program.pids() if _runs(pid)]
            assert left == []
            program.start()
            shown = lambda: '"p0-figures-good":{"t":"5"' in _first_frame(program)  # noqa: E731
            wait_for(shown, 60, "five good pieces")
        finally:
            program.stop()


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _first_frame(program: Program) -> str:
    with program.open("/live/wall/works.L1?lang=en") as stream:
        lines = [stream.readline().decode() for _ in range(6)]
    return "".join(lines)
