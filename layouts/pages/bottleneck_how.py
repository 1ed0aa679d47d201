"""How the numbers of the page on bottlenecks came about: each unfolds to formula and inputs. Pure.

`Amounts` says shares, times and pieces in the reader's language.
"""

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component
from msgspec import Struct

from data.domain.bottleneck.flow import Arrow, arrow_method
from data.domain.bottleneck.opinions import CenterWaiting
from data.domain.bottleneck.report import BottleneckReport, UnitRow
from data.domain.bottleneck.shares import VerdictReason
from layouts.text import NONE, Translator, msgid

REASONS = {
    VerdictReason.CLEAR: msgid("Its interval lies above all others."),
    VerdictReason.INTERVALS_OVERLAP: msgid(
        "The intervals of the largest shares overlap: by chance another could be first."
    ),
    VerdictReason.TOO_FEW_SEGMENTS: msgid(
        "The bottleneck changed too rarely in this period to tell what is chance."
    ),
    VerdictReason.NOTHING_ACTIVE: msgid("No work unit was active in this period."),
}


class Amounts(Struct, frozen=True):
    """Says shares, times and pieces."""

    t: Translator

    def share(self, value: float | None) -> str:
        """Return a share in per cent."""
        if value is None:
            return NONE
        return self.t("{share} %", share=self.t.percent(value))

    def hours(self, seconds: float) -> str:
        """Return a length of time."""
        return self.t.duration(seconds)

    def pieces(self, value: float | None) -> str:
        """Return a number of pieces; with a tenth when it is small."""
        if value is None:
            return NONE
        return f"{value:.1f}" if 0 < value < 9.95 else self.t.number(value)


def fold(value: str, words: Sequence[str], css: str = "") -> Component:
    """Return a number that unfolds to how it came about."""
    return html.Details(
        [
            html.Summary(value),
            html.Div([html.P(word) for word in words], className="mp-bt-how-box"),
        ],
        className=f"mp-bt-how {css}".strip(),
    )


def share(row: UnitRow, report: BottleneckReport, say: Amounts) -> Component:
    """Unfold a unit's share of the counted time."""
    t, counted = say.t, report.counted_s
    words = [
        t("share = (alone + shifting) ÷ counted time"),
        t(
            "= ({sole} + {shifting}) ÷ {counted}",
            sole=say.hours(row.sole * counted),
            shifting=say.hours(row.shifting * counted),
            counted=say.hours(counted),
        ),
        t("Time off shift isn't counted. Shifting time counts for both units."),
    ]  # fmt: skip
    return fold(say.share(row.share), words)


def interval(row: UnitRow, report: BottleneckReport, say: Amounts) -> Component | str:
    """Unfold the interval of a share."""
    if row.low is None or row.high is None:
        return NONE
    t = say.t
    value = t("{low} – {high}", low=say.share(row.low), high=say.share(row.high))
    words = [
        t("95 % interval by batch means: the counted time is cut into 10 equal batches, the share "
          "of each is taken, and mean ± 2.262 × standard deviation ÷ √10 holds the true share."),
        t("{count} segments lie in this period.", count=t.number(report.segments)),
    ]  # fmt: skip
    return fold(value, words)


def waited(seconds: float, row: UnitRow, say: Amounts) -> Component | str:
    """Unfold how much of its time on shift a unit was starved or blocked."""
    value = row.of_shift(seconds)
    if value is None:
        return NONE
    t = say.t
    words = [
        t("share = time in that state ÷ time on shift"),
        t("= {part} ÷ {whole}", part=say.hours(seconds), whole=say.hours(row.on_shift_s)),
        t("From the states that the work unit reported."),
    ]
    return fold(say.share(value), words)


def gain(row: UnitRow, report: BottleneckReport, say: Amounts) -> Component | str:
    """Unfold what an hour more at a unit would give."""
    found, model = row.gain, report.model
    if found is None or model is None:
        return NONE
    t = say.t
    words = [
        t("pieces = capacity × reach"),
        t("= {capacity} pieces/h × {reach}", capacity=say.pieces(found.capacity),
          reach=say.share(found.reach)),
        t("capacity = good ÷ time worked ÷ visits = {good} ÷ {worked} ÷ {visits}",
          good=t.number(row.good), worked=say.hours(row.worked_s), visits=say.share(found.visits)),
        t("reach: how much of a gain here gets to the end of the line, by the model below."),
    ]  # fmt: skip
    return fold(t("+{pieces}", pieces=say.pieces(found.pieces)), words)


def model(report: BottleneckReport, timezone: str, say: Amounts) -> Component:
    """Say what the model of the line takes for granted and how well it fits."""
    t, found = say.t, report.model
    if found is None:
        return html.P(
            t("Too little is known of this period for a model of the line: it needs good pieces "
              "and states of at least two work centers."), className="mp-bt-how-note",
        )  # fmt: skip
    fits = t("The model fits.") if found.fits else t("The model fits badly: take it as a hint.")
    parts = [
        t("The line is taken for work centers one behind the other that work or fail in each "
          "cycle, with equal buffers between them (Bernoulli line, Li and Meerkov)."),
        t("cycle: {cycle} pieces/h, a little faster than the fastest work center",
          cycle=say.pieces(found.cycle)),
        t("buffer: {buffer}, the size with which the model makes what the line made",
          buffer=t.number(found.buffer)),
        t("the line made {real} pieces/h, the model makes {modelled}", real=say.pieces(found.real),
          modelled=say.pieces(found.modelled)),
        t("reach: how much the model's rate rises when a work center is a little better, ∂PR/∂p"),
        fits,
        *_since(report, timezone, t),
    ]  # fmt: skip
    return html.Ul([html.Li(words) for words in parts], className="mp-bt-how-list")


def _since(report: BottleneckReport, timezone: str, t: Translator) -> list[str]:
    since = report.model_since
    if since is None or since <= report.counted_since:
        return []
    return [t("From good pieces since {when}: none are counted before.",
              when=t.exact(since, timezone))]  # fmt: skip


def arrows(waiting: Sequence[CenterWaiting], say: Amounts) -> Component:
    """Return blockage and starvation of each work center, and the arrows between them."""
    t = say.t
    found = arrow_method([w.blocked for w in waiting], [w.starved for w in waiting]).arrows
    signs = [*("→" if arrow is Arrow.DOWNSTREAM else "←" for arrow in found), ""]
    rows = [
        html.Tr(
            [
                html.Td(one.work_center),
                html.Td(say.share(one.blocked), className="mp-num"),
                html.Td(say.share(one.starved), className="mp-num"),
                html.Td(sign),
            ]
        )
        for one, sign in zip(waiting, signs, strict=True)
    ]
    heads = (
        html.Th(t("work center")),
        html.Th(t("blocked"), className="mp-num"),
        html.Th(t("starved"), className="mp-num"),
        html.Th(t("arrow to the next")),
    )
    return html.Table(
        [html.Thead(html.Tr(list(heads))), html.Tbody(rows)],
        className="mp-table mp-bt-how-table",
    )
