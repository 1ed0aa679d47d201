"""The documentation says what the code does; what it forgets fails here."""

import re
from pathlib import Path

import pytest

from data.domain.events import EventType, WorkUnitState
from data.domain.rules import RULES

ROOT = Path(__file__).parents[2]
DOCS = sorted(path for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
EVENTS = (ROOT / "docs" / "events.md").read_text()
ROWS = {cells[0]: cells[1:] for cells in re.findall(r"^\| `(\w+\.\w+)` \| (.+?) \| (.+?) \|$", EVENTS, re.M)}  # fmt: skip # noqa: E501


def test_every_event_type_has_a_row_with_its_subject_and_its_fields() -> None:
    assert set(ROWS) == {str(kind) for kind in EventType}
    for kind in set(EventType) - {EventType.PLAN_CHANGED, EventType.EVENT_VOIDED}:
        subject, fields = ROWS[kind]
        assert (subject,) == tuple(str(one) for one in RULES[kind].kinds)
        assert set(re.findall(r"\*\*(\w+)\*\*", fields)) == RULES[kind].required
        assert set(re.findall(r"\w+", fields)) == RULES[kind].required | RULES[kind].optional


def test_every_state_of_a_work_unit_is_told() -> None:
    for state in WorkUnitState:
        assert f"`{state}`" in EVENTS


@pytest.mark.parametrize("page", DOCS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_within_the_project_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), target
