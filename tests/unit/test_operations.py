"""The run book has every alarm that the program raises, and no other: who is on duty finds it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.metrics import MetricWrapperBase

from callbacks import metrics
from data.domain.scope import Role
from data.services.admission import Why
from data.services.rules import usual_rules
from layouts.components.exception_aside import DELIVERY

ROOT = Path(__file__).parents[2]
BOOK = (ROOT / "docs" / "operations.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in BOOK.splitlines()
    if line.startswith("| ") and not line.startswith("| | ")
]
LEVELS = {"error": "error", "exception": "error", "critical": "error", "warning": "warning"}
CALM = {"live", "connecting", "as of", "replay of a log"}  # words beside them that are no alarm


def code() -> Iterator[tuple[Path, ast.AST]]:
    """Everything that the program runs, piece by piece."""
    folders = (ROOT / name for name in ("data", "callbacks", "layouts"))
    for path in [ROOT / "app.py", *(path for folder in folders for path in folder.rglob("*.py"))]:
        yield from ((path, node) for node in ast.walk(ast.parse(path.read_text())))


def logged(level: str) -> set[str]:
    """What is logged at a level, by the first words of each call."""
    found = set()
    for path, node in code():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            at, log = LEVELS.get(node.func.attr), node.func.value
            if at == level and isinstance(log, ast.Name) and log.id in {"_log", "log"}:
                assert isinstance(node.args[0], ast.Constant), f"{path}:{node.lineno}"
                found.add(node.args[0].value)
    return found


def section(begins: str) -> str:
    """The part of the run book from some words to the next blank line after its table."""
    table = BOOK[BOOK.index(begins) :].split("\n\n")[1]
    return "\n".join(line.split(" | ")[0] for line in table.splitlines()[2:])


def named(where: str) -> set[str]:
    """What the run book's first table has of a place, as code or as quoted words."""
    rows = [row[1] for row in ROWS if row[0] == where]
    found = (pair for row in rows for pair in re.findall(r"`([^`]+)`|\"([^\"]+)\"", row))
    return {code or quoted for code, quoted in found}


def functions(path: str) -> dict[str, ast.FunctionDef]:
    tree = ast.parse((ROOT / path).read_text())
    return {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def said(function: ast.FunctionDef) -> set[str]:
    """The messages that a function lets be translated, with … for their values."""
    calls = (node for node in ast.walk(function) if isinstance(node, ast.Call))
    messages = (
        call.args[0].value
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id == "t" and call.args
        and isinstance(call.args[0], ast.Constant)
    )  # fmt: skip
    return {re.sub(r"\{\w+\}", "…", message) for message in messages}


@pytest.mark.parametrize(
    "level, begins", [("error", "What is logged at level error"), ("warning", "At level warning")]
)
def test_what_is_logged_as_trouble_is_in_the_run_book_and_nothing_else_is(
    level: str, begins: str
) -> None:
    assert set(re.findall(r"`([^`]+)`", section(begins))) == logged(level)


def test_every_exception_of_the_program_itself_has_a_row() -> None:
    own = {rule.id for rule in usual_rules() if rule.owner is Role.ADMINISTRATOR}
    assert own <= named("exception")
    assert named("exception") <= {rule.id for rule in usual_rules()}


def test_every_metric_has_a_row_and_every_row_a_metric() -> None:
    known = set()
    for metric in vars(metrics).values():
        if isinstance(metric, MetricWrapperBase):
            (family,) = metric.describe()
            known.add(family.name + ("_total" if family.type == "counter" else ""))
    rows = {name for row in ROWS for name in re.findall(r"`(milepost_[a-z_]+)", row[0])}
    assert rows == known


def test_every_reason_for_which_something_is_refused_has_a_row() -> None:
    table = BOOK[BOOK.index("| why | when | what to do |") :].split("\n\n")[0]
    assert set(re.findall(r"^\| `([a-z-]+)` \|", table, re.M)) == {str(why) for why in Why}


def test_every_state_of_a_site_in_readyz_and_both_engines_have_a_row() -> None:
    state = next(
        node for node in ast.walk(functions("callbacks/operating.py")["_site_state"])
        if isinstance(node, ast.Dict)
    )  # fmt: skip
    keys = {key.value for key in state.keys if isinstance(key, ast.Constant)}
    words = {word.removeprefix("sites.….") for word in named("`/readyz`")}
    assert words == keys | {"missing.log", "missing.history"}


def test_every_word_of_trouble_in_the_header_of_walls_and_pages_has_a_row() -> None:
    header, desk = functions("layouts/panels/header.py"), functions("layouts/desk.py")
    wall = said(header["_history"]) | said(header["_freshness"])
    wall |= {word for word in said(header["render"]) if "log" in word}
    pages = set[str]().union(
        *(said(desk[name]) for name in ("status_line", "_as_of", "_stale_words"))
    )
    assert named("wall, pages") == (wall | pages) - CALM - {"forecasts are … old"}
    assert "forecasts are … old" in named("pages") & pages
    assert named("pages") - pages <= said(functions("layouts/pages/troubles.py")["unavailable"])


def test_what_is_said_of_a_delivery_is_what_the_page_says() -> None:
    assert named("page of an exception") <= set(DELIVERY.values())
