"""A study folder: whose traffic, which key, which lists; the stores below it."""

import datetime as dt
import errno
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from folkways.attribute.catalogue import Catalogue
from folkways.attribute.snapshot import Snapshot
from folkways.model.errors import StorageError, StudyError
from folkways.model.population import Population
from folkways.privacy.keys import create_key, key_path, load_key
from folkways.privacy.pseudonyms import Pseudonyms
from folkways.settings import Settings, load_settings
from folkways.store import Store, connect, data_damage

SCHEMA = "folkways.study/1"
STUDY_FILE, POPULATION_FILE = "study.json", "population.toml"


@dataclass(frozen=True)
class StudyFolder:
    """What lies in a study's folder, opened and checked."""

    root: Path
    id: str
    population: Population
    store: Store
    settings: Settings
    fingerprint: str

    @classmethod
    def create(cls, root: Path, population_file: Path) -> "StudyFolder":
        """Make a new study.

        The pseudonym key is made in the user's configuration folder, never inside the study.

        Raises:
            PopulationError: the population file says something that cannot be.
            StudyError: the folder is not empty.
        """
        settings = load_settings()
        population = Population.load(population_file)
        if root.exists():
            _refuse_full(root, population_file)
        study_id = secrets.token_hex(8)
        # Built beside its place and moved there, so that there is a whole study or none. A folder
        # that is there already stays, since a shell may stand in it, or a disk be mounted on it.
        there = root.is_dir()
        part = (
            root / f".{study_id}.part" if there else root.with_name(f".{root.name}.{study_id}.part")
        )
        try:
            cls._build(part, study_id, population, population_file, settings)
            if there:
                _move_into(part, root)
            else:
                part.replace(root)
        except BaseException as error:
            # Neither half a folder nor a key of no study is left.
            shutil.rmtree(part, ignore_errors=True)
            key_path(study_id, settings.config).unlink(missing_ok=True)
            if isinstance(error, OSError):
                full = error.errno in {errno.ENOSPC, errno.EDQUOT}
                raise (StorageError if full else StudyError)(
                    f"{root} cannot be made: {error.strerror}."
                ) from None
            raise
        return cls.open(root)

    @staticmethod
    def _build(
        part: Path, study_id: str, population: Population, file: Path, settings: Settings
    ) -> None:
        part.mkdir(parents=True)
        Store.create(part)
        (part / POPULATION_FILE).write_bytes(file.read_bytes())
        key = create_key(study_id, settings.config)
        about = {
            "schema": SCHEMA,
            "id": study_id,
            "created": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            "population": population.digest,
            "key": Pseudonyms(key).fingerprint,
        }
        write_atomically(part / STUDY_FILE, json.dumps(about, indent=2) + "\n")

    @classmethod
    def open(cls, root: Path) -> "StudyFolder":
        """Open a study.

        Raises:
            StudyError: the folder is none, or its population was changed after it was made.
        """
        about = _about(root)
        population = Population.load(root / POPULATION_FILE)
        if population.digest != about["population"]:
            raise StudyError(
                f"{root / POPULATION_FILE} was changed after the study was made. Stored rows know "
                "members only by pseudonym, so ranges cannot be added or dropped afterwards: "
                "make a new study with this population and ingest the sources again."
            )
        return cls(
            root, str(about["id"]), population, Store(root), load_settings(), str(about["key"])
        )

    @cached_property
    def catalogue(self) -> Catalogue:
        """The packaged catalogue, with the domain lists imported into this study below it."""
        return Catalogue.load().with_imported(self.root / "imported")

    @cached_property
    def snapshot(self) -> Snapshot:
        """The reference lists imported into this study."""
        folder = self.root / "reference"
        return Snapshot.load(folder if folder.is_dir() else None)

    @cached_property
    def pseudonyms(self) -> Pseudonyms:
        """The pseudonyms of this study; needs its key.

        Raises:
            StudyError: the key is gone, or another one lies in its place.
        """
        found = Pseudonyms(load_key(self.id, self.settings.config))
        if found.fingerprint != self.fingerprint:
            raise StudyError(
                f"The key of {self.root} is not the one that it was made with: the same member "
                "would get another pseudonym. Put the right key back."
            )
        return found

    @contextmanager
    def engine(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A bounded DuckDB connection that spills only inside the study."""
        settings = self.settings
        with (
            self.store.scratch() as temp,
            connect(settings.memory_mb, temp, settings.threads) as con,
            data_damage(self.root),
        ):
            yield con


def _refuse_full(root: Path, population_file: Path) -> None:
    if not root.is_dir():
        raise StudyError(f"{root} is a file; give a new folder for the study.")
    if not all(path.samefile(population_file) for path in root.iterdir()):
        raise StudyError(f"{root} is not empty; give a new folder for the study.")


def _move_into(part: Path, root: Path) -> None:
    """Move a study's content into a folder that is there, last of all what makes it a study."""
    names = sorted((path.name for path in part.iterdir()), key=STUDY_FILE.__eq__)
    fresh = [name for name in names if not (root / name).exists()]
    try:
        for name in names:
            (part / name).replace(root / name)
        part.rmdir()
    except BaseException:
        for path in (root / name for name in fresh):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        raise


def _about(root: Path) -> dict[str, Any]:
    path = root / STUDY_FILE
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StudyError(
            f"{root} is not a study (it has no {STUDY_FILE}); make one with: "
            f"folkways init {root} --population FILE"
        ) from None
    except (OSError, ValueError) as error:
        raise StudyError(f"{path} cannot be read: {error}.") from None
    if not isinstance(about, dict) or not {"schema", "id", "population", "key"} <= set(about):
        raise StudyError(f"{path} is damaged; restore it from a copy of the study.")
    if about["schema"] != SCHEMA:
        raise StudyError(
            f"{root} was made by another version of Folkways ({path} does not say {SCHEMA}); "
            "make a new study and ingest the sources again."
        )
    return about


def write_atomically(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old one or the new one, never a part."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
