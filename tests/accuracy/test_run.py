from pathlib import Path

import pyarrow as pa
import pytest
from accuracy.attributed import attribute
from accuracy.captured import captured
from accuracy.disagreements import explained, load_reasons
from accuracy.judge import Judge
from accuracy.known_names import PublicLists, name_lines
from accuracy.report import Report
from accuracy.run import main
from accuracy.sections import contradicts, judged

from folkways.attribute.catalogue import Catalogue
from folkways.attribute.snapshot import Snapshot


def test_a_missing_folder_is_the_users_mistake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--captures", str(tmp_path)]) == 2
    assert "needs flow_labels.csv and pcap/" in capsys.readouterr().err


def test_lists_of_kinds_and_of_registries_say_nothing_of_a_service(tmp_path: Path) -> None:
    folder = tmp_path / "ndpi_lists"
    folder.mkdir()
    rows = "host,name,ndpi_protocol,category\nexample.com,Shop,SHOP,WEB\n.a.example,Mail,MAIL,WEB\n"
    (folder / "ndpi_host_match.csv").write_text(rows)
    lists = PublicLists.load(tmp_path)
    assert lists.word("www.example.com") == "nDPI Shop"
    assert lists.word("a.example") == "nDPI Mail"
    assert lists.word("notexample.com") is None
    assert not PublicLists.load(tmp_path / "absent")


@pytest.fixture(scope="module")
def whole(shared_data: Path) -> tuple[Report, pa.Table]:
    catalogue = Catalogue.load()
    labels, matched = captured(shared_data / "captures" / "ndpi")
    judge = Judge(catalogue)
    rows = judged(attribute(matched, catalogue, Snapshot()), judge)
    return Report(judge, rows, labels.num_rows, matched.num_rows), matched


@pytest.mark.slow
@pytest.mark.external
def test_labels_are_found_mapped_and_explained(whole: tuple[Report, pa.Table]) -> None:
    report, _ = whole
    assert report.matched >= 0.98 * report.labels
    mapped, words, _ = report.coverage
    assert mapped >= 0.95 * words
    lines = explained([r for r in report.rows if contradicts(r)], load_reasons())
    assert not [line for line in lines if "NO REASON" in line]


@pytest.mark.slow
@pytest.mark.external
def test_what_was_promised(whole: tuple[Report, pa.Table]) -> None:
    report, _ = whole
    assert [str(bound) for bound in report.bounds if not bound.holds] == []


@pytest.mark.slow
@pytest.mark.external
def test_the_catalogue_knows_the_names_that_public_lists_know(
    whole: tuple[Report, pa.Table], shared_data: Path
) -> None:
    _, matched = whole
    captures, lists = shared_data / "captures" / "ndpi", shared_data / "reference"
    _, holds = name_lines(captures, lists, Catalogue.load(), matched)
    assert holds
