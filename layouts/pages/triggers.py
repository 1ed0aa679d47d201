"""Milestone triggers: what happens when a milestone is reached or near; made and changed here.

A plain page without any script. Imported by `callbacks.triggers`. Pure.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from markupsafe import Markup
from msgspec import Struct

from data.domain.people import PEOPLE
from data.domain.scope import Role
from data.domain.site import Site
from data.domain.triggers import Trigger, When
from layouts.components.exception_looks import ROLES
from layouts.plain import Content, field, form, notice, tag
from layouts.text import NONE, Translator, msgid
from layouts.urls import address

TITLE = msgid("Milestone triggers")
PATH = "/triggers"
NEW = "new"
TOLD = tuple(role for role in PEOPLE if role is not Role.SUPPLIER)
READERS = (Role.LOGISTICS, Role.CUSTOMER)
SAID = {
    "saved": msgid("The trigger was kept. It holds within half a minute."),
    "dropped": msgid("The trigger was dropped. A usual one is again as it usually is."),
}
WRONG = {
    "id": msgid("A name of lower case letters and digits, joined by hyphens."),
    "within_min": msgid("How long ahead: working minutes, at most two weeks."),
    "sure": msgid("Choose a forecast of the list."),
    "ways": msgid("Choose a way that is set up, or roles: somebody must be told."),
    "roles": msgid("Choose roles of the list."),
    "reads": msgid("Choose as whom the far side reads."),
    "milestones": msgid("Too many names, or one that is too long."),
    "customers": msgid("Too many names, or one that is too long."),
    "products": msgid("Too many names, or one that is too long."),
    "moved": msgid("Someone else changed this trigger meanwhile. Look again."),
}


class Row(Struct, frozen=True, kw_only=True):
    """One trigger. `version` 0: as it usually is. `fired`: when last, and for how many."""

    trigger: Trigger
    version: int
    fired: tuple[datetime, int] | None = None


class Shown(Struct, frozen=True, kw_only=True):
    """What the page shows. `chosen`: whose form is open; `ways`: that are set up."""

    site: Site
    rows: Sequence[Row]
    ways: Sequence[str]
    now: datetime
    chosen: Row | None = None
    fresh: bool = False
    done: str = ""
    wrong: str = ""


def layout(shown: Shown, csrf: str, t: Translator) -> Markup:
    """Return the page's body."""
    lead = t("What happens when a milestone of an order is reached, or is about to be.")
    new = address(PATH, {"site": shown.site.id, "trigger": NEW})
    return Markup("").join(
        [
            tag("h1", f"{t(TITLE)} · {shown.site.name}"),
            notice(t(WRONG[shown.wrong]) if shown.wrong in WRONG else shown.wrong),
            notice(t(SAID[shown.done]) if shown.done in SAID else None, wrong=False),
            tag("p", lead, class_="mp-quiet"),
            _open(shown, csrf, t),
            _table(shown, csrf, t),
            tag("p", tag("a", t("Make a trigger"), href=new, class_="mp-button")),
        ]
    )


def name_of(trigger: Trigger, t: Translator) -> str:
    """Return what a trigger is called in a language."""
    return trigger.name.get(t.locale) or trigger.name.get("en") or trigger.id


def _table(shown: Shown, csrf: str, t: Translator) -> Markup:
    names = (t("Trigger"), t("When"), t("Milestones"), t("Who is told"), t("Fired last"), "")
    head = tag("thead", tag("tr", [tag("th", name, scope="col") for name in names]))
    rows = [_row(row, shown, csrf, t) for row in shown.rows]
    return tag(
        "div", tag("table", head, tag("tbody", rows), class_="mp-table"), class_="mp-table-box"
    )


def _row(row: Row, shown: Shown, csrf: str, t: Translator) -> Markup:
    one = row.trigger
    href = address(PATH, {"site": shown.site.id, "trigger": one.id})
    fired = NONE
    if row.fired is not None:
        at = t.stamp(row.fired[0], shown.site.timezone, shown.now)
        fired = t("{when}; {count} in all", when=at, count=t.number(row.fired[1]))
    hidden = {"site": shown.site.id, "trigger": one.id, "was": str(row.version)}
    switch = form(
        f"{PATH}/switch", csrf, None, t("Switch off") if one.on else t("Switch on"),
        {**hidden, "on": "" if one.on else "1"},
    )  # fmt: skip
    state = None if one.on else tag("span", f" {t('off')}", class_="mp-notes-off")
    return tag(
        "tr",
        tag("td", tag("a", name_of(one, t), href=href), state),
        tag("td", _when(one, t)),
        tag("td", _listed(one.milestones, t)),
        tag("td", _told(one, t)),
        tag("td", fired),
        tag("td", switch),
        class_=None if one.on else "mp-notes-is-off",
    )


