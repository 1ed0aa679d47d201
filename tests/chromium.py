"""Find a Chromium for the browser tests, or get one: `python -m tests.chromium`.

In this order: the one that MILEPOST_CHROMIUM names, one on the PATH, the one that Playwright keeps,
one that Playwright downloads, the package of the system. Fonts for Chinese come along where the
system's packages can be had.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Playwright, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    # Names and addresses outside this machine do not exist, whoever asks for them.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)
FONTS = "fonts-noto-cjk"


_running: list[Playwright] = []


class NoChromiumError(Exception):
    """There is no Chromium, and none could be got."""


@contextmanager
def launched() -> Iterator[Browser]:
    """Start a Chromium, and close it afterwards.

    Playwright begins once in a thread: whoever comes while it runs drives a browser of their own
    through the same, and must be done before who came first, as fixtures are.
    """
    with ExitStack() as opened:
        if not _running:
            _running.append(opened.enter_context(sync_playwright()))
            opened.callback(_running.clear)
        browser = _running[0].chromium.launch(executable_path=ensure(), args=list(FLAGS))
        opened.callback(browser.close)
        yield browser


def find() -> Path | None:
    """Return the Chromium that is there already.

    Raises: NoChromiumError when MILEPOST_CHROMIUM names something that cannot be executed.
    """
    named = os.environ.get("MILEPOST_CHROMIUM")
    if named and not os.access(named, os.X_OK):
        raise NoChromiumError(f"MILEPOST_CHROMIUM: {named} cannot be executed")
    found = named or next(filter(None, map(shutil.which, NAMES)), None)
    return Path(found) if found else _kept_by_playwright()


def ensure() -> Path:
    """Return a Chromium, getting one when there is none.

    Raises: NoChromiumError with what to do.
    """
    found = find() or _downloaded_by_playwright() or _packaged()
    if found is None:
        raise NoChromiumError(
            "No Chromium was found, and none could be installed. Install one (on Debian: "
            "apt-get install chromium), or name one in MILEPOST_CHROMIUM."
        )
    return found


def ensure_chinese_fonts() -> bool:
    """Tell whether the system has a font for Chinese, installing one where that is possible."""
    return _has_chinese_font() or (apt_install(FONTS) and _has_chinese_font())


def _kept_by_playwright() -> Path | None:
    with sync_playwright() as playwright:
        path = Path(playwright.chromium.executable_path)
    return path if path.exists() else None


def _downloaded_by_playwright() -> Path | None:
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    return _kept_by_playwright() if _succeeds(command, within_s=300) else None


def _packaged() -> Path | None:
    return find() if apt_install("chromium") else None


def apt_install(package: str) -> bool:
    """Install a Debian package if this is Debian and we may."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    install = ["apt-get", "install", "--yes", "--no-install-recommends", package]
    return _succeeds(["apt-get", "update"], within_s=180) and _succeeds(install, within_s=420)


def _has_chinese_font() -> bool:
    if shutil.which("fc-list") is None:
        return False
    listed = subprocess.run(
        ["fc-list", ":lang=zh", "family"], capture_output=True, text=True, check=False
    )
    return bool(listed.stdout.strip())


def _succeeds(command: list[str], within_s: float) -> bool:
    sys.stderr.write(f"{' '.join(command)} ...\n")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            command, stdout=subprocess.DEVNULL, env=env, timeout=within_s, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def main() -> int:
    """Make sure of a Chromium and say where it is."""
    try:
        sys.stderr.write(f"Chromium: {ensure()}\n")
    except NoChromiumError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if not ensure_chinese_fonts():
        sys.stderr.write(f"No font for Chinese: its texts show as boxes. Install {FONTS}.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
