"""Why something was not taken, in the reader's language, as far as there are words. Pure.

The reasons themselves are English, as a program that sends events reads them; each is recognised
here by its own words. What isn't among these stays as it was said.
"""

import re

from layouts.text import Translator, msgid

LONGEST = 1_000  # of a reason that is looked at; a longer one holds what isn't ours
_PLACE = re.compile(r"\\{(\w+)\\}")

# The first that fits counts, so what is said more exactly stands before.
REASONS = (
    msgid("was recorded with another body before; correct it by event.voided"),
    msgid("was recorded with another body before"),
    msgid("no work unit {unit} at {site}"),
    msgid("no order {order} at {site}"),
    msgid("order {order} has no operation {name}"),
    msgid("order {order} has no need {name}"),
    msgid("the site has no model yet; send its site document first"),
    msgid("expected site/{site}, the site reported to"),
    msgid("the order is archived; bring the archive back first"),
    msgid("its time is archived; bring the archive back first"),
    msgid("what was then is archived; bring the archive back first"),
    msgid("lies in the future of the site's now, {now}"),
    msgid("expected an instant after {instant}"),
    msgid("expected an RFC 3339 instant with its offset, such as {example}"),
    msgid("expected an instant with its offset, such as {example}"),
    msgid("expected an offset too, such as {example}"),
    msgid("expected a year from {first} to {last}"),
    msgid("is required"),
    msgid("isn't a field of this type; it has {fields}"),
    msgid("is more than inspected"),
    msgid("names this very event; a void undoes another"),
    msgid("expected the order's document, and no other"),
    msgid("expected the site's document, and no other"),
    msgid("expected '{name}', as in the subject"),
    msgid("expected '{source}', as the key's"),
    msgid("expected a JSON object"),
    msgid("expected well-formed Unicode text"),
    msgid("expected printable text of 1 to {most} characters"),
    msgid("expected 1 to 100 printable characters without '/' or outer spaces"),
    msgid("expected 1 to 100 printable characters without '/'"),
    msgid("expected at most {most} characters on one line"),
    msgid("expected up to {most} characters on one line"),
    msgid("expected a whole number from {least} to {most}"),
    msgid("expected a number from {least} to {most}"),
    msgid("expected seconds from {least} to {most}"),
    msgid("expected one of {known}"),
    msgid("expected `{expected}`, got `{found}`"),
    msgid("invalid enum value {value}"),
    msgid("object missing required field `{name}`"),
    msgid("object contains unknown field `{name}`"),
    msgid("isn't an operation of this order; did you mean '{name}'?"),
    msgid("isn't an operation of this order"),
    msgid("isn't a {what} of site '{site}'; did you mean '{name}'?"),
    msgid("isn't a {what} of site '{site}'; it has none"),
    msgid("isn't a {what} of site '{site}'"),
    msgid("isn't a {what} of this site"),
    msgid("is a {kind} of site '{site}', expected a {wanted}"),
    msgid("site '{site}' has no work centers yet; send its model first"),
    msgid("belongs to work center '{center}', not to '{other}'"),
    msgid("operations wait for each other in a circle: {circle}"),
    msgid("stands twice in this order"),
    msgid("stands twice in this site"),
    msgid("is before {field}, {instant}"),
    msgid("expected {what}"),
    msgid("recorded is what came until {place} ({at}); the log was emptied"),
    msgid(
        "recorded is what came until {place} ({at}); the log is empty;"
        " its newest entry was {newest}"
    ),
    msgid("recorded is what came until {place} ({at}); the log goes on at {next} ({then})"),
    msgid(
        "{count} acknowledged events had vanished from the log before they were recorded,"
        " and were put back: {names}"
    ),
)


def said(reason: str, t: Translator) -> str:
    """Return a reason in the reader's words; as it is where it has none."""
    if len(reason) > LONGEST:
        return reason
    for message, form in _FORMS:
        found = form.fullmatch(reason)
        if found is not None:
            return t(message, **found.groupdict())
    return reason


def _form(message: str) -> re.Pattern[str]:
    """Return what a reason looks like whose values stand where the message has their names."""
    return re.compile(_PLACE.sub(r"(?P<\1>.+)", re.escape(message)))


_FORMS = tuple((message, _form(message)) for message in REASONS)
