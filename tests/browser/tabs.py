"""Browser tabs that tests use one after another: opening a new one costs more than most pages do.

A tab that is given back is emptied: nothing of what a test did in it meets the next, but for what
is fetched by an address with its version, which stays in the cache as in anybody's browser.
"""

from collections import defaultdict
from contextlib import suppress

from playwright.sync_api import Browser, Page
from playwright.sync_api import Error as PageError

FULL_HD = {"width": 1920, "height": 1080}
WITHIN_MS = 60_000  # what is waited for comes when it does, also on a busy machine
_FORGET = "() => { try { localStorage.clear(); sessionStorage.clear(); } catch (refused) { } }"
_Kind = tuple[str, ...]


class Tabs:
    """The tabs of one browser, each in a context of its own."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._free: defaultdict[_Kind, list[Page]] = defaultdict(list)
        self._kinds: dict[Page, _Kind] = {}

    def take(self, script: str = "", **options: object) -> Page:
        """Return an empty tab; `script`: runs before those of each page, `options`: Playwright's.

        `viewport` is set on any tab; what else of its context was wished, a tab has from its start.
        """
        viewport = options.pop("viewport", FULL_HD)
        kind = (script, *(f"{name}={options[name]!r}" for name in sorted(options)))
        if self._free[kind]:
            page = self._free[kind].pop()
        else:
            page = self._browser.new_context(**options).new_page()
            page.set_default_timeout(WITHIN_MS)
            self._kinds[page] = kind
            if script:
                page.add_init_script(script)
        page.set_viewport_size(viewport)
        return page

    def give_back(self, page: Page) -> None:
        """Empty a tab for the next test; close one that can't be emptied."""
        try:
            page.evaluate(_FORGET)
            page.unroute_all()
            page.goto("about:blank")
            for other in page.context.pages:
                if other is not page:
                    other.close()
            page.context.clear_cookies()
        except PageError:
            with suppress(PageError):
                page.context.close()
        else:
            self._free[self._kinds[page]].append(page)
