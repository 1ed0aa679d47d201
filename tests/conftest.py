"""What all tests share: the engines, no time limits, which a busy machine breaks, and their order.

Several processes of pytest are done soonest when none is left with a long file at the end, and
when those files that use one running program are left to one process, which starts it once.
"""

import gc
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.engines", "tests.security.tenants"]

PATIENT = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("patient", derandomize=True, **PATIENT)
settings.register_profile("random", **PATIENT)  # `--hypothesis-profile random` tries other examples
settings.load_profile("patient")

TOGETHER = ("tests/browser/product/", "tests/security/")
LONGEST_FIRST = (
    *TOGETHER, "tests/scale/", "tests/faults/", "tests/real/", "tests/unit/simulate/",
    "tests/browser/", "tests/contract/", "tests/unit/domain/test_board",
)  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _nothing_is_left_open(request: pytest.FixtureRequest) -> Iterator[None]:
    """Find here what a module on real engines left open; else a test of another one is blamed."""
    yield
    if not request.node.nodeid.startswith("tests/unit/"):
        gc.collect()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long; within a folder all stay as they were."""
    items.sort(key=lambda item: _first(LONGEST_FIRST, item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give a process file after file, or a whole folder of those that belong together."""
    from xdist.scheduler import LoadFileScheduling

    class Folders(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            place = _first(TOGETHER, nodeid)
            return TOGETHER[place] if place < len(TOGETHER) else super()._split_scope(nodeid)

    if config.getvalue("dist") != "loadfile":
        return None
    config.option.loadscopereorder = False
    return Folders(config, log)


def _first(prefixes: Sequence[str], nodeid: str) -> int:
    """Return the place of the first prefix that fits, or that behind the last."""
    fits = (place for place, prefix in enumerate(prefixes) if nodeid.startswith(prefix))
    return next(fits, len(prefixes))
