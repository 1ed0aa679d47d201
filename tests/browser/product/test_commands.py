"""The commands that run beside a running Milepost."""

from pathlib import Path
from urllib.error import HTTPError

import msgspec
import pytest

from tests.browser.product.program import ORDER, Program

MAPPING = """
site: {id: shop, name: Shop, timezone: UTC}
columns:
  order: order
  operation: activity
  work_unit: machine
  start: start
  finish: finish
  good: good
"""
LOG = """order,activity,machine,start,finish,good
A,Turning,M1,2026-01-05 08:00,2026-01-05 09:00,5
A,Milling,M2,2026-01-05 09:30,2026-01-05 10:00,5
"""


def test_a_plan_is_imported_whole(program: Program, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_bytes(msgspec.json.encode({"orders": [{**ORDER, "id": "SO-2"}]}))
    assert "accepted: 1" in program.run("import-plan", str(file), "--site", program.site)
    program.report("operation.started", "operation/SO-2/10", work_unit="M1")


def test_a_bad_plan_changes_nothing_and_every_error_is_named(
    program: Program, tmp_path: Path
) -> None:
    good, bad = {**ORDER, "id": "SO-3"}, {**ORDER, "id": "SO-4", "quantity": 0, "area": "L9"}
    file = tmp_path / "plan.json"
    file.write_bytes(msgspec.json.encode({"orders": [good, bad]}))
    done = program.attempt("import-plan", str(file), "--site", program.site)
    assert done.returncode == 1
    assert "quantity" in done.stderr
    assert "L9" in done.stderr
    with pytest.raises(AssertionError, match="no order SO-3"):
        program.report("operation.started", "operation/SO-3/10")


def test_a_revoked_key_is_refused(program: Program) -> None:
    kept, program.key = program.key, program.run("key", "add", "--site", program.site)
    try:
        program.run("key", "revoke", program.key.split("_")[1])
        with pytest.raises(HTTPError, match="401"):
            program.send("POST", "/events", [])
    finally:
        program.key = kept


def test_a_log_is_replayed_on_a_site_of_its_own(program: Program, tmp_path: Path) -> None:
    log, mapping = tmp_path / "log.csv", tmp_path / "mapping.yaml"
    log.write_text(LOG)
    mapping.write_text(MAPPING)
    said = program.run("replay", str(log), "--mapping", str(mapping), "--speed", "10000")
    assert "/wall/shop." in said


def test_what_cannot_be_read_is_said_in_one_line(program: Program) -> None:
    done = program.attempt("analyse", "bottleneck", "no-such-file.csv")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "no-such-file.csv" in done.stderr
