"""Sums of days go into a study only where its days are theirs."""

from collections.abc import Callable
from pathlib import Path

import pytest

from folkways.model.errors import UserError
from folkways.read.reader import ReadOptions
from folkways.study import Study

SUMS = "date,l_ipn,r_asn,f\n2017-06-09,7,15169,3\n2017-06-09,8,32934,4\n2017-12-10,7,15169,5\n"
Made = Callable[[str], Study]


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    monkeypatch.setenv("FOLKWAYS_CONFIG_DIR", str(tmp_path / "config"))

    def make(timezone: str) -> Study:
        population = tmp_path / "population.toml"
        population.write_text(
            f'name = "T"\ntimezone = "{timezone}"\n'
            "[study]\nk = 1\npublic_data = true\nmember_ids = true\n"
        )
        return Study.create(tmp_path / timezone.replace("/", "-"), population)

    return make


def table(folder: Path, zone: str | None, text: str = SUMS) -> tuple[str, ReadOptions]:
    path, mapping = folder / "sums.csv", folder / "mapping.toml"
    path.write_text(text)
    said = f'zone = "{zone}"\n' if zone else ""
    mapping.write_text(f'name = "mine"\npreset = "daily-as-sums"\n{said}')
    return str(path), ReadOptions(mapping=str(mapping))


@pytest.mark.parametrize(
    ("timezone", "zone"),
    [
        ("Asia/Tokyo", None),
        ("Asia/Tokyo", "UTC"),
        ("UTC", "Asia/Tokyo"),
        ("America/New_York", "Asia/Tokyo"),
        ("Asia/Kolkata", "Asia/Karachi"),
        # The same in winter, but not in summer.
        ("UTC", "Europe/London"),
    ],
)
def test_sums_of_other_days_are_refused_with_the_mend(
    made: Made, tmp_path: Path, timezone: str, zone: str | None
) -> None:
    study = made(timezone)
    path, options = table(tmp_path, zone)
    with pytest.raises(UserError, match="two days of the study") as error:
        study.ingest(path, options=options)
    told = str(error.value)
    assert f'zone = "{timezone}"' in told
    assert f'timezone = "{zone or "UTC"}"' in told
    assert "2017-06-0" in told
    assert study.sources() == []
    # Said beforehand too.
    (one,) = study.dry_run(path, options=options)["sources"]
    assert one["error"] == told


@pytest.mark.parametrize(
    ("timezone", "zone"),
    [
        ("UTC", None),
        ("Asia/Tokyo", "Asia/Tokyo"),
        # Another name, the same days.
        ("Asia/Tokyo", "Asia/Seoul"),
        ("Africa/Abidjan", "UTC"),
        ("America/New_York", "America/New_York"),
    ],
)
def test_sums_of_the_studys_days_go_in(
    made: Made, tmp_path: Path, timezone: str, zone: str | None
) -> None:
    study = made(timezone)
    path, options = table(tmp_path, zone)
    assert not study.ingest(path, options=options).refused
    rows = study.summary("2017-06-01..2017-12-31", ["day"])["rows"]
    assert {row["day"]: row["connections"] for row in rows} == {"2017-06-09": 7, "2017-12-10": 5}


@pytest.mark.parametrize(
    ("ends", "refused"),
    [
        (("2017-06-08T15:00:00Z", "2017-06-09T15:00:00Z"), False),
        (("2017-06-08T15:00:00Z", "2017-06-09T14:59:59Z"), False),
        (("2017-06-09T00:00:00Z", "2017-06-09T23:59:59Z"), True),
        # What is no sum of a day may lie over its end.
        (("2017-06-09T14:30:00Z", "2017-06-09T15:29:59Z"), False),
        (("2017-06-01T00:00:00Z", "2017-06-08T00:00:00Z"), False),
    ],
)
def test_sums_with_a_start_and_an_end(
    made: Made,
    tmp_path: Path,
    ends: tuple[str, str],
    refused: bool,  # noqa: FBT001  # a case's value
) -> None:
    path, mapping = tmp_path / "sums.csv", tmp_path / "mapping.toml"
    path.write_text(f"start,end,who,flows\n{ends[0]},{ends[1]},7,3\n")
    mapping.write_text(
        'name = "mine"\ndirection = "sums"\n[columns]\n'
        'start = "start"\nend = "end"\nsource_member = "who"\nflows = "flows"\n'
    )
    options = ReadOptions(mapping=str(mapping))
    (one,) = made("Asia/Tokyo").dry_run(str(path), options=options)["sources"]
    assert ("two days of the study" in (one["error"] or "")) == refused
