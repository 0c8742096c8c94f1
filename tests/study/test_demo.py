"""The whole demo: what its report says is what the simulation was told to do."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from folkways.measure import hidden_share
from folkways.study import Study
from folkways.study.demo import run_demo
from folkways.study.frames import frame_of
from folkways.study.progress import Silent

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("demo")]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    into = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FOLKWAYS_CONFIG_DIR", str(into / "config"))
        run_demo(into / "demo", "reference-study", Silent())
    return into / "demo"


@pytest.fixture(scope="module")
def truth(demo: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((demo / "simulated/truth.json").read_text())
    return found


def verdicts(demo: Path, by: str) -> dict[str, dict[str, Any]]:
    rows = Study.open(demo / "study").compare("round-1", "round-2", [by])["rows"]
    return {r[by]: r for r in rows if r["measure"] == "connections" and r[by] is not None}


# What may be said of each kind of truth; "unchanged" needs more days than there may be.
ALLOWED = {
    "abandoned": {"abandoned"},
    "adopted": {"adopted", "grew"},
    "grew": {"grew", "adopted"},
    "shrank": {"shrank"},
    "unchanged": {"unchanged", "no-evidence"},
}
# Bitcoin begins inside round 1, so that a change between the rounds cannot be told for sure.
BEGAN_INSIDE = {"bitcoin", "bitcoin-mining"}


def test_verdicts_are_those_of_the_truth(demo: Path, truth: dict[str, Any]) -> None:
    found = verdicts(demo, "service")
    told, false_alarms = 0, []
    for item in truth["items"]:
        service, verdict = item["id"], item["verdict"]
        if service not in found or verdict is None or service in BEGAN_INSIDE:
            continue
        row = found[service]
        if row["state"] == "suppressed":
            continue
        fell_tenfold = verdict == "abandoned" and row["ratio"] < 0.1
        if verdict == "unchanged" and row["verdict"] in {"grew", "shrank"}:
            # About one in twenty intervals misses; what it calls a change is then a small one.
            assert 0.8 < row["ratio"] < 1.25, (service, row)
            false_alarms.append(service)
            continue
        assert row["verdict"] in ALLOWED[verdict] or fell_tenfold, (service, verdict, row)
        told += 1
    assert told > 40
    assert len(false_alarms) <= 2, false_alarms


def test_the_headlines_of_the_study(demo: Path) -> None:
    by_service = verdicts(demo, "service")
    for service in ("facebook", "google", "instagram", "amazon", "world-of-tanks"):
        assert by_service[service]["verdict"] == "abandoned", service
    for service in ("alibaba", "baidu", "qq", "wechat"):
        assert by_service[service]["verdict"] in {"grew", "adopted"}, service
    assert by_service["monero-mining"]["verdict"] == "adopted"
    by_operator = verdicts(demo, "operator")
    for operator in ("alibaba", "tencent", "baidu"):
        assert by_operator[operator]["verdict"] in {"grew", "adopted"}, operator


def test_obfuscation_rises_about_thirteenfold(demo: Path, truth: dict[str, Any]) -> None:
    study = Study.open(demo / "study")
    shares = {}
    for name in ("round-1", "round-2"):
        period = study.period(name)
        with frame_of(study.folder, period) as frame:
            rows = hidden_share(frame, period, by_day=False).to_pylist()
        shares[name] = next(r["share"] for r in rows if r["way"] == "as-published")
        assert shares[name] == pytest.approx(truth["obfuscated"]["drawn"][name], abs=1e-6)
    assert 11 < shares["round-2"] / shares["round-1"] < 15


def test_every_connection_is_where_it_was_put(demo: Path, truth: dict[str, Any]) -> None:
    study = Study.open(demo / "study")
    for r in truth["rounds"]:
        (whole,) = study.summary(r["name"], [])["rows"]
        assert whole["connections"] == r["use"]
        assert whole["bytes_out"] + whole["bytes_in"] == r["use_bytes"]
        assert whole["members"] == r["members"]
        countries = {x["country"]: x for x in study.summary(r["name"], ["country"])["rows"]}
        for country, connections in r["countries"].items():
            assert countries[country]["connections"] in {connections, None}
        seen = study.summary(r["name"], [])["coverage"]
        assert [day["day"] for day in seen["incomplete"]] == [o["day"] for o in r["outages"]]


def test_the_page_says_that_it_is_simulated_and_needs_nothing_else(demo: Path) -> None:
    page = (demo / "report.html").read_text(encoding="utf-8")
    assert page.lower().count("simulated") > 10
    assert not re.search(r"<script|(src|href)=[\"']https?:", page)
    assert "World of Tanks" in page
