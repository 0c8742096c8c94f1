"""Numbers, days and names in words."""

import pytest

from folkways.model.columns import CONNECTED
from folkways.report import dates, numbers
from folkways.report.changes import changes
from folkways.report.material import Material
from folkways.report.names import Names, own_labels, verdict_label
from folkways.report.wording import predicate


def plain(text: str) -> str:
    return text.replace(numbers.NBSP, " ")


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "unknown"), (0, "0"), (9.2, "9.2"), (0.034, "0.034"), (42.34, "42.3"), (812.4, "812"),
     (1234.5, "1,230"), (81_234, "81,200"), (9.96, "10"), (99.96, "100"), (1e-9, "0.000000001")],
)  # fmt: skip
def test_means(value: float | None, text: str) -> None:
    assert numbers.mean(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "unknown"), (0, "0 B"), (999, "999 B"), (1000, "1 kB"), (999_600, "1 MB"),
     (1_234_567, "1.2 MB"), (273_400_000, "273 MB"), (2e18, "2,000 PB")],
)  # fmt: skip
def test_sizes_are_decimal(value: float | None, text: str) -> None:
    assert plain(numbers.size(value)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "unknown"), (0, "0"), (0.0113, "0.011"), (0.02, "0.020"), (0.00001, "less than 0.001"),
     (0.999, "1.00"), (1.254, "1.25"), (13.4, "13"), (130.4, "130"), (9.999, "10"),
     (1234, "1,200")],
)  # fmt: skip
def test_ratios(value: float | None, text: str) -> None:
    assert plain(numbers.ratio(value)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "unknown"), (0, "0 %"), (0.00001, "less than 0.01 %"), (0.0083, "0.83 %"),
     (0.126, "13 %"), (1, "100 %"), (0.995, "99.5 %"), (0.9999, "99.9 %")],
)  # fmt: skip
def test_shares(value: float | None, text: str) -> None:
    assert plain(numbers.share(value)) == text


def test_intervals_and_q() -> None:
    assert numbers.interval(0.0081, 0.013) == "0.0081 to 0.013"
    assert numbers.interval(30, None) == "30 upwards"
    assert numbers.interval(None, None) == "unknown"
    assert plain(numbers.q_value(0.0004)) == "q < 0.001"
    assert plain(numbers.q_value(0.0312)) == "q = 0.031"


def test_listing() -> None:
    assert numbers.listing([]) == ""
    assert numbers.listing(["a"]) == "a"
    assert numbers.listing(["a", "b", "c"]) == "a, b and c"


def test_days() -> None:
    assert dates.span_text("2017-04-01", "2017-07-06") == "1 April to 6 July 2017"
    assert dates.span_text("2017-12-01", "2018-03-15") == "1 December 2017 to 15 March 2018"
    assert dates.span_text("2017-12-01", "2017-12-01") == "1 December 2017"
    assert plain(dates.short_span("2006-07-01", "2006-08-15")) == "1 Jul to 15 Aug 2006"


def test_local_days_of_instants_follow_the_zone() -> None:
    zone = "Asia/Pyongyang"  # UTC+8:30 in 2017, UTC+9 in 2009
    assert dates.local_date("2017-09-30T15:30:00.000Z", zone) == "2017-10-01"
    assert dates.local_date("2017-09-30T15:29:59.999Z", zone) == "2017-09-30"
    assert dates.local_date("2009-12-31T15:00:00.000Z", zone) == "2010-01-01"
    assert dates.local_date("2018-03-31T15:30:00.000Z", zone, before=True) == "2018-03-31"
    assert dates.local_date(None, zone) is None


def test_names_of_what_is_not_known() -> None:
    names = Names({"operator": {"meta": "Meta"}, "service": {"facebook": "Facebook"}})
    assert names.row("service", {"service": "facebook", "operator": "meta"}) == "Facebook"
    assert names.row("service", {"service": None, "operator": "meta"}) == "Meta (operator only)"
    assert names.row("service", {"service": None, "operator": None}) == "not known"
    assert names.row("service", {"service": "new-one"}) == "new-one"
    assert names.row("hidden", {"hidden": None}) == "not hidden"
    assert names.row("hidden", {"hidden": "tor"}) == "Tor"


def test_every_verdict_has_its_word(materials: dict[str, Material]) -> None:
    words = {v: verdict_label(v) for v in own_labels()["verdict"]}
    assert words == {
        "abandoned": "Abandoned",
        "adopted": "Adopted",
        "grew": "Grew",
        "shrank": "Shrank",
        "unchanged": "Unchanged",
        "no-evidence": "No evidence of change",
        "cannot-tell": "Cannot tell",
    }
    said = {c.verdict: predicate(c) for c in changes(materials["simulated"], "service")}
    assert set(said) == set(words)
    assert said["grew"].startswith("grew from ")
    assert said["cannot-tell"] == "cannot tell: suppressed: too few members"


def test_every_kind_of_noise_has_a_line_and_a_sentence() -> None:
    meaning = next(c.meaning for c in CONNECTED.columns if c.name == "noise")
    kinds = set(meaning.partition(";")[0].split(", "))
    assert {"local", "denied", "duplicate", "interim", "envelope"} < kinds
    labels, about = own_labels()["noise"], own_labels()["noise_about"]
    assert kinds <= set(labels)
    assert kinds - {"use"} <= set(about)
    assert len(set(labels.values())) == len(labels)
    assert set(about) <= set(labels)
