"""What a page says, before it is HTML."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.report.parts import POISON

from folkways.report.material import Material
from folkways.report.model import (
    Block,
    Chart,
    Claims,
    Commands,
    Heading,
    Page,
    Points,
    Prose,
    Table,
)
from folkways.report.page import BANNER, build

HERE = Path(__file__).parent


def words(page: Page) -> str:
    """All that the page says but the numbers in its tables."""
    lines = [page.title, page.banner, *page.standfirst, ""]
    lines += _block(page.findings)
    for section in page.sections:
        lines += ["", f"== {section.number} {section.title}"]
        for block in section.blocks:
            lines += _block(block)
    return "\n".join(lines).replace("\u00a0", "~") + "\n"


def _block(block: Block) -> list[str]:  # noqa: PLR0911  # one for each kind of block
    match block:
        case Prose(text):
            return [text]
        case Heading(title):
            return [f"-- {title}"]
        case Claims(title, items):
            return [f"[{title}]", *(f"  {c.id} {c.sentence} -> {c.row}" for c in items)]
        case Points(title, texts):
            return [f"[{title}]", *(f"  * {text}" for text in texts)]
        case Chart():
            return [f"<chart {block.id}> {block.title}. {block.caption}"]
        case Table():
            columns = " | ".join(
                f"{c.group}/{c.label}" if c.group else c.label for c in block.columns
            )
            first = " | ".join(block.rows[0].cells) if block.rows else "empty"
            return [f"<table {block.id}> {block.title}", f"  {columns}", f"  {first}"]
        case Commands(commands):
            return [f"  $ {line}" for line in commands]


@pytest.mark.parametrize("name", ["simulated", "public", "short"])
def test_golden_sentences(
    pages: dict[str, Page], golden: Callable[[Path, str], None], name: str
) -> None:
    golden(HERE / f"{name}.golden.txt", words(pages[name]))


def test_the_sentence_of_an_abandoned_service_holds_its_numbers(pages: dict[str, Page]) -> None:
    said = [c.sentence for b in pages["simulated"].blocks if isinstance(b, Claims) for c in b.items]
    assert (
        "Facebook: all but abandoned: from 812 to 9.2 connections a day (ratio 0.011, "
        "95\u00a0% interval 0.0098 to 0.013; q\u00a0<\u00a00.001)." in said
    )


def test_sections_come_in_the_order_of_the_study(pages: dict[str, Page]) -> None:
    titles = [section.title for section in pages["public"].sections]
    assert titles == [
        "Who is measured",
        "What was observed",
        "How much",
        "Which services",
        "When",
        "What is hidden",
        "Which games",
        "Which cryptocurrencies",
        "Where abroad",
        "What is not told",
        "Method and limits",
        "Provenance",
    ]


def test_claims_are_distinct_and_their_rows_exist(pages: dict[str, Page]) -> None:
    for page in pages.values():
        claims = [c for block in page.blocks if isinstance(block, Claims) for c in block.items]
        ids = [claim.id for claim in claims]
        assert len(ids) == len(set(ids)) > 10
        anchors = {section.id for section in page.sections}
        for table in (block for block in page.blocks if isinstance(block, Table)):
            anchors |= {table.id, *(row.id for row in table.rows)}
        assert {claim.row for claim in claims} <= anchors


def test_ids_follow_the_numbers_and_nothing_else(materials: dict[str, Material]) -> None:
    material = materials["short"]
    again = build(material)
    assert again == build(material)
    changed = replace(material, rounds=[
        replace(one, totals={**one.totals, "members": 31}) for one in material.rounds
    ])  # fmt: skip
    differ = {c.id for c in _claims(again)} ^ {c.id for c in _claims(build(changed))}
    assert len(differ) == 4  # the totals of both rounds, before and after


def _claims(page: Page) -> list:  # type: ignore[type-arg]  # of Claim
    return [c for block in page.blocks if isinstance(block, Claims) for c in block.items]


def test_simulated_is_said_in_title_banner_and_every_caption(pages: dict[str, Page]) -> None:
    page = pages["simulated"]
    charts = [block for block in page.blocks if isinstance(block, Chart)]
    assert page.banner == BANNER
    assert "simulated" in page.title
    assert len(charts) == 11
    assert all(chart.caption.startswith("Simulated data. ") for chart in charts)
    for name in ("public", "short"):
        assert "imulated" not in words(pages[name])


def test_suppressed_numbers_are_nowhere(pages: dict[str, Page]) -> None:
    for page in pages.values():
        text = repr(page)
        assert str(POISON) not in text
        assert f"{POISON:,}" not in text
        assert "988,000,000" not in text  # rounded as a mean
        assert "988\u00a0MB" not in text


def test_a_suppressed_item_is_named_with_its_reason_only(pages: dict[str, Page]) -> None:
    claims = [c for c in _claims(pages["simulated"]) if "Naver" in c.sentence]
    assert claims
    assert all("fewer than 5 members" in c.sentence for c in claims)
    rows = [
        row.cells
        for block in pages["simulated"].blocks
        if isinstance(block, Table)
        for row in block.rows
        if row.cells[0] == "Naver"
    ]
    assert rows
    for cells in rows:
        assert set(cells[1:]) <= {"suppressed", "", "cannot tell"}


def test_unknown_volumes_are_unknown_and_not_zero(pages: dict[str, Page]) -> None:
    totals = next(b for b in pages["public"].blocks if isinstance(b, Table) and b.id == "totals")
    assert [cells.count("unknown") for cells in (row.cells for row in totals.rows)] == [3, 3]
    assert not any(
        block.id == "chart-bytes" for block in pages["public"].blocks if isinstance(block, Chart)
    )


def test_words_of_members_abroad_claim_no_more_than_the_data(pages: dict[str, Page]) -> None:
    text = words(pages["simulated"])
    assert "New in round 2: connections to addresses in Thailand (3,255) and Bangladesh" in text
    assert "members sit" not in text


def test_everything_at_once_is_told_where_it_was_compared(materials: dict[str, Material]) -> None:
    material = materials["simulated"]
    row = {**material.comparisons["country"][0]}
    del row["country"]
    told = build(replace(material, comparisons={**material.comparisons, "all": [row]}))
    assert told.findings.items[0].sentence.startswith("All use: shrank from 2,100 to 420")
    assert told.findings.items[0].row.startswith("change-all-connections-")


def test_three_rounds_make_a_page(materials: dict[str, Material]) -> None:
    material = materials["simulated"]
    first, last = material.rounds
    third = replace(first, name="3", first="2018-06-01", last="2018-09-05", coverage=[
        {**row, "day": f"2018-06-{i + 1:02d}"} for i, row in enumerate(first.coverage[:30])
    ])  # fmt: skip
    page = build(replace(material, rounds=[first, last, third]))
    hidden = next(b for b in page.blocks if isinstance(b, Table) and b.id == "hidden-ways")
    assert len(hidden.columns) == 13


def test_many_sources_are_summed_up_by_kind(materials: dict[str, Material]) -> None:
    material = materials["short"]
    each = material.sources[1]
    many = [
        {**each, "name": f"/home/me/logs/2017-04-{day:02d}/{kind}.log.gz", "digest": f"{kind}{day}"}
        for day in range(1, 31)
        for kind in ("conn", "dns", "ssl")
    ]
    table = next(
        block
        for block in build(replace(material, sources=many)).blocks
        if isinstance(block, Table) and block.id == "sources"
    )
    assert [row.cells[:6] for row in table.rows] == [
        (f"{kind} files", "zeek", "30", "3,600,000", "3,540,300", "59,700")
        for kind in ("conn", "dns", "ssl")
    ]
    assert len({row.cells[-1] for row in table.rows}) == 3


def test_folders_of_sources_are_not_told(materials: dict[str, Material]) -> None:
    material = materials["short"]
    source = material.sources[0] | {"name": "/home/me/logs/2017/conn.log"}
    text = repr(build(replace(material, sources=[source])))
    assert "2017/conn.log" in text
    assert "/home/me" not in text


def test_each_kind_set_aside_has_its_own_line_and_sentence(materials: dict[str, Material]) -> None:
    kinds = ("use", "scan", "local", "denied", "duplicate", "interim", "envelope", "backscatter")
    cell = {"connections": 7, "bytes_out": 10, "bytes_in": None, "members": 9, "state": "measured"}
    one = replace(materials["short"].rounds[0], noise=[{"noise": k, **cell} for k in kinds])
    page = build(replace(materials["short"], rounds=[one, materials["short"].rounds[1]]))
    tables = [b for s in page.sections for b in s.blocks if isinstance(b, Table)]
    table = next(t for t in tables if t.id == "noise")
    labels = [row.cells[1] for row in table.rows if row.cells[0] == table.rows[0].cells[0]]
    assert len(labels) == len(set(labels)) == len(kinds)
    assert not set(labels) & set(kinds)
    notes = " ".join(table.notes)
    for label in labels[1:]:
        assert notes.count(f"{label}: ") == 1
    assert "Internal traffic" not in notes
