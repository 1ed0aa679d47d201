"""What is handed out for running it: units that systemd itself finds nothing wrong with."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client.metrics import MetricWrapperBase

from callbacks import metrics
from data.commands.parser import parser

ROOT = Path(__file__).parents[2]
UNITS = sorted((ROOT / "deploy" / "systemd").iterdir())
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
MOST_EXPOSED = 2.0  # of 10, by systemd's own count
analysed = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The units as they would stand on a machine whose /opt/milepost is this project."""
    folder = tmp_path_factory.mktemp("units")
    for unit in UNITS:
        text = unit.read_text().replace("/opt/milepost/.venv/bin", str(Path(sys.executable).parent))
        name = unit.name.replace("@.", "@8051.")
        (folder / name).write_text(text.replace("/opt/milepost", str(ROOT)))
    return sorted(folder.iterdir())


def analyse(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *arguments], capture_output=True, text=True, check=False, timeout=30
    )


@analysed
def test_systemd_finds_nothing_wrong_with_the_units(installed: list[Path]) -> None:
    if not shutil.which("curl", path="/usr/bin"):
        pytest.skip("there is no curl, which the web's unit asks whether it is up")
    said = analyse("verify", "--man=no", *map(str, installed))
    assert (said.returncode, said.stderr) == (0, "")


@analysed
def test_the_units_leave_the_program_little_that_it_could_do(installed: list[Path]) -> None:
    for unit in (unit for unit in installed if unit.suffix == ".service"):
        said = analyse("security", "--offline=true", "--no-pager", str(unit)).stdout
        exposed = re.search(r"exposure level for .*: ([\d.]+)", said)
        assert exposed is not None, said
        assert float(exposed[1]) < MOST_EXPOSED, unit.name


@pytest.mark.skipif(not shutil.which("systemctl"), reason="there is no systemd")
def test_what_the_run_book_says_starts_everything_with_the_machine(tmp_path: Path) -> None:
    folder = tmp_path / "etc/systemd/system"
    folder.mkdir(parents=True)
    for unit in UNITS:
        shutil.copy(unit, folder)
    book = (ROOT / "docs/operations.md").read_text()
    for units in re.findall(r"systemctl enable (?:--now )?([^#`\n]+)", book):
        command = ["systemctl", f"--root={tmp_path}", "enable", *units.split()]
        subprocess.run(command, check=True, capture_output=True, timeout=30)
    wanted = {str(link.relative_to(folder)) for link in folder.glob("*.wants/*")}
    assert wanted >= {
        "multi-user.target.wants/milepost.target",
        "timers.target.wants/milepost-backup.timer",
        "milepost.target.wants/milepost-web@8051.service",
        "milepost.target.wants/milepost-worker.service",
        "milepost.target.wants/milepost-watch.service",
        "milepost.target.wants/milepost-notify.service",
    }


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_a_unit_runs_a_command_that_there_is(unit: Path) -> None:
    (command,) = re.findall(r"^ExecStart=(.+)$", unit.read_text(), re.M)
    if "gunicorn" in command:
        assert command.endswith(" app:server")
        return
    arguments = command.rpartition("app.py ")[2].replace('"', "").rstrip("'").split(" ", 1)
    parser().parse_args([part for part in arguments if part])


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_units_differ_only_in_what_they_run(unit: Path) -> None:
    hardening = unit.read_text().partition("# What it does not need")[2].partition("\n[Install]")[0]
    one = (ROOT / "deploy/systemd/milepost-worker.service").read_text()
    assert hardening.strip() == (
        one.partition("# What it does not need")[2].partition("\n[Install]")[0].strip()
    )


def test_the_image_holds_what_the_program_needs_and_nothing_of_its_tests() -> None:
    said = (ROOT / "Containerfile").read_text()
    copied = set(re.findall(r"^COPY (?!--from)(?:app\.py gunicorn\.conf\.py|(\w+)) ", said, re.M))
    assert {"assets", "callbacks", "data", "layouts"} <= copied
    assert "tests" not in copied
    assert "--require-hashes" in said
    assert re.search(
        r"^USER \d+:\d+$", said, re.M
    )  # a number, so that a host can tell it isn't root


RUN_BOOK = (ROOT / "docs" / "operations.md").read_text()


def test_the_run_book_tells_of_every_figure_that_there_is() -> None:
    figures = [one for one in vars(metrics).values() if isinstance(one, MetricWrapperBase)]
    assert figures
    for figure in figures:
        (family,) = figure.describe()
        assert family.name in RUN_BOOK, family.name


def test_the_run_book_tells_of_every_unit_and_names_commands_that_there_are() -> None:
    for unit in SERVICES:
        assert unit.stem.partition("@")[0] in RUN_BOOK, unit.name
    there_are = parser().format_help()
    for command in set(re.findall(r"python app\.py ([a-z-]+)", RUN_BOOK)):
        assert re.search(rf"^ +{command}\b", there_are, re.M), command


def test_the_run_book_tells_of_everything_that_readyz_says_of_a_site() -> None:
    said = {"loaded", "log_connected", "event_age_s", "history_lag_s", "history_stale"}
    for name in said | {"watch_lag_s", "watch_stale"}:
        assert name in RUN_BOOK, name


def test_nginx_gives_up_an_idle_connection_before_a_worker_that_ends_does() -> None:
    """Else it sends a request to where nobody reads any more, and can't send it again."""
    nginx, gunicorn, unit = (
        (ROOT / name).read_text()
        for name in (
            "deploy/nginx/milepost.conf", "gunicorn.conf.py",
            "deploy/systemd/milepost-web@.service",
        )
    )  # fmt: skip
    idle_s = [int(found) for found in re.findall(r"keepalive_timeout (\d+)s;", nginx)]
    (ends_s,) = re.findall(r"^graceful_timeout = (\d+)", gunicorn, re.M)
    (killed_s,) = re.findall(r"^TimeoutStopSec=(\d+)", unit, re.M)
    assert len(idle_s) == len(re.findall(r"^upstream ", nginx, re.M))
    assert max(idle_s) < int(ends_s) < int(killed_s)
