"""The reference study: what is drawn keeps to what the scenario promises."""

import math
from typing import Any

import numpy as np
import pytest

from folkways.simulate import Simulated
from folkways.simulate.truth import verdict


def items(truth: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {item["id"]: item for item in truth["items"]}


def test_it_says_that_it_is_simulated(study: Simulated, study_truth: dict[str, Any]) -> None:
    assert study_truth["simulated"] is True
    assert "SIMULATED" in (study.folder / "README.txt").read_text(encoding="utf-8")
    assert "Simulated" in study.population.read_text(encoding="utf-8")


def test_rounds_are_those_of_the_study(study_truth: dict[str, Any]) -> None:
    first, second = study_truth["rounds"]
    assert (first["first"], first["last"], first["days"]) == ("2017-04-01", "2017-07-06", 97)
    assert (second["first"], second["last"], second["days"]) == ("2017-12-01", "2018-03-15", 105)
    assert 4_500 < first["rows"] / 97 < 6_500
    assert 4_500 < second["rows"] / 105 < 6_500
    assert 200 <= first["members"] <= 250


def test_most_used_in_the_order_of_the_study(study_truth: dict[str, Any]) -> None:
    order = ["facebook", "google", "baidu", "instagram", "alibaba", "amazon", "qq", "apple"]
    assert study_truth["most_used"]["round-1"][:8] == order
    drawn = {k: v["drawn"]["round-1"]["connections"] for k, v in items(study_truth).items()}
    assert all(drawn["facebook"] > 2 * drawn[other] for other in ("baidu", "alibaba", "qq"))
    assert study_truth["most_used"]["round-2"][:4] == ["alibaba", "baidu", "qq", "wechat"]


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (("facebook", "google", "instagram", "amazon", "world-of-tanks"), "abandoned"),
        (("alibaba", "baidu", "qq", "wechat", "weibo"), "grew"),
        (("bittorrent", "skype"), "shrank"),
        (("tor", "openvpn", "vps", "steam", "quake4", "abroad-th", "abroad-bd"), "adopted"),
        (("xinhua", "sina", "windows-update", "netease-mail", "apple"), "unchanged"),
        (("scan", "backscatter", "resold"), None),
    ],
)
def test_verdicts_and_their_ratios(
    study_truth: dict[str, Any], ids: tuple[str, ...], expected: str | None
) -> None:
    for name in ids:
        item = items(study_truth)[name]
        assert item["verdict"] == expected
        before = item["drawn"]["round-1"]["connections"] / 97
        after = item["drawn"]["round-2"]["connections"] / 105
        if expected == "abandoned":
            assert after < 0.06 * before
        elif expected == "unchanged":
            # Noise of 0.156 with r = 0.5 on 97 and 105 days: a standard error of about 4 %.
            assert math.isclose(after, before, rel_tol=0.16)


def test_verdicts_at_their_edges() -> None:
    assert verdict(100, 10) == "abandoned"
    assert verdict(100, 11) == "shrank"
    assert verdict(0, 1) == "adopted"
    assert verdict(1, 9.9) == "grew"
    assert verdict(100, 100.4) == "unchanged"
    assert verdict(100, 110) is None
    assert verdict(0, 0) is None


def test_obfuscation_rises_thirteenfold(study_truth: dict[str, Any]) -> None:
    found = study_truth["obfuscated"]
    for shares in (found["expected"], found["drawn"], found["drawn_bytes"]):
        assert 0.008 < shares["round-1"] < 0.012
        assert 0.115 < shares["round-2"] < 0.14
    assert 12 < found["ratio"] < 14
    assert set(found["kinds"]) == {"tor", "vpn", "vps", "tls"}


def test_gaming_and_streaming_are_two_thirds_of_the_bytes(study_truth: dict[str, Any]) -> None:
    assert 0.60 < study_truth["gaming_and_streaming_bytes"]["round-1"] < 0.70


def test_daily_means_are_near_the_rates(study_truth: dict[str, Any]) -> None:
    for item in study_truth["items"]:
        for name, days in (("round-1", 97), ("round-2", 105)):
            rate = item["expected_daily"][name]
            mean = item["drawn"][name]["connections"] / days
            # Five standard errors of day-to-day noise and of Poisson counts, and the outage.
            assert abs(mean - rate) < 0.14 * rate + 5 * math.sqrt(rate / days) + 0.01


def test_busy_by_day_and_games_at_weekends(study_truth: dict[str, Any]) -> None:
    for one in study_truth["rounds"]:
        hours = np.array(one["rhythm"]).sum(axis=0)
        assert hours[9:21].min() > 1.5 * np.r_[hours[:8], hours[22:]].max()
    days = study_truth["days"]["round-1"]
    tanks = [(np.datetime64(day), found["world-of-tanks"][0]) for day, found in days.items()]
    at_weekends = [n for day, n in tanks if not np.is_busday(day)]
    assert np.mean(at_weekends) > 1.3 * np.mean([n for day, n in tanks if np.is_busday(day)])


def test_coins_begin_on_their_days(study_truth: dict[str, Any]) -> None:
    assert study_truth["coins"]["bitcoin-mining"] == "2017-05-17"
    assert study_truth["coins"]["monero-mining"] == "2018-01-08"
    for coin, name in (("bitcoin-mining", "round-1"), ("monero-mining", "round-2")):
        days = [d for d, found in study_truth["days"][name].items() if coin in found]
        assert min(days) == study_truth["coins"][coin]


def test_countries_games_and_the_outage(study: Simulated, study_truth: dict[str, Any]) -> None:
    first = {"IN", "CN", "MY", "NZ", "NP", "KE", "MZ", "ID"}
    assert set(study_truth["countries_abroad"]["round-1"]) == first
    assert set(study_truth["countries_abroad"]["round-2"]) == first | {"TH", "BD"}
    assert first <= set(study_truth["rounds"][0]["countries"])
    assert "TH" not in study_truth["rounds"][0]["countries"]
    assert study_truth["games"]["round-1"][0] == "world-of-tanks"
    assert "world-of-tanks" not in study_truth["games"]["round-2"]
    assert len(study_truth["games"]["round-2"]) == 12
    assert study_truth["rounds"][0]["outages"] == [
        {"day": "2017-05-23", "from_hour": 10, "to_hour": 17}
    ]
    rows = {
        day: sum(n for n, *_ in f.values()) for day, f in study_truth["days"]["round-1"].items()
    }
    assert rows["2017-05-23"] < 0.7 * np.median(list(rows.values()))
    assert [one.period.timezone for one in study.rounds] == ["Asia/Pyongyang"] * 2
