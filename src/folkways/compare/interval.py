"""The ratio of two means of dependent daily values: interval and p-value.

Days depend on each other and on the weekday. The mean's variance is therefore estimated from slow
movements only: the daily values are projected on a few cosines orthogonal to each other and to the
weekdays (equal-weighted cosines, EWC: Lazarus, Lewis, Stock and Watson, "HAR Inference", Journal of
Business & Economic Statistics 36, 2018), whose mean square estimates the long-run variance with as
many degrees of freedom as there are cosines. The ratio's interval holds the ratios that a t test of
``after - ratio * before = 0`` does not reject (Fieller, JRSS B 16, 1954), so that it is unbounded
where a mean cannot be told from zero. docs/decisions/0004-intervals.md has the calibration.
"""

from dataclasses import dataclass
from types import ModuleType

import numpy as np
import numpy.typing as npt

Reals = npt.NDArray[np.float64]
Days = npt.NDArray[np.int64]

DAYS_PER_COSINE = 16
LEAST_COSINES, MOST_COSINES = 2, 8
"""Few cosines hold at more dependence, many give narrower intervals; chosen by calibration."""

FEWEST_DAYS = 7 + LEAST_COSINES + 1
"""Below that, weekdays and cosines leave nothing to estimate from."""

SHORT_DAYS = 21
"""Fewer days than these leave slow movements unseen: at a correlation of 0.7 from day to day,
intervals of two weeks held 91 %. The variance is therefore raised in proportion to what is
missing of them."""

SPARSE_DAYS = 7
"""An item seen on fewer days than these has too few values to tell its own clumpiness."""

_BISECTIONS = 60
_ROUNDING = 1e-12
_WIDEST = 60.0  # in log ratio; beyond any ratio of two 64-bit counts


@dataclass(frozen=True)
class Levels:
    """Many items over the same days of one period; arrays of shape (items,).

    ``mean``: daily mean in which each weekday weighs the same; ``variance``: of that mean;
    ``clump``: variance by mean from one day to the next (what comes together, at the least);
    ``seen``: days with a value above zero; ``days`` and ``degrees`` are common to all.
    """

    mean: Reals
    variance: Reals
    clump: Reals
    seen: Days
    days: int
    degrees: int


def levels(values: Reals, days: Days) -> Levels:
    """Means and their variances.

    Args:
        values: (items, days) daily values of complete days; no value is unknown.
        days: (days,) days since 1970-01-01, ascending; left-out days are simply missing. There must
            be ``FEWEST_DAYS`` or more.
    """
    count = len(days)
    degrees = cosines(count)
    weekday = np.unique(days % 7, return_inverse=True)[1]
    dummies = np.eye(int(weekday.max()) + 1)[weekday]
    time = (days - days[0] + 0.5) / (days[-1] - days[0] + 1)
    waves = np.cos(np.pi * np.outer(time, np.arange(1, degrees + 1)))
    basis = np.linalg.qr(np.column_stack([dummies, waves]))[0][:, dummies.shape[1] :]
    by_weekday = np.stack([values[:, day].mean(axis=1) for day in dummies.T > 0], axis=1)
    mean = by_weekday.mean(axis=1)
    residuals = values - by_weekday[:, weekday]
    # Row by row, not as a matrix product: an item's numbers must not depend, even in the last
    # digit, on which other items are compared.
    slow = np.stack([(residuals * wave).sum(axis=1) for wave in basis.T], axis=1)
    weights = ((dummies / dummies.sum(axis=0)).mean(axis=1) ** 2).sum()
    variance = (slow**2).mean(axis=1) * max(1.0, SHORT_DAYS / count) * weights
    # What remains of values that never vary is rounding.
    variance[variance < (_ROUNDING * mean) ** 2] = 0
    return Levels(
        mean=mean,
        variance=variance,
        clump=_clump(residuals, days, mean),
        seen=(values > 0).sum(axis=1),
        days=count,
        degrees=degrees,
    )


def cosines(days: int) -> int:
    """How many cosines (degrees of freedom) a period of so many days gets."""
    return int(np.clip(round(days / DAYS_PER_COSINE), LEAST_COSINES, MOST_COSINES))


def _clump(residuals: Reals, days: Days, mean: Reals) -> Reals:
    """Variance by mean, from differences of adjacent days (von Neumann): drift is left out."""
    steps = np.diff(residuals, axis=1)[:, np.diff(days) == 1]
    short = (steps**2).mean(axis=1) / 2 if steps.shape[1] else np.zeros(len(mean))
    return np.divide(short, mean, out=np.zeros_like(mean), where=mean > 0)


