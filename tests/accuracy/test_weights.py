from math import isnan

import pytest
from accuracy.weights import share, wilson


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [
        # R. G. Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in
        # Medicine 17 (1998), table I, method 3 (score without continuity correction).
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_bounds_as_in_the_published_table(hits: int, n: int, low: float, high: float) -> None:
    assert wilson(hits / n, n) == pytest.approx((low, high), abs=5e-5)


def test_each_capture_weighs_the_same() -> None:
    found = share([("big", 99, True), ("big", 1, False), ("small", 1, False)])
    assert found.point == pytest.approx((0.99 + 0.0) / 2)
    assert (found.hits, found.flows, found.captures) == (99, 101, 2)
    # Weights 1/100 a hundred times and 1 once: (1 + 1)^2 / (1/100 + 1).
    assert found.effective == pytest.approx(4 / 1.01)


def test_equal_captures_are_as_sure_as_all_their_flows() -> None:
    found = share([("a", 10, True), ("b", 10, False)])
    assert found.effective == pytest.approx(20)
    assert (found.low, found.high) == pytest.approx(wilson(0.5, 20))


def test_a_share_of_nothing_is_unknown() -> None:
    found = share([])
    assert isnan(found.point)
    assert found.flows == 0
