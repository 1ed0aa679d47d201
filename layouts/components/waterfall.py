"""The delay ledger drawn: the sums by cause, then step after step from promised to actual.

Pure. Every step is a link that opens it in place and shows what proves it.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from dash import html
from dash.development.base_component import Component
from msgspec import Struct

from data.domain.ledger.records import Cause
from data.domain.order_account import APART, Account, CauseLine, Fold, StepLine, folded
from data.domain.view import Standing
from layouts.components.causes import CAUSES, owner_words
from layouts.components.desk import Bar, bars
from layouts.components.links import link
from layouts.components.reading import Reading, clocked, lasting, sign, signed
from layouts.text import NONE
from layouts.theme import LOOKS


class Shown(Struct, frozen=True, kw_only=True):
    """What of an account is shown: one cause or all, one operation or all, the open step."""

    cause: Cause | None = None
    operation: str | None = None
    step: int | None = None


class Range(Struct, frozen=True):
    """The least and the most that the order was late along the steps; holds nothing late."""

    least_s: int
    most_s: int

    def between(self, one_s: int, other_s: int) -> dict[str, str]:
        """Return where the stretch between two latenesses stands, and how wide it is."""
        whole = max(1, self.most_s - self.least_s)
        left = 100 * (min(one_s, other_s) - self.least_s) / whole
        return {"left": f"{left:.2f}%", "width": f"{100 * abs(other_s - one_s) / whole:.2f}%"}


def range_of(account: Account) -> Range:
    """Return the range that all bars of an account share."""
    marks = [0, *(line.after_s for line in account.steps)]
    return Range(min(marks), max(marks))


def sum_line(account: Account, reading: Reading) -> Component:
    """Say that the steps add up to the lateness, to the second."""
    t, total_s = reading.t, sum(line.late_s for line in account.steps)
    words = t(
        "Sum of {count} steps {sum} = lateness {lateness}",
        count=t.number(len(account.steps)),
        sum=signed(total_s, t) or lasting(0, t),
        lateness=signed(account.lateness_s, t) or lasting(0, t),
    )
    return html.P(words, className="mp-wf-sum")


def cause_bars(account: Account, shown: Shown, reading: Reading) -> Component:
    """Return the sums by cause; what explains nothing stands apart below."""
    t = reading.t
    most = max((abs(line.late_s) for line in (*account.causes, *account.apart)), default=1) or 1
    explained = [_bar(line, most, shown, reading, account.lateness_s) for line in account.causes]
    apart = [_bar(line, most, shown, reading, 0) for line in account.apart]
    title = t("Lateness by cause")
    parts: list[Component] = [html.H3(title), bars(explained, title)] if explained else []
    if apart:
        parts.append(html.P(t("In the sum, but no cause"), className="mp-wf-apart"))
        parts.append(html.Div(bars(apart, t("In the sum, but no cause")), className="mp-apart"))
    return html.Div(parts, className="mp-wf-causes")


def place_bars(
    account: Account, names: Mapping[str, str], shown: Shown, reading: Reading
) -> Component:
    """Return the sums by operation, in the order of the walk; `names` of the operations."""
    t = reading.t
    most = max((abs(line.late_s) for line in account.places), default=1) or 1
    found = []
    for line in account.places:
        name, chosen = line.operation, line.operation == shown.operation
        words = t("order as a whole") if name is None else f"{name} {names.get(name, '')}".strip()
        late = line.late_s > 0 and name is not None and account.lateness_s > 0
        href = reading.address.href(operation=None if chosen else name, step=None)
        found.append(
            Bar(
                words=words,
                value=signed(line.late_s, t) or lasting(0, t),
                share=abs(line.late_s) / most,
                href=None if name is None else href,
                chosen=chosen and name is not None,
                standing=Standing.LATE if late else None,
            )
        )
    title = t("Lateness by operation")
    return html.Div([html.H3(title), bars(found, title)], className="mp-wf-causes")


def _bar(line: CauseLine, most: int, shown: Shown, reading: Reading, whole_s: int) -> Bar:
    t, chosen = reading.t, shown.cause is line.cause
    late = line.late_s > 0 and line.cause not in APART and whole_s > 0
    names = (owner_words(owner, t, reading.parties) for owner in line.owners[:3])
    owners = ", ".join(dict.fromkeys(names))
    return Bar(
        words=t(CAUSES[line.cause]),
        value=signed(line.late_s, t) or lasting(0, t),
        share=abs(line.late_s) / most,
        href=reading.address.href(cause=None if chosen else line.cause, step=None),
        chosen=chosen,
        note=owners,
        standing=Standing.LATE if late else None,
    )


def waterfall(
    account: Account, shown: Shown, reading: Reading, opened: Callable[[StepLine], Component]
) -> Component:
    """Return the steps; `opened` makes what stands below the one that is open."""
    scale = range_of(account)
    steps = [line for line in account.steps if _passes(line, shown)]
    filtered = shown.cause is not None or shown.operation is not None
    folds = [Fold(steps=(line,)) for line in steps] if filtered else folded(steps)
    rows: list[Component] = [_end_row("first", reading.t("promised"), 0, scale, reading)]
    for fold in folds:
        rows.append(_fold_row(fold, shown, scale, reading, opened))
    if not filtered:
        word = reading.t("completed") if account.ledger.completed else reading.t("expected")
        rows.append(_end_row("last", word, account.lateness_s, scale, reading))
    return html.Div([_heads(reading), html.Ol(rows, className="mp-wf-rows")], className="mp-wf")


def _passes(line: StepLine, shown: Shown) -> bool:
    fits = shown.cause is None or line.step.cause is shown.cause
    return fits and (shown.operation is None or line.step.operation == shown.operation)


def _heads(reading: Reading) -> Component:
    t = reading.t
    words = (
        ("cause", t("cause")), ("where", t("operation, place")), ("owner", t("answers for it")),
        ("when", t("from, to")), ("took", t("took")), ("planned", t("plan")),
        ("bar", t("from promised on")), ("late", t("adds")),
    )  # fmt: skip
    cells = [html.Span(word, className=f"mp-wf-{name}") for name, word in words]
    return html.Div(cells, className="mp-wf-row mp-wf-heads", **{"aria-hidden": "true"})


def _end_row(css: str, word: str, late_s: int, scale: Range, reading: Reading) -> Component:
    track = html.Span(
        [_zero(scale), html.Span(className="mp-wf-total", style=scale.between(0, late_s))],
        className="mp-wf-bar",
        **{"aria-hidden": "true"},
    )
    look = LOOKS[Standing.LATE].css if late_s > 0 else ""
    amount = html.Span(signed_clock(late_s), className="mp-wf-late")
    row = html.Span([html.Strong(word, className="mp-wf-cause"), track, amount],
                    className=f"mp-wf-row mp-wf-end {look}".strip())  # fmt: skip
    return html.Li(row, className=f"mp-wf-{css}")


def _fold_row(
    fold: Fold,
    shown: Shown,
    scale: Range,
    reading: Reading,
    opened: Callable[[StepLine], Component],
) -> Component:
    if len(fold.steps) == 1:
        return _step_row(fold.steps[0], shown, scale, reading, opened)
    t, first, last = reading.t, fold.steps[0], fold.steps[-1]
    words = t("{count} small steps", count=t.number(len(fold.steps)))
    cells = [
        html.Span(words, className="mp-wf-cause"),
        html.Span(_period(first.step.start, last.step.end, reading), className="mp-wf-when"),
        _track(first.before_s, last.after_s, scale, late=fold.late_s > 0, apart=False),
        html.Span(signed_clock(fold.late_s), className="mp-wf-late"),
    ]
    inside = [_step_row(line, shown, scale, reading, opened) for line in fold.steps]
    is_open = any(line.number == shown.step for line in fold.steps)
    return html.Li(
        html.Details(
            [html.Summary(cells, className="mp-wf-row mp-wf-fold"),
             html.Ol(inside, className="mp-wf-rows")],
            open=is_open,
            id=f"steps-{first.number}",
        )
    )  # fmt: skip


def _step_row(
    line: StepLine, shown: Shown, scale: Range, reading: Reading,
    opened: Callable[[StepLine], Component],
) -> Component:  # fmt: skip
    is_open = line.number == shown.step
    href = reading.address.href(step=None if is_open else str(line.number))
    late = line.late_s > 0 and line.step.cause not in APART
    look = LOOKS[Standing.LATE].css if late else ""
    row = link(
        _cells(line, scale, reading), href, f"mp-wf-row mp-wf-step {look}".strip(),
        "true" if is_open else "",
    )  # fmt: skip
    return html.Li([row, opened(line)] if is_open else row, id=f"step-{line.number}")


def _cells(line: StepLine, scale: Range, reading: Reading) -> list[Component]:
    step, t = line.step, reading.t
    apart = step.cause in APART
    return [
        html.Span(
            [html.Span(t(CAUSES[step.cause])), *_about(line, reading)], className="mp-wf-cause"
        ),
        html.Span(place_words(line), className="mp-wf-where"),
        html.Span(owner_words(step.owner, t, reading.parties), className="mp-wf-owner"),
        html.Span(_period(step.start, step.end, reading), className="mp-wf-when"),
        html.Span(clocked(line.actual_s), className="mp-wf-took"),
        html.Span(clocked(line.planned_s), className="mp-wf-planned"),
        _track(line.before_s, line.after_s, scale, late=line.late_s > 0, apart=apart),
        html.Span(signed_clock(line.late_s), className="mp-wf-late"),
    ]


def place_words(line: StepLine) -> str:
    """Say at which operation and where a step was."""
    step = line.step
    where = step.work_unit or step.work_center
    return " · ".join(part for part in (step.operation, where) if part) or NONE


def _about(line: StepLine, reading: Reading) -> Sequence[Component]:
    words = about_words(line, reading)
    return (html.Span(words, className="mp-wf-about"),) if words else ()


def about_words(line: StepLine, reading: Reading) -> str:
    """Say what a step is about: another operation, a part, a reason, a number of pieces."""
    about = line.step.about
    if about is None:
        return ""
    if line.step.cause is Cause.REWORK:
        return reading.t("{count} pieces", count=about)
    return about.removeprefix("operation/").replace("/", " · ")


def _period(start: datetime, end: datetime, reading: Reading) -> str:
    if start == end:
        return reading.said(start)
    t, zone = reading.t, reading.timezone
    same = t.date(start, zone) == t.date(end, zone)
    return f"{reading.said(start)} – {t.clock(end, zone) if same else reading.said(end)}"


def _track(before_s: int, after_s: int, scale: Range, *, late: bool, apart: bool) -> Component:
    css = "mp-wf-apart-fill" if apart else "mp-wf-late-fill" if late else "mp-wf-gain-fill"
    fill = html.Span(className=f"mp-wf-fill {css}", style=scale.between(before_s, after_s))
    return html.Span([_zero(scale), fill], className="mp-wf-bar", **{"aria-hidden": "true"})


def _zero(scale: Range) -> Component:
    return html.Span(className="mp-wf-zero", style={"left": scale.between(0, 0)["left"]})


def signed_clock(seconds: int) -> str:
    """Length of time with its sign as hours, minutes, seconds."""
    return f"{sign(seconds)}{clocked(seconds)}"
