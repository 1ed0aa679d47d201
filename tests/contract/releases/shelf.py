"""Databases with the rows of a release, as they were and as an upgrade leaves them.

Imported by the tests of upgrades. The URLs are the superuser's; `tests.contract.releases.owner`
says whose the databases are.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg

import app
from data.store.embedded import EmbeddedPostgres
from tests.contract.releases.owner import as_owner, let_own
from tests.contract.releases.rows import put_in
from tests.databases import conninfo, create, execute, new_name


class Shelf:
    """Databases of releases: as they were, and brought up; each made once. They go with the server.

    Dropping one keeps the disk busy for longer than making it.
    """

    def __init__(self, server: EmbeddedPostgres) -> None:
        self._server, self._urls = server, dict[str, str]()

    def was(self, release: str) -> str:
        """Return the database of a release as it was, for looking and copying."""
        return self._kept(release, lambda url: put_in(url, as_owner(url), release))

    def risen(self, release: str) -> str:
        """Return it after the product's own command."""
        return self._copied("risen", self.was(release), migrated)

    def climbing(self, release: str) -> str:
        """Return a copy of a release as it was, which tests bring up step by step."""
        return self._copied("climbing", self.was(release))

    def killed(self, release: str) -> str:
        """Return another copy of a release as it was."""
        return self._copied("killed", self.was(release))

    def _copied(self, what: str, url: str, fill: Callable[[str], object] = str) -> str:
        template = psycopg.conninfo.conninfo_to_dict(conninfo(url))["dbname"]
        return self._kept(f"{what} {template}", fill, template)

    def _kept(self, what: str, fill: Callable[[str], object], template: str = "template0") -> str:
        if what not in self._urls:
            name = new_name()
            create(self._server, name, template)
            let_own(self._server, name)
            execute(self._server, f"ALTER DATABASE {name} SET synchronous_commit = off")
            fill(self._server.url_of(name))
            self._urls[what] = self._server.url_of(name)
        return self._urls[what]


def begun(url: str) -> "subprocess.Popen[bytes]":
    """Begin the product's own command, as the owner."""
    place, env = Path(app.__file__), {**os.environ, "DATABASE_URL": as_owner(url)}
    return subprocess.Popen([sys.executable, str(place), "migrate"], cwd=place.parent, env=env)


def migrated(url: str) -> None:
    """Let it do all that it does."""
    assert begun(url).wait(300) == 0
