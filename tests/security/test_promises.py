"""What the documentation promises of security is held by tests that exist, and by no others."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text()
ROWS = re.findall(r"^\| (?!promised|-)(.+?) \| (.+) \|$", PAGE, re.MULTILINE)
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", PAGE)


def test_every_promise_names_the_tests_that_hold_it() -> None:
    assert len(ROWS) >= 24  # as many as are promised
    for promise, held in ROWS:
        assert re.fullmatch(r"(`tests/[\w/]+\.py::test_\w+`(, )?)+", held), promise


def test_every_test_that_is_named_exists() -> None:
    for path, name in NAMED:
        assert f"\ndef {name}(" in (ROOT / path).read_text(), f"{path}::{name}"


def test_no_module_of_tests_of_security_is_left_out() -> None:
    """But for signing in through a provider and this one, which promise nothing of rows."""
    named = {Path(path).name for path, _ in NAMED if path.startswith("tests/security/")}
    there = {path.name for path in Path(__file__).parent.glob("test_*.py")}
    assert there - named == {"test_openid.py", "test_promises.py"}
