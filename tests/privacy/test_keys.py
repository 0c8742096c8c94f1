import datetime as dt
import os
import re
import stat
from pathlib import Path

import pytest

from folkways.model.errors import StudyError
from folkways.privacy import config_folder, create_key, destroy_key, key_path, load_key


def test_made_once_read_back_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    os.umask(0o022)
    key = create_key("a1b2", tmp_path / "config")
    path = key_path("a1b2", tmp_path / "config")
    assert path == tmp_path / "config" / "keys" / "a1b2.key"
    assert len(key) == 32
    assert load_key("a1b2", tmp_path / "config") == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(path.parent.iterdir()) == [path]
    assert create_key("other", tmp_path / "config") != key


def test_an_existing_key_is_never_overwritten(tmp_path: Path) -> None:
    key = create_key("a1b2", tmp_path)
    with pytest.raises(StudyError, match="has a key already"):
        create_key("a1b2", tmp_path)
    assert load_key("a1b2", tmp_path) == key
    assert len(list((tmp_path / "keys").iterdir())) == 1


def test_a_missing_key_says_what_no_longer_works(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"not at .*a1b2\.key.*no further sources") as caught:
        load_key("a1b2", tmp_path)
    assert "\n" not in str(caught.value)
    with pytest.raises(StudyError, match="nothing to destroy"):
        destroy_key("a1b2", tmp_path)


def test_destroyed_for_good_with_its_date(tmp_path: Path) -> None:
    key = create_key("a1b2", tmp_path)
    assert "stays usable" in destroy_key("a1b2", tmp_path)
    today = dt.datetime.now(dt.UTC).date().isoformat()
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or key.hex() not in path.read_text()
    with pytest.raises(StudyError, match=f"was destroyed on {today}: no further sources"):
        load_key("a1b2", tmp_path)
    with pytest.raises(StudyError, match="already"):
        destroy_key("a1b2", tmp_path)
    with pytest.raises(StudyError, match="cannot have another"):
        create_key("a1b2", tmp_path)


def test_overwritten_before_it_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = create_key("a1b2", tmp_path)
    path = key_path("a1b2", tmp_path)
    seen: list[bytes] = []

    def replace(_: Path, target: Path) -> None:
        seen.append(target.read_bytes())
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(KeyboardInterrupt):
        destroy_key("a1b2", tmp_path)
    assert len(seen) == 1
    assert key.hex().encode() not in seen[0]
    # Stopped half-way, the key is gone all the same, and destroying can be finished.
    with pytest.raises(StudyError, match="damaged"):
        load_key("a1b2", tmp_path)
    monkeypatch.undo()
    destroy_key("a1b2", tmp_path)
    assert re.search(r"destroyed \d{4}-\d\d-\d\d", path.read_text())


@pytest.mark.parametrize("text", ["", "folkways-key 1 12ab\n", "\xff\x00", "0" * 64])
def test_a_damaged_key_is_named(tmp_path: Path, text: str) -> None:
    create_key("a1b2", tmp_path)
    key_path("a1b2", tmp_path).write_text(text, encoding="latin-1")
    with pytest.raises(StudyError, match="damaged"):
        load_key("a1b2", tmp_path)


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    create_key("a1b2", tmp_path)
    path = key_path("a1b2", tmp_path)
    path.chmod(0o640)
    with pytest.raises(StudyError, match="chmod 600"):
        load_key("a1b2", tmp_path)


@pytest.mark.parametrize("study", ["", "../x", "a/b", ".hidden", "a b", "x" * 65])
def test_an_id_that_is_no_file_name_is_refused(tmp_path: Path, study: str) -> None:
    with pytest.raises(StudyError, match="not the id of a study"):
        create_key(study, tmp_path)


def test_where_the_folder_is(tmp_path: Path) -> None:
    own, base = str(tmp_path / "own"), str(tmp_path / "base")
    both = {"FOLKWAYS_CONFIG_DIR": own, "XDG_CONFIG_HOME": base}
    home = Path.home() / ".config" / "folkways"
    assert config_folder(both) == tmp_path / "own"
    assert config_folder({"XDG_CONFIG_HOME": base}) == tmp_path / "base" / "folkways"
    assert config_folder({"XDG_CONFIG_HOME": "relative"}) == home
    assert config_folder({}) == home


def test_the_environment_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOLKWAYS_CONFIG_DIR", str(tmp_path / "mine"))
    key = create_key("a1b2")
    assert (tmp_path / "mine" / "keys" / "a1b2.key").exists()
    assert load_key("a1b2") == key
