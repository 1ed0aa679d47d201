"""The tables of an exception's page: whom it hits, what was done and said. Pure."""

from collections.abc import Mapping

from layouts.components import exception_looks as looks
from layouts.components.exception_view import HITS, CaseView, read_by
from layouts.sheets import Column, Sheet, Value
from layouts.text import Translator


def sheets(view: CaseView) -> tuple[Sheet, ...]:
    """Return whom it hits, and what was done and said, as tables."""
    return _hits_sheet(view), _history_sheet(view)


def _hits_sheet(view: CaseView) -> Sheet:
    t = view.reading.t
    columns = (
        Column(key="kind", heading=t("What")),
        Column(key="order", heading=t("Order")),
        Column(key="name", heading=t("Name")),
        Column(key="party", heading=t("Party")),
        Column(key="before", heading=t("Before"), kind="moment"),
        Column(key="after", heading=t("Now"), kind="moment"),
        Column(key="moved", heading=t("Moved by"), kind="seconds"),
    )
    rows: list[Mapping[str, Value]] = [
        {
            "kind": t(HITS.get(hit.kind, hit.kind)), "order": hit.order,
            "name": hit.name or hit.id, "before": hit.before_at, "after": hit.after_at,
            "party": view.party(hit.party) if hit.party and view.sees_parties else None,
            "moved": hit.moved_s,
        }
        for hit in looks.worst_first(view.case.hits)
    ]  # fmt: skip
    return Sheet(name=t("Whom it hits"), columns=columns, rows=rows)


def _history_sheet(view: CaseView) -> Sheet:
    t: Translator = view.reading.t
    columns = (
        Column(key="at", heading=t("When"), kind="moment"),
        Column(key="who", heading=t("Who")),
        Column(key="what", heading=t("What")),
        Column(key="words", heading=t("Words")),
        Column(key="read", heading=t("Who reads it")),
    )
    moves: list[Mapping[str, Value]] = [
        {"at": one.at, "who": looks.actor(one.actor, view.names, t),
         "what": t(looks.MOVES[one.move]), "words": one.words, "read": None}
        for one in view.transitions
    ]  # fmt: skip
    notes: list[Mapping[str, Value]] = [
        {"at": note.at, "who": note.name, "what": t("Comment"), "words": note.words,
         "read": t("only the factory reads this") if note.party is None
         else read_by(note.party, view)}
        for note in view.notes
    ]  # fmt: skip
    rows = sorted([*moves, *notes], key=lambda row: str(row["at"]))
    return Sheet(name=t("What was done and said"), columns=columns, rows=rows)
