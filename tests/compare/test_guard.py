import dataclasses
import math

import pytest

from folkways.compare import guard
from folkways.compare.guard import Band, Guard
from folkways.compare.margins import Margins
from folkways.compare.verdict import Numbers, decide
from folkways.compare.words import SCALE, chance_of_direction, words_for
from folkways.model.finding import CoverageSummary

FULL = CoverageSummary(
    days=97,
    observed_days=97,
    complete_days=97,
    hours_per_day=24.0,
    sources=97,
    exporters=("r1", "r2"),
    sampling=("1",),
    flawed=0.0,
)


def change(**parts: object) -> CoverageSummary:
    return dataclasses.replace(FULL, **parts)  # type: ignore[arg-type]


def test_equal_coverage_guards_nothing() -> None:
    assert guard(FULL, FULL) == Guard(bands={"bytes": Band()})
    assert guard(FULL, change(sources=3)).sentences == ()


@pytest.mark.parametrize(
    ("after", "band", "words"),
    [
        ({"hours_per_day": 18.0}, Band(0.75, 1.0), "a factor of 0.75"),
        ({"exporters": ("r1",)}, Band(0.0, 1.0), "seen before only: r2"),
        ({"exporters": ("r1", "r2", "r3")}, Band(1.0, math.inf), "seen after only: r3"),
        ({"exporters": ("r9",)}, Band(0.0, math.inf), "r1, r2; a decline"),
        ({"hours_per_day": 23.9}, Band(), ""),
        ({"complete_days": 90}, Band(), "7 of 97 days after were not observed completely"),
        ({"hours_per_day": None, "complete_days": 0}, Band(), "97 of 97 days after"),
    ],
)
def test_differences_are_said_and_bounded(after: dict[str, object], band: Band, words: str) -> None:
    found = guard(FULL, change(**after))
    assert found.band_of("connections") == band
    assert words in " ".join(found.sentences)
    back = guard(change(**after), FULL).band_of("connections")
    assert back.low == pytest.approx(1 / band.high)
    assert back.high == pytest.approx(1 / band.low if band.low else math.inf)


def test_flaws_count_against_bytes_only() -> None:
    found = guard(FULL, change(flawed=0.2))
    assert found.band_of("connections") == Band()
    assert found.band_of("bytes") == Band(0.8, 1.0)
    assert guard(change(flawed=0.2), FULL).band_of("bytes") == Band(1.0, 1.25)
    assert "0% of rows had flaws before and 20% after" in found.sentences[0]


@pytest.mark.parametrize(
    ("before", "after", "withheld"),
    [
        (("1",), ("1",), set()),
        (("1000",), ("1000",), set()),
        (("1000",), ("2000",), {"connections", "members"}),
        (("1", "1000"), ("1", "1000"), {"connections", "members"}),
        (("1",), ("1", "unknown"), {"connections", "members", "bytes"}),
        (("unknown",), ("unknown",), {"connections", "members", "bytes"}),
    ],
)
def test_sampling(before: tuple[str, ...], after: tuple[str, ...], withheld: set[str]) -> None:
    found = guard(change(sampling=before), change(sampling=after))
    measures = ("connections", "bytes", "members")
    assert {m for m in measures if found.withheld(m)} == withheld
    assert bool(found.sentences) == ({*before, *after} != {"1"})


def test_sampling_can_be_vouched_for() -> None:
    unknown = change(sampling=("unknown",))
    found = guard(unknown, unknown, assume_equal_sampling=True)
    assert found.withheld("connections") is None
    assert "assumed" in found.sentences[0]


MARGINS = Margins()


@pytest.mark.parametrize(
    ("low", "high", "q", "verdict"),
    [
        (0.0, 0.04, 0.001, "abandoned"),
        (0.0, 0.06, 0.001, "shrank"),
        (0.0, 0.04, 0.2, "no-evidence"),
        (25, math.inf, 0.001, "adopted"),
        (15, math.inf, 0.001, "grew"),
        (1.01, 1.2, 0.04, "grew"),
        (1.01, 1.2, 0.06, "unchanged"),
        (1.01, 1.3, 0.06, "no-evidence"),
        (0.8, 1.25, 0.9, "unchanged"),
        (0.79, 1.2, 0.9, "no-evidence"),
        (0.5, 0.9, 0.01, "shrank"),
    ],
)
def test_verdicts(low: float, high: float, q: float, verdict: str) -> None:
    found, reason = decide(Numbers(1.0, low, high, q), MARGINS, Band())
    assert found == verdict
    assert reason


def test_words_follow_the_scale() -> None:
    assert words_for(0.0) == "almost certainly not"
    assert words_for(0.05) == "almost certainly not"
    assert words_for(0.051) == "very unlikely"
    assert words_for(0.5) == "about as likely as not"
    assert words_for(0.95) == "very likely"
    assert words_for(1.0) == "almost certain"
    assert [bound for bound, _ in SCALE] == sorted(bound for bound, _ in SCALE)
    assert words_for(chance_of_direction(0.04)) == "almost certain"
    assert words_for(chance_of_direction(1.0)) == "about as likely as not"
    with pytest.raises(ValueError, match="no probability"):
        words_for(1.5)
