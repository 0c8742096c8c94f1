"""Shares in which each capture weighs the same, and how far they can be trusted."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt

Z95 = 1.959963984540054
"""The 97.5 % point of the normal distribution."""


@dataclass(frozen=True)
class Share:
    """A weighted share with its 95 % Wilson bounds.

    ``flows`` and ``captures`` count what it stands on, ``hits`` the flows in it, and ``effective``
    is the number of equally weighted flows that would be as sure. Without flows all shares are nan.
    """

    point: float
    low: float
    high: float
    hits: int
    flows: int
    captures: int
    effective: float


def wilson(point: float, n: float, z: float = Z95) -> tuple[float, float]:
    """The bounds of Wilson's score interval for a share ``point`` of ``n`` (not 0), in 0..1.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
    Journal of the American Statistical Association 22 (1927).
    """
    middle = point + z * z / (2 * n)
    half = z * sqrt(point * (1 - point) / n + z * z / (4 * n * n))
    whole = 1 + z * z / n
    return max(0.0, (middle - half) / whole), min(1.0, (middle + half) / whole)


def share(rows: Iterable[tuple[str, int, bool]]) -> Share:
    """The share of hits among flows, each capture weighing the same.

    A flow of a capture with n flows weighs 1/n. The effective number is Kish's
    ``(sum w)^2 / sum w^2``. It takes the flows of one capture for independent, which they are not
    quite, so that the bounds are a little too narrow.

    Args:
        rows: (capture, flows, whether they are hits).
    """
    flows: Counter[str] = Counter()
    hits: Counter[str] = Counter()
    for capture, count, hit in rows:
        flows[capture] += count
        hits[capture] += count if hit else 0
    if not flows:
        nan = float("nan")
        return Share(nan, nan, nan, 0, 0, 0, 0.0)
    point = sum(hits[c] / n for c, n in flows.items()) / len(flows)
    effective = len(flows) ** 2 / sum(1 / n for n in flows.values())
    low, high = wilson(point, effective)
    return Share(point, low, high, hits.total(), flows.total(), len(flows), effective)
