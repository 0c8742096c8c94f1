"""Keys lie outside the study, in the user's own configuration folder, one file a study.

A key that was destroyed leaves a note in its place, so that later errors can say when, and so that
a study never gets a second key under which its pseudonyms would mean other members.
"""

import datetime as dt
import os
import re
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path

from folkways.model.errors import StudyError
from folkways.privacy.pseudonyms import KEY_BYTES

_STUDY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_KEY = re.compile(r"folkways-key 1 ([0-9a-f]{64})\n")
_DESTROYED = re.compile(r"folkways-key 1 destroyed (\S+)\n")
_LOST = (
    "no further sources can be ingested into this study; all that is stored, "
    "its measures, comparisons and reports, stays usable"
)


def config_folder(environment: Mapping[str, str] | None = None) -> Path:
    """The user's configuration folder for Folkways.

    ``FOLKWAYS_CONFIG_DIR``, else ``folkways`` in ``XDG_CONFIG_HOME`` (XDG Base Directory
    Specification: relative values are ignored), else ``~/.config/folkways``.
    """
    environment = os.environ if environment is None else environment
    if own := environment.get("FOLKWAYS_CONFIG_DIR"):
        return Path(own).expanduser()
    base = Path(environment.get("XDG_CONFIG_HOME", ""))
    return (base if base.is_absolute() else Path.home() / ".config") / "folkways"


def key_path(study_id: str, folder: Path | None = None) -> Path:
    """Where the key of a study lies.

    Raises:
        StudyError: the id could not be a file name.
    """
    if not _STUDY_ID.fullmatch(study_id):
        raise StudyError(f"{study_id!r} is not the id of a study (letters, digits, - and _).")
    return (config_folder() if folder is None else folder) / "keys" / f"{study_id}.key"


def create_key(study_id: str, folder: Path | None = None) -> bytes:
    """Make the key of a study: 32 random bytes, readable by its owner only; on disk at once.

    Raises:
        StudyError: the study has a key, or had one; it stays as it is.
    """
    path = key_path(study_id, folder)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.parent.chmod(0o700)
    key = secrets.token_bytes(KEY_BYTES)
    draft = _draft(path, f"folkways-key 1 {key.hex()}\n")
    try:
        # A link is made whole or not at all, and never in place of another file.
        path.hardlink_to(draft)
    except FileExistsError:
        raise StudyError(
            f"The study {study_id} has a key already ({path}), or had one that was destroyed; "
            "it cannot have another."
        ) from None
    finally:
        draft.unlink()
    return key


def load_key(study_id: str, folder: Path | None = None) -> bytes:
    """The key of a study.

    Raises:
        StudyError: it is missing, destroyed, damaged, or others may read it; the message says
            what no longer works, or how to mend it.
    """
    path = key_path(study_id, folder)
    try:
        text = path.read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        raise StudyError(
            f"The key of the study {study_id} is not at {path}: put it back from a copy, or "
            f"set FOLKWAYS_CONFIG_DIR to where it lies; without it {_LOST}."
        ) from None
    except OSError as error:
        raise StudyError(f"The key {path} cannot be read: {error.strerror}.") from error
    if found := _DESTROYED.fullmatch(text):
        raise StudyError(f"The key of the study {study_id} was destroyed on {found[1]}: {_LOST}.")
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise StudyError(f"Others may read the key {path} (mode {mode:04o}); run: chmod 600 {path}")
    key = _KEY.fullmatch(text)
    if key is None:
        raise StudyError(f"The key {path} is damaged: put it back from a copy; else {_LOST}.")
    return bytes.fromhex(key[1])


def destroy_key(study_id: str, folder: Path | None = None) -> str:
    """Destroy the key of a study for good, and say in a sentence what stops working.

    The file is overwritten before a note takes its place. Copies of it elsewhere, and what a
    file system or a solid-state disk keeps of old blocks, are out of reach.

    Raises:
        StudyError: there is no key, or it was destroyed before.
    """
    path = key_path(study_id, folder)
    if not path.exists():
        raise StudyError(f"The key of the study {study_id} is not at {path}; nothing to destroy.")
    if found := _DESTROYED.fullmatch(path.read_text(encoding="ascii", errors="replace")):
        raise StudyError(f"The key of the study {study_id} was destroyed on {found[1]} already.")
    today = dt.datetime.now(dt.UTC).date().isoformat()
    draft = _draft(path, f"folkways-key 1 destroyed {today}\n")
    with path.open("r+b", buffering=0) as stream:
        stream.write(secrets.token_bytes(path.stat().st_size))
        os.fsync(stream.fileno())
    draft.replace(path)
    return f"The key of the study {study_id} is destroyed: {_LOST}."


def _draft(path: Path, text: str) -> Path:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    return draft
