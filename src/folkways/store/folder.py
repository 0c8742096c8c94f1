"""The store's folder: made, opened, and refused where it could not work."""

import json
from importlib.metadata import version
from pathlib import Path

from folkways.model.columns import CONNECTIONS, OPEN_CONNECTIONS, Table
from folkways.model.errors import StudyError
from folkways.store.sources import SOURCES
from folkways.store.stage import INPUTS
from folkways.store.tables import CommittedTable

FORMAT = 2
TABLES: dict[str, Table] = {
    table.name: table for table in (*INPUTS.values(), CONNECTIONS, OPEN_CONNECTIONS, SOURCES)
}
_LABEL = "store.json"
# Engines take these for patterns or escapes when they are given a path.
_SPECIAL = frozenset("*?[]%\\")


def create_folder(root: Path) -> None:
    """Make the empty tables below ``root``; safe to repeat after a kill.

    Raises:
        StudyError: there is a store already, or engines could not read from such a path.
    """
    if (root / _LABEL).exists():
        raise StudyError(f"{root} holds a study already; choose another folder.")
    _check_path(root)
    root.mkdir(parents=True, exist_ok=True)
    for table in TABLES.values():
        CommittedTable.create(root, table)
    draft = root / f"{_LABEL}.new"
    draft.write_text(json.dumps({"format": FORMAT, "folkways": this_version()}), encoding="utf-8")
    # Last, so that a folder with a label is whole.
    draft.replace(root / _LABEL)


def open_tables(root: Path) -> dict[str, CommittedTable]:
    """The tables below ``root``, checked to be those of this version.

    Raises:
        StudyError: it is no store, or one of another version with other columns.
    """
    label = root / _LABEL
    try:
        found = json.loads(label.read_text(encoding="utf-8"))
        form, written_by = found["format"], str(found["folkways"])
    except (FileNotFoundError, NotADirectoryError):
        raise StudyError(
            f"{root} is not a study (it has no {_LABEL}); make one with folkways init."
        ) from None
    except (ValueError, KeyError, TypeError):
        raise StudyError(f"{label} is damaged; restore it from a copy of the study.") from None
    if form != FORMAT:
        raise StudyError(
            f"{root} was made by Folkways {written_by} in format {form}; Folkways "
            f"{this_version()} reads format {FORMAT}: use Folkways {written_by} for this study."
        )
    _check_path(root)
    tables = {name: CommittedTable(root, table) for name, table in TABLES.items()}
    for table in tables.values():
        table.check_schema(written_by, this_version())
    return tables


def this_version() -> str:
    """The version of Folkways that is running."""
    return version("folkways")


def _check_path(root: Path) -> None:
    bad = sorted(_SPECIAL & set(str(root)))
    if bad:
        raise StudyError(
            f"A study cannot lie at {root}: engines take {' '.join(bad)} in a path for a pattern; "
            "choose a folder without it."
        )
    columns = {name for table in TABLES.values() for name in table.names}
    for part in root.parts:
        if "=" in part and part.partition("=")[0] in columns:
            raise StudyError(
                f"A study cannot lie at {root}: engines take {part!r} in a path for a column; "
                "choose a folder without it."
            )
