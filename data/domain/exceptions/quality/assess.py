"""How good this program's alarms are, summed up for a period.

Pure. Imported by the service that finds what SQL has of them. Measures and limits are those of
EEMUA 191 and ISA-18.2; docs/exceptions-quality.md says how each is counted.
"""

from collections.abc import Iterable, Sequence

from data.domain.exceptions.quality.answers import answers
from data.domain.exceptions.quality.patterns import chattering, precision, stale, top_sources
from data.domain.exceptions.quality.rates import people_of, worst_day
from data.domain.exceptions.quality.records import Course, Opinion, Period, Quality, Told
from data.domain.exceptions.records import Severity


def assess(
    told: Sequence[Told], courses: Sequence[Course], opinions: Iterable[Opinion], period: Period,
    person: str | None = None,
) -> Quality:  # fmt: skip
    """Sum up a period. `person`: whose worst day is shown; without, that of the one with the worst.

    Shape: `courses` hold every exception that moved in the period or was open in it.
    """
    within = sorted((one for one in told if period.has(one.at)), key=lambda one: one.at)
    raises = [(one, step) for one in courses for step in one.steps if step.came_up(period)]
    return Quality(
        period=period,
        raised=len(raises),
        people=people_of(within, period),
        worst=worst_day(within, period, person),
        sources=top_sources(one for one, _ in raises),
        stale=stale(courses, period),
        chattering=chattering(courses, period),
        by_rule=answers(courses, period, lambda one: one.rule),
        by_role=answers(courses, period, lambda one: one.role.value),
        precision=precision(opinions),
        severities={s: sum(one.severity is s for one, _ in raises) for s in Severity},
    )
