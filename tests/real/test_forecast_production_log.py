"""Forecasts of a real machining shop's log, 5-fold by order, against published baselines.

The baselines are computed here on the same prefixes and folds, so that a forecast that beats
them is known to be judged by the same rules. Figures: 225 orders, one prefix after each of
their 4,503 runs, remaining time in days.
"""

from pathlib import Path
from statistics import fmean, median

import numpy as np
import pytest

from data.domain.forecast.conformal import coverage_interval
from data.domain.forecast.judge import Judged, judge
from data.domain.forecast.scores import coverage, pinball
from tests.bench import forecast_report
from tests.bench.forecast_report import BASELINES, DAY_S, baseline_error_days, log_path, read_log

Log = dict[str, list[forecast_report.Passed]]


@pytest.fixture(scope="module")
def log() -> Log:
    path: Path | None = log_path()
    if path is None:
        pytest.skip("MILEPOST_REAL_DATA isn't set or has no production log")
    return read_log(path)


@pytest.fixture(scope="module")
def judged(log: Log) -> Judged:
    return judge(log)


def test_the_log_is_the_one_the_figures_were_published_for(log: Log) -> None:
    days = [own[0].remaining_s / DAY_S + _elapsed(own[0]) for own in log.values()]
    assert len(days) == 225
    assert sum(map(len, log.values())) == 4503
    assert fmean(days) == pytest.approx(20.63, abs=0.02)
    assert median(days) == pytest.approx(13.90, abs=0.005)
    assert max(days) == pytest.approx(87.5, abs=0.05)
    assert np.quantile(days, [0.8, 0.95]) == pytest.approx([36.28, 71.97], abs=0.02)


def _elapsed(passed: forecast_report.Passed) -> float:
    assert isinstance(passed.prefix, forecast_report.Row)
    return passed.prefix.elapsed_s / DAY_S


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("mean total - elapsed", 15.93),
        ("mean remaining", 16.02),
        ("median remaining", 14.96),
        ("median by last activity", 13.91),
    ],
)
def test_baselines_come_to_their_published_figures(log: Log, name: str, published: float) -> None:
    assert baseline_error_days(log, BASELINES[name], seed=0) == pytest.approx(published, abs=0.015)


def test_the_forecast_beats_every_baseline(log: Log, judged: Judged) -> None:
    error_days = judged.error_s / DAY_S
    assert error_days <= 13.9
    assert error_days < min(baseline_error_days(log, fit, seed=0) for fit in BASELINES.values())


def test_p80_covers_what_chance_lets_80_percent_cover(judged: Judged) -> None:
    covered = coverage(judged.actual_s, judged.p80_s)
    low, high = coverage_interval(180, 0.2)  # orders that calibrate each fold
    assert 0.77 <= covered <= 0.83
    assert low <= covered <= high


@pytest.mark.parametrize("seed", [3, 5, 9])
def test_other_deals_of_the_folds_say_the_same(log: Log, seed: int) -> None:
    other = judge(log, seed)
    assert other.error_s / DAY_S <= 13.9
    assert 0.77 <= coverage(other.actual_s, other.p80_s) <= 0.83


def test_p80_loses_less_than_the_same_quantile_for_everyone(log: Log, judged: Judged) -> None:
    everyone = np.quantile(judged.actual_s, 0.8)
    constant = pinball(judged.actual_s, everyone, 0.8).mean()
    assert pinball(judged.actual_s, judged.p80_s, 0.8).mean() < constant
