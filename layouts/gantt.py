"""The drawing of a Gantt: a picture as the compact document that `assets/gantt.js` draws. Pure.

All words are in the reader's language by now and all places along time are whole seconds from
the window's start, so the script only turns numbers into shapes.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import msgspec
from babel.dates import format_skeleton
from msgspec import Struct

from data.domain.gantt.records import GanttPicture, GanttRow, GanttView, Grouping, Layer, Mark
from data.domain.view import Standing
from layouts.text import Translator
from layouts.theme import LOOKS

LATE, CRITICAL, DONE, GROUP = 1, 2, 4, 8  # flags of a mark
TICK_PX = 74.0
STEPS_MIN = (5, 15, 30, 60, 120, 180, 360, 720)
STEPS_DAYS = (1, 2, 7, 14)
_LAYERS = {layer: place for place, layer in enumerate(Layer)}

Href = Callable[[str], str]  # address of an order's page


class Row(Struct, frozen=True):
    """The label of a row."""

    key: str
    title: str
    words: str
    css: str
    said: str
    href: str
    chosen: bool


class Tick(Struct, frozen=True, array_like=True):
    """One line of the axis; `major`: a day's or month's begin, named above."""

    at: int
    words: str
    major: bool


class Drawing(Struct, frozen=True, kw_only=True):
    """Everything that the script draws. Units: seconds, after `start`, which is since 1970."""

    start: int
    finish: int
    wanted: int  # the finish that was asked for
    now: int
    drawn: int  # the real instant, ms
    first: int
    total: int
    rows: tuple[Row, ...]
    marks: tuple[tuple[int | float, ...], ...]
    refs: tuple[tuple[str, str, str], ...]
    ticks: tuple[Tick, ...]
    off: tuple[tuple[int, int], ...]
    chain: tuple[tuple[int, int, int, int, int], ...]
    count: str
    note: str
    chosen: str


def drawing(
    picture: GanttPicture, drawn_ms: int, timezone: str, href: Href, t: Translator
) -> Drawing:
    """Return a picture as a drawing."""
    view = picture.view
    start_s = int(view.start.timestamp())
    refs: dict[tuple[str, str, str], int] = {}
    marks = tuple(_mark(mark, start_s, refs) for mark in picture.marks)
    return Drawing(
        start=start_s,
        finish=int(picture.finish.timestamp()) - start_s,
        wanted=int(view.finish.timestamp()) - start_s,
        now=int(picture.now.timestamp()) - start_s,
        drawn=drawn_ms,
        first=view.first,
        total=picture.total,
        rows=tuple(_row(row, view, href, t) for row in picture.rows),
        marks=marks,
        refs=tuple(refs),
        ticks=tuple(ticks(view.start, picture.finish, view.width_px, timezone, t)),
        off=tuple((round(a) - start_s, round(b) - start_s) for a, b in picture.off_shift),
        chain=tuple(_arrows(picture, start_s)),
        count=_count(picture, t),
        note=_note(picture, t),
        chosen=_chosen(picture, timezone, t),
    )


def encoded(drawn: Drawing) -> str:
    """Return a drawing as the text that travels."""
    return msgspec.json.encode(drawn).decode()


def ticks(
    start: datetime, finish: datetime, width_px: float, timezone: str, t: Translator
) -> Iterator[Tick]:
    """Yield the lines of the axis: at round times of the site's clock, as many as can be read."""
    zone, span_s = ZoneInfo(timezone), (finish - start).total_seconds()
    least_s = span_s * TICK_PX / max(1.0, width_px)
    step_min = next((step for step in STEPS_MIN if step * 60 >= least_s), None)
    if step_min is not None:
        yield from _clock_ticks(start, finish, step_min, zone, t)
        return
    step = next((step for step in STEPS_DAYS if step * 86400 >= least_s), None)
    yield from _day_ticks(start, finish, step, zone, t)


def _mark(
    mark: Mark, start_s: int, refs: dict[tuple[str, str, str], int]
) -> tuple[int | float, ...]:
    flags = LATE * mark.late | CRITICAL * mark.critical | DONE * mark.done
    at, length = round(mark.start_s) - start_s, round(mark.finish_s - mark.start_s)
    head = (_LAYERS[mark.layer], mark.row, at, length)
    if mark.operation is None or mark.order is None:
        return (*head, flags | GROUP, mark.count, round(100 * mark.filled))
    ref = refs.setdefault((mark.order, mark.operation, mark.name), len(refs))
    return (*head, flags, ref) if mark.lanes < 2 else (*head, flags, ref, mark.lane, mark.lanes)


