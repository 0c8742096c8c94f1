import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from folkways.compare.interval import Ratios, benjamini_hochberg, cosines, levels, ratios

Reals = npt.NDArray[np.float64]
MONDAY = 17_259


def load_calibration() -> ModuleType:
    path = Path(__file__).parents[2] / "benchmarks" / "calibrate_intervals.py"
    spec = importlib.util.spec_from_file_location("calibrate_intervals", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["calibrate_intervals"] = module
    spec.loader.exec_module(module)
    return module


calibration = load_calibration()


def compare(before: npt.NDArray[Any], after: npt.NDArray[Any], *, counts: bool = False) -> Ratios:
    sides = [
        levels(np.atleast_2d(x).astype(float), MONDAY + np.arange(np.shape(x)[-1]))
        for x in (before, after)
    ]
    return ratios(*sides, counts=counts)


@pytest.mark.parametrize(("days", "expected"), [(14, 2), (28, 2), (46, 3), (97, 6), (400, 8)])
def test_degrees_of_freedom_grow_with_days(days: int, expected: int) -> None:
    assert cosines(days) == expected


def test_weekdays_weigh_the_same_and_do_not_widen() -> None:
    # Two Mondays too many must not raise the mean, and the week's cycle is no uncertainty.
    week = np.array([10, 20, 30, 40, 50, 60, 70])
    found = levels(np.tile(week, 20)[None, :100].astype(float), MONDAY + np.arange(100))
    assert found.mean[0] == pytest.approx(40)
    assert found.variance[0] == pytest.approx(0, abs=1e-12)


def test_variance_is_exact_for_independent_normal_days() -> None:
    # Its mean over many series is the variance of the mean, and the t of one side is Student's t.
    rng = np.random.default_rng(3)
    x = 50 + rng.normal(size=(20_000, 97))
    kept = np.delete(np.arange(97), [3, 4, 5, 40, 77])  # days may be missing
    found = levels(x[:, kept], MONDAY + kept)
    assert found.variance.mean() == pytest.approx(found.mean.var(), rel=0.03)
    t = (found.mean - 50) / np.sqrt(found.variance)
    assert np.mean(np.abs(t) > stats.t.ppf(0.975, found.degrees)) == pytest.approx(0.05, abs=0.006)


def test_fieller_against_the_closed_form() -> None:
    # At the degrees of freedom that Welch gives at a bound, that bound is a root of the textbook's
    # quadratic.
    rng = np.random.default_rng(4)
    x, y = 100 + rng.normal(size=97) * 20, 150 + rng.normal(size=97) * 20
    b, a = (levels(v[None], MONDAY + np.arange(97)) for v in (x, y))
    found = compare(x, y)
    for bound in (found.low[0], found.high[0]):
        va, vb = a.variance[0], bound**2 * b.variance[0]
        degrees = (va + vb) ** 2 / (va**2 / 6 + vb**2 / 6)
        q = stats.t.ppf(0.975, degrees)
        quadratic = np.polynomial.Polynomial(
            [
                a.mean[0] ** 2 - q**2 * a.variance[0],
                -2 * a.mean[0] * b.mean[0],
                b.mean[0] ** 2 - q**2 * b.variance[0],
            ]
        )
        assert np.abs(quadratic.roots() - bound).min() < 1e-6
    assert found.low[0] < a.mean[0] / b.mean[0] < found.high[0]


def test_zero_on_one_side() -> None:
    rng = np.random.default_rng(5)
    busy, none = rng.poisson(20, 97), np.zeros(105)
    gone = compare(busy, none, counts=True)
    assert (gone.ratio[0], gone.low[0]) == (0, 0)
    assert 0 < gone.high[0] < 0.01  # some five of about 2,000 could have been missed
    assert gone.p[0] < 1e-4
    come = compare(none, busy, counts=True)
    assert np.isinf(come.ratio[0])
    assert np.isinf(come.high[0])
    assert come.low[0] == pytest.approx(1 / gone.high[0])
    nothing = compare(none, none, counts=True)
    assert np.isnan([nothing.ratio[0], nothing.low[0], nothing.high[0], nothing.p[0]]).all()


def test_a_handful_before_and_none_after_is_no_evidence_of_leaving() -> None:
    few = np.zeros(97)
    few[[10, 50, 80]] = 1
    found = compare(few, np.zeros(105), counts=True)
    assert found.p[0] > 0.05
    assert found.high[0] > 1


def test_one_visit_is_no_change() -> None:
    visit = np.zeros(97)
    visit[30:40] = 50
    found = compare(visit, np.zeros(105), counts=True)
    assert found.p[0] > 0.05
    assert np.isinf(found.high[0])


def test_values_that_never_vary() -> None:
    found = compare(np.full(97, 10.0), np.full(105, 10.0))
    assert (found.ratio[0], found.p[0]) == (1, 1)
    assert found.low[0] == pytest.approx(1)
    assert found.high[0] == pytest.approx(1)
    other = compare(np.full(97, 10.0), np.full(105, 11.0))
    assert other.p[0] == 0
    assert other.low[0] == pytest.approx(1.1)
    members = compare(np.full(97, 10.0), np.full(105, 11.0), counts=True)
    assert members.low[0] < 1.1 < members.high[0]


series = hnp.arrays(float, st.integers(14, 60), elements=st.integers(0, 1000).map(float))


@settings(deadline=None, max_examples=80)
@given(series, series, st.booleans())
def test_swapping_the_periods_inverts(x: Reals, y: Reals, counts: bool) -> None:  # noqa: FBT001  # drawn
    there, back = compare(x, y, counts=counts), compare(y, x, counts=counts)
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(there.ratio, 1 / back.ratio, rtol=1e-9)
        np.testing.assert_allclose(there.low, 1 / back.high, rtol=1e-6)
        np.testing.assert_allclose(there.high, 1 / back.low, rtol=1e-6)
    np.testing.assert_allclose(there.p, back.p, rtol=1e-9)


@settings(deadline=None, max_examples=60)
@given(series, series, st.sampled_from([0.001, 0.5, 7.0, 1e6]))
def test_scaling_both_sides_changes_nothing(x: Reals, y: Reals, factor: float) -> None:
    plain, scaled = compare(x, y), compare(x * factor, y * factor)
    for name in ("ratio", "low", "high", "p"):
        np.testing.assert_allclose(
            getattr(plain, name), getattr(scaled, name), rtol=1e-6, atol=1e-12
        )


@settings(deadline=None, max_examples=60)
@given(series, series, st.booleans())
def test_the_interval_holds_the_ratio_and_agrees_with_p(x: Reals, y: Reals, counts: bool) -> None:  # noqa: FBT001  # drawn
    found = compare(x, y, counts=counts)
    if np.isnan(found.ratio[0]):
        return
    assert found.low[0] <= found.ratio[0] * (1 + 1e-9)
    assert found.ratio[0] <= found.high[0] * (1 + 1e-9)
    if not 0.0499 < found.p[0] < 0.0501:
        outside = not found.low[0] <= 1 <= found.high[0]
        near = min(abs(found.low[0] - 1), abs(found.high[0] - 1)) < 1e-9
        assert near or (found.p[0] < 0.05) == outside


def test_benjamini_hochberg() -> None:
    p = np.array([0.01, np.nan, 0.04, 0.03, 0.005])
    # By hand: sorted .005 .01 .03 .04 times 4/1 4/2 4/3 4/4, made monotone from the end.
    np.testing.assert_allclose(benjamini_hochberg(p), [0.02, np.nan, 0.04, 0.04, 0.02])
    known = p[~np.isnan(p)]
    np.testing.assert_allclose(
        benjamini_hochberg(p)[~np.isnan(p)], stats.false_discovery_control(known)
    )
    assert len(benjamini_hochberg(np.array([]))) == 0


@pytest.mark.slow
@pytest.mark.parametrize("days", [(97, 105), (46, 46), (21, 21), (14, 14)])
@pytest.mark.parametrize("world", calibration.WORLDS, ids=lambda w: w.name)
def test_calibration(days: tuple[int, int], world: object) -> None:
    # docs/decisions/0004-intervals.md: 0.92 at a day-to-day correlation of 0.7, and false
    # positives of 0.07 at most. 3,000 simulations leave a standard error of 0.004.
    rng = np.random.default_rng(99)
    for rho in (0.0, 0.5, 0.7):
        unchanged, _ = calibration.coverage(rng, world, days, rho, items=3000)
        assert 1 - unchanged <= 0.07, rho
        tripled, _ = calibration.coverage(rng, world, days, rho, factor=3.0, items=3000)
        assert tripled >= 0.92, rho


@pytest.mark.slow
@pytest.mark.parametrize(("every", "length"), [(15, 3), (40, 7), (100, 10)])
def test_bursts_are_no_changes(every: float, length: int) -> None:
    rng = np.random.default_rng(98)
    sides = [
        calibration.measured(calibration.bursts(rng, 3000, n, every, length)) for n in (97, 105)
    ]
    assert np.nanmean(ratios(*sides, counts=True).p < 0.05) <= 0.07
