"""Every state that a work unit can be in has its word on the andon."""

import pytest
from msgspec.structs import replace

from data.domain.events import WorkUnitState
from layouts.grid import Place
from layouts.panels import work_units
from layouts.text import LOCALES, translator
from tests.browser.harness import views

WIDE = Place(prefix="p", width=49.0, height=12.0)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("state", WorkUnitState)
def test_a_unit_in_any_state_says_it(state: WorkUnitState, locale: str) -> None:
    view, t = views.ordinary(), translator(locale)
    unit = replace(view.units[0], state=state, since=None, late_s=None, reason=None, stale=False)
    cells = work_units.render(replace(view, units=(unit,)), WIDE, t)
    assert cells["p-0-fact-0"]["t"] == t(work_units.STATES[state])