def _when(one: Trigger, t: Translator) -> str:
    if one.when is When.REACHED:
        return t("reached")
    return t("within {duration} of work (P{sure})", duration=t.duration(one.within_min * 60),
             sure=one.sure)  # fmt: skip


def _listed(names: Sequence[str], t: Translator) -> str:
    """Return names that say the same but for their case once."""
    shown = list({name.casefold(): name for name in reversed(names)}.values())[::-1]
    return ", ".join(shown) if shown else t("all")


def _told(one: Trigger, t: Translator) -> str:
    said = [*one.ways, *(t(ROLES[role]) for role in one.roles)]
    if one.pick_up:
        said.append(t("asks for a pick-up"))
    return ", ".join(said) or t("nobody yet: choose a way")


def _open(shown: Shown, csrf: str, t: Translator) -> Markup:
    """Return the form of the trigger that is open."""
    if shown.chosen is None:
        return Markup("")
    one, version = shown.chosen.trigger, shown.chosen.version
    hidden = {"site": shown.site.id, "was": str(version)}
    if not shown.fresh:
        hidden["trigger"] = one.id
    own = form(f"{PATH}/save", csrf, _fields(shown, one, t), t("Save"), hidden)
    drop = None
    if version:
        drop = form(f"{PATH}/drop", csrf, None, t("Drop"), {**hidden, "trigger": one.id})
    title = t("A new trigger") if shown.fresh else name_of(one, t)
    return tag("section", tag("h2", title), own, drop, class_="mp-notes-open")


def _fields(shown: Shown, one: Trigger, t: Translator) -> list[Content]:
    whens = [(When.REACHED.value, t("reached")), (When.NEAR.value, t("near, by the forecast"))]
    sures = [("80", t("P80: four times of five by then")), ("50", t("P50: as likely as not"))]
    reads = [("", t("as the factory")), *((role.value, t(ROLES[role])) for role in READERS)]
    known = field(t("Id, such as packed-carrier"), "trigger", value=one.id, maxlength=80)
    return [
        known if shown.fresh else None,
        field(t("Name"), "name", value=one.name.get(t.locale, ""), required=False, maxlength=80),
        _tick("on", one.on, t("Switched on")),
        _choice(t("When a milestone is"), "when", whens, one.when.value),
        tag(
            "div",
            field(t("If near: within working minutes"), "within_min", type="number", min=0,
                  required=False, value=f"{one.within_min:g}"),
            _choice(t("By which forecast"), "sure", sures, str(one.sure)),
            class_="mp-notes-pair",
        ),
        _names("milestones", one.milestones, t("Milestones, by name or id; empty: all"), t),
        _names("customers", one.customers, t("Customers, by id; empty: all"), t),
        _names("products", one.products, t("Products; empty: all"), t),
        _ticks(t("Ways"), "way", [(name, name) for name in shown.ways], one.ways,
               t("No way out is set up here.")),
        _choice(t("What the far side of a way may know"), "reads", reads, one.reads or ""),
        _ticks(t("People"), "role", [(role.value, t(ROLES[role])) for role in TOLD], one.roles),
        _tick("pick_up", one.pick_up, t("It asks the carrier for a pick-up")),
    ]  # fmt: skip


def _names(name: str, known: Sequence[str], label: str, t: Translator) -> Markup:
    area = tag("textarea", "\n".join(known), name=name, rows=3, class_="mp-input")
    each = t("one a line")
    words = tag("span", f"{label} ({each})", class_="mp-field-name")
    return tag("label", words, area, class_="mp-field")


def _ticks(
    words: str, name: str, options: Sequence[tuple[str, str]], chosen: Sequence[str], none: str = ""
) -> Markup:
    boxes: list[Content] = [_tick(f"{name}_{value}", value in chosen, label)
                            for value, label in options]  # fmt: skip
    if not boxes:
        boxes = [tag("p", none, class_="mp-quiet")]
    return tag("fieldset", tag("legend", words), tag("div", boxes, class_="mp-notes-ticks"))


def _tick(name: str, on: bool, words: str) -> Markup:
    box = tag("input", type="checkbox", name=name, value="1", checked=on)
    return tag("label", box, tag("span", words), class_="mp-notes-tick")


def _choice(label: str, name: str, options: Sequence[tuple[str, str]], chosen: str) -> Markup:
    items = [
        tag("option", words, value=value, selected=value == chosen) for value, words in options
    ]
    control = tag("select", items, name=name, class_="mp-input")
    return tag("label", tag("span", label, class_="mp-field-name"), control, class_="mp-field")


def named(trigger: Trigger, locale: str, words: str) -> Mapping[str, str]:
    """Return a trigger's names with one of them changed; without words it is taken out."""
    others = {one: said for one, said in trigger.name.items() if one != locale}
    return {**others, locale: words} if words else others
