"""The documentation is what the code does now: made from it, or run."""

import importlib
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from folkways.read.tabular import Mapping
from folkways.read.tabular.mapping import FACTORS, FIELDS, MULTIPLES

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
QUICK = ("commands", "schema", "formats", "catalogue")


@pytest.fixture(scope="session")
def modules() -> Iterator[Any]:
    """The scripts in docs, by name."""
    sys.path.insert(0, str(DOCS))
    try:
        yield importlib.import_module
    finally:
        sys.path.remove(str(DOCS))


def written(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [f"reference/{name}.md" for name in QUICK])
def test_the_reference_is_as_made(modules: Any, name: str) -> None:
    assert modules("generate").page(name) == written(name), "run make docs"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["reference/json.md", "tutorial.md", "how-to/tables.md"])
def test_pages_show_what_really_happens(modules: Any, name: str) -> None:
    assert modules("generate").page(name) == written(name), "run make docs"


def test_every_page_is_checked(modules: Any) -> None:
    generate = modules("generate")
    made = {f"reference/{path.name}" for path in (DOCS / "reference").iterdir()}
    assert made == set(generate.MADE_PAGES)
    shows = {
        str(path.relative_to(DOCS))
        for path in DOCS.rglob("*.md")
        if "```console" in path.read_text(encoding="utf-8")
    }
    assert shows == set(generate.RUN_PAGES)


def test_check_names_what_differs_and_writes_nothing(
    modules: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    generate = modules("generate")
    shutil.copytree(DOCS / "reference", tmp_path / "reference")
    monkeypatch.setattr(generate, "DOCS", tmp_path)
    monkeypatch.setattr(generate, "RUN_PAGES", ())
    monkeypatch.delitem(generate.MADE_PAGES, "reference/json.md")
    assert generate.main(["--check"]) == 0
    page = tmp_path / "reference" / "schema.md"
    page.write_text("stale", encoding="utf-8")
    assert generate.main(["--check"]) == 1
    assert capsys.readouterr().out == "docs/reference/schema.md differs; run make docs\n"
    assert page.read_text() == "stale"
    assert generate.main([]) == 0
    assert page.read_text(encoding="utf-8") == written("reference/schema.md")


def test_a_page_cannot_show_what_is_not_run(modules: Any) -> None:
    console = modules("console")
    for line in ("ls", "folkways catalogue list | sort", "folkwayz demo"):
        with pytest.raises(RuntimeError, match="not run"):
            console.refresh(f"```console\n$ {line}\n```\n")
    with pytest.raises(RuntimeError, match="ended with 2"):
        console.refresh("```console\n$ folkways nonsense\n```\n")
    page = "```console\n$ folkways simulate \\\n    | head -1\nstale\n```\n"
    with pytest.raises(RuntimeError):
        console.refresh(page.replace("head -1", "tail -1"))
    fresh = console.refresh(page)
    assert "stale" not in fresh
    assert fresh.splitlines()[3].split() == ["scenario", "about"]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ({"a": 1, "b": []}, None),
        ({"a": None, "b": [{"service": "x", "c": {"any": 1}}]}, None),
        ({"a": "1", "b": []}, "a is text"),
        ({"a": 1, "b": [], "z": 1}, "z is number, but told is nothing"),
        ({"a": 1}, "b is told, but not there"),
        ({"a": 1, "b": [{"service": "x"}]}, "is told, but not there"),
    ],
)
def test_answers_are_held_against_what_is_told(
    modules: Any, answer: dict[str, Any], says: str | None
) -> None:
    keys = {
        "a": "number or null: x",
        "b": "list: x",
        "b[].{group}": "text: x",
        "b[].c": "map: x",
    }
    check = modules("json_shapes").check
    if says is None:
        check(answer, keys, "here")
        return
    with pytest.raises(ValueError, match=re.escape(says)):
        check(answer, keys, "here")


def test_every_key_and_field_of_a_mapping_is_explained() -> None:
    text = written("how-to/tables.md")
    keys, fields = text.split("## The keys")[1].split("## The fields")
    explained = {row.split("`")[1] for row in keys.splitlines() if row.startswith("| `")}
    assert explained == set(Mapping.__struct_fields__)
    assert set(re.findall(r"`([a-z_]+)`", fields)) >= set(FIELDS)
    assert " ".join(FACTORS) in keys
    assert " ".join(MULTIPLES) in keys


@pytest.mark.parametrize(
    "path", [*ROOT.glob("*.md"), *DOCS.rglob("*.md")], ids=lambda p: str(p.relative_to(ROOT))
)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        assert "://" in target or (path.parent / target).exists(), target
