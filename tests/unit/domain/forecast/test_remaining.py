import numpy as np
import pytest

from data.domain.forecast.judge import folds_of, judge
from data.domain.forecast.remaining import Passed, Prefix, RemainingTime

DAY = 86400.0


def passed(order: str, last: str, remaining_days: float, worked_days: float = 0.1) -> Passed:
    prefix = Prefix(
        order=order, last=last, done=frozenset({last}), worked_s=worked_days * DAY, work_unit="u"
    )
    return Passed(prefix=prefix, remaining_s=remaining_days * DAY)


def test_before_an_order_has_closed_nothing_is_known() -> None:
    with pytest.raises(LookupError, match="no order has closed"):
        RemainingTime().quantiles(passed("A", "milling", 0).prefix)


def test_orders_at_the_same_point_say_how_long_is_left() -> None:
    model = RemainingTime()
    model.add(passed(f"m{n}", "milling", 10) for n in range(50))
    model.add(passed(f"p{n}", "packing", 1) for n in range(50))
    assert float(np.median(model.quantiles(passed("A", "milling", 0).prefix))) == 10 * DAY
    assert float(np.median(model.quantiles(passed("A", "packing", 0).prefix))) == DAY


def test_the_work_put_in_so_far_tells_orders_at_the_same_step_apart() -> None:
    model = RemainingTime(shrink_k=1.0)
    model.add(passed(f"s{n}", "milling", 2, worked_days=0.1) for n in range(100))
    model.add(passed(f"l{n}", "milling", 20, worked_days=9.0) for n in range(100))
    small, large = (
        model.quantiles(passed("A", "milling", 0, worked_days=days).prefix).mean()
        for days in (0.1, 9.0)
    )
    assert small < large


def test_a_step_never_seen_is_forecast_by_all_orders() -> None:
    model = RemainingTime()
    model.add(passed(f"m{n}", "milling", 10) for n in range(5))
    assert set(model.quantiles(passed("A", "polishing", 0).prefix)) == {10 * DAY}


def test_what_is_learnt_later_counts() -> None:
    model = RemainingTime()
    model.add([passed("a", "milling", 10)])
    model.quantiles(passed("A", "milling", 0).prefix)
    model.add(passed(f"m{n}", "milling", 2) for n in range(99))
    assert float(np.median(model.quantiles(passed("A", "milling", 0).prefix))) == 2 * DAY


def made_up_log(seed: int = 1, orders: int = 60) -> dict[str, list[Passed]]:
    rng = np.random.default_rng(seed)
    log = {}
    for n in range(orders):
        total = float(rng.lognormal(2, 0.6))
        log[f"O{n}"] = [
            passed(f"O{n}", last, total * share)
            for last, share in (("turning", 0.9), ("milling", 0.5), ("packing", 0.1))
        ]
    return log


def test_folds_deal_every_order_out_once_and_by_the_seed_alone() -> None:
    names = [f"O{n}" for n in range(23)]
    folds = folds_of(names)
    assert sorted(name for fold in folds for name in fold) == sorted(names)
    assert max(map(len, folds)) - min(map(len, folds)) <= 1
    assert folds == folds_of(names)
    assert folds != folds_of(names, seed=1)


def test_what_became_of_an_order_never_informs_its_own_forecast() -> None:
    log = made_up_log()
    changed = dict(log)
    changed["O7"] = [Passed(prefix=p.prefix, remaining_s=p.remaining_s * 50) for p in log["O7"]]
    before, after = judge(log), judge(changed)
    own = before.actual_s != after.actual_s
    assert own.sum() == 3
    assert before.p50_s[own].tolist() == after.p50_s[own].tolist()
    assert before.p80_s[own].tolist() == after.p80_s[own].tolist()
    assert before.p80_s[~own].tolist() != after.p80_s[~own].tolist()


def test_p80_covers_four_in_five_of_orders_it_has_not_seen() -> None:
    shares = []
    for seed in range(5):
        judged = judge(made_up_log(seed, orders=100))
        shares.append(float((judged.actual_s <= judged.p80_s).mean()))
        assert np.all(judged.p80_s <= judged.p95_s)
    assert np.mean(shares) == pytest.approx(0.8, abs=0.04)