def _row(row: GanttRow, view: GanttView, href: Href, t: Translator) -> Row:
    if row.by is not Grouping.ORDER:
        title = t("{center}, work unit not known yet", center=row.title) if row.rest else row.title
        return Row(
            row.key,
            title,
            row.id if row.id != row.title and not row.rest else "",
            "",
            "",
            "",
            False,
        )
    words = " · ".join(word for word in (row.product, row.customer) if word)
    look = LOOKS[row.standing]
    return Row(
        row.key, row.title, words, look.css, _said(row, t), href(row.id), row.id == view.order
    )


def _said(row: GanttRow, t: Translator) -> str:
    if row.standing is Standing.DONE and (row.slack_s is None or row.slack_s >= 0):
        return t("done")
    if row.slack_s is None:
        return t(LOOKS[row.standing].word)
    if row.slack_s < 0:
        return t("{duration} late", duration=t.brief(-row.slack_s))
    return t("{duration} spare", duration=t.brief(row.slack_s))


def _arrows(picture: GanttPicture, start_s: int) -> Iterator[tuple[int, int, int, int, int]]:
    """Yield the links of the chain between operations that are both among the rows."""
    for before, after in pairwise(picture.chain):
        if before.row is not None and after.row is not None:
            end, begin = round(before.finish_s) - start_s, round(after.start_s) - start_s
            yield (end, before.row, begin, after.row, int(after.shared))


def _count(picture: GanttPicture, t: Translator) -> str:
    if not picture.rows:
        return t("nothing")
    first = min(picture.view.first + 1, picture.total)
    last = min(picture.view.first + len(picture.rows), picture.total)
    return t(
        "{first}–{last} of {total}",
        first=t.number(first), last=t.number(last), total=t.number(picture.total),
    )  # fmt: skip


def _note(picture: GanttPicture, t: Translator) -> str:
    notes = []
    if not picture.rows and not picture.left_out:
        notes.append(t("Nothing in this window. Widen it, or take a filter away."))
    if picture.finish < picture.view.finish:
        notes.append(t("Too much is late here to be shown at once: the window ends earlier."))
    if picture.left_out:
        notes.append(
            t(
                "{rows} rows left out: late and critical bars are never merged. Zoom in.",
                rows=picture.left_out,
            )
        )
    if picture.past_missing:
        notes.append(t("Orders completed longer ago can't be shown: the history can't be reached."))
    return " ".join(notes)


def _chosen(picture: GanttPicture, timezone: str, t: Translator) -> str:
    if picture.view.order is None:
        return ""
    if not picture.chain:
        return picture.view.order
    end = datetime.fromtimestamp(picture.chain[-1].finish_s, UTC)
    return t(
        "{order}: critical chain of {steps} steps, ends {when}",
        order=picture.view.order, steps=len(picture.chain),
        when=t.moment(end, timezone, picture.now),
    )  # fmt: skip


def _clock_ticks(
    start: datetime, finish: datetime, step_min: int, zone: ZoneInfo, t: Translator
) -> Iterator[Tick]:
    at = start.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    while at.astimezone(UTC) < finish:
        offset = round((at.astimezone(UTC) - start).total_seconds())
        midnight = at.hour == 0 and at.minute == 0
        if offset >= 0 or (midnight and _same_day(at, start, zone)):
            words = _skeleton("MMMEd", at, t) if midnight else f"{at:%H:%M}"
            yield Tick(offset, words, midnight)
        at += timedelta(minutes=step_min)


def _same_day(at: datetime, start: datetime, zone: ZoneInfo) -> bool:
    return at.date() == start.astimezone(zone).date()


def _day_ticks(
    start: datetime, finish: datetime, step: int | None, zone: ZoneInfo, t: Translator
) -> Iterator[Tick]:
    at = start.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    first = True
    while at.astimezone(UTC) < finish:
        major = at.day == 1 or first
        on_step = step is not None and at.toordinal() % step == (1 if step >= 7 else 0)
        offset = round((at.astimezone(UTC) - start).total_seconds())
        if major:
            yield Tick(offset, _skeleton("yMMM", at, t), True)
        elif on_step and offset >= 0:
            yield Tick(offset, str(at.day) if step == 1 else _skeleton("MMMd", at, t), False)
        at, first = at + timedelta(days=1), False


def _skeleton(skeleton: str, at: datetime, t: Translator) -> str:
    return format_skeleton(skeleton, at, locale=t.locale.replace("-", "_"))


def standings(t: Translator) -> Sequence[tuple[str, str]]:
    """Return class and word of the standings that bars and rows have."""
    shown = (Standing.LATE, Standing.AT_RISK, Standing.ON_TRACK, Standing.DONE)
    return [(LOOKS[one].css, t(LOOKS[one].word)) for one in shown]