@dataclass(frozen=True)
class Ratios:
    """After by before, with interval and p-value; (items,), not a number where both are zero."""

    ratio: Reals
    low: Reals
    high: Reals
    p: Reals


def ratios(before: Levels, after: Levels, *, counts: bool, confidence: float = 0.95) -> Ratios:
    """Ratio of means, its interval, and the p-value of "equal".

    Args:
        before: the items' levels in the first period.
        after: the same items in the second.
        counts: whether values are counts, which cannot vary less than a Poisson variable. Zero days
            then still say something: no more than some few could have been missed.
        confidence: of the interval.

    Swapping the periods gives the inverse ratio and interval and the same p.
    """
    forth, back = _Test(before, after, counts), _Test(after, before, counts)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = after.mean / before.mean
        high = forth.upper(confidence)
        low = 1 / back.upper(confidence)
        t, degrees = forth.statistic(np.ones_like(ratio))
    p = 2 * _special().stdtr(degrees, -np.abs(t))
    nothing = (before.mean <= 0) & (after.mean <= 0)
    return Ratios(*(np.where(nothing, np.nan, v) for v in (ratio, low, high, np.minimum(p, 1))))


class _Test:
    """The t test of one ratio, item by item."""

    def __init__(self, before: Levels, after: Levels, counts: bool) -> None:  # noqa: FBT001  # private
        self.before, self.after = before, after
        unit = 1.0 if counts else 0.0
        pooled = np.maximum(before.clump, after.clump)
        self.clump_before = np.where(before.seen < SPARSE_DAYS, np.maximum(pooled, unit), unit)
        self.clump_after = np.where(after.seen < SPARSE_DAYS, np.maximum(pooled, unit), unit)

    def statistic(self, ratio: Reals) -> tuple[Reals, Reals]:
        """The t of "after = ratio x before" and its degrees of freedom (Welch-Satterthwaite).

        A mean's variance is at least that of the number of clumps expected at this ratio, so that
        a side without any value does not count as known exactly.
        """
        b, a = self.before, self.after
        level = (b.mean * b.days + a.mean * a.days) / (b.days + ratio * a.days)
        of_after = np.maximum(a.variance, self.clump_after * ratio * level / a.days)
        of_before = ratio**2 * np.maximum(b.variance, self.clump_before * level / b.days)
        total = of_after + of_before
        degrees = total**2 / (of_after**2 / a.degrees + of_before**2 / b.degrees)
        t = (a.mean - ratio * b.mean) / np.sqrt(total)
        # Values that never vary: equal means are equal, others differ for certain.
        exact = np.where(np.isclose(a.mean, ratio * b.mean, rtol=1e-12), 0.0, np.inf)
        flat = total <= 0
        return np.where(flat, exact, t), np.where(flat, min(a.degrees, b.degrees), degrees)

    def rejects(self, log_ratio: Reals, confidence: float) -> npt.NDArray[np.bool_]:
        """Whether the ratio lies outside the interval."""
        t, degrees = self.statistic(np.exp(log_ratio))
        bound = _special().stdtrit(degrees, (1 + confidence) / 2)
        rejected: npt.NDArray[np.bool_] = np.abs(t) > bound
        return rejected

    def upper(self, confidence: float) -> Reals:
        """The largest ratio that is not rejected; infinite where none is."""
        here = np.log(self.after.mean / self.before.mean)
        inside = np.where(np.isfinite(here), here, -_WIDEST)
        outside = inside + 2 * _WIDEST
        bounded = (self.before.mean > 0) & self.rejects(outside, confidence)
        for _ in range(_BISECTIONS):
            middle = (inside + outside) / 2
            rejected = self.rejects(middle, confidence)
            inside = np.where(rejected, inside, middle)
            outside = np.where(rejected, middle, outside)
        return np.where(bounded, np.exp(inside), np.inf)


def _special() -> ModuleType:
    # scipy takes a fifth of a second to load, and of all commands only compare and report need it.
    from scipy import special

    return special


def benjamini_hochberg(p: Reals) -> Reals:
    """q-values (step-up, JRSS B 57, 1995); p that are not a number stay so and do not count."""
    q = np.full(len(p), np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    raised = p[order] * len(order) / np.arange(1, len(order) + 1)
    q[order] = np.minimum.accumulate(raised[::-1])[::-1]
    return q
