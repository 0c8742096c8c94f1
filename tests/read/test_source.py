import bz2
import gzip
import hashlib
import io
import lzma
import os
import pickle
import random
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import zstandard

from folkways.model.errors import ChangedError, FormatError, UserError
from folkways.read.source import BROKEN_STREAM, Source, find_sources

CONTENT = b"#separator \\x09\n" + bytes(range(256)) * 1000
PACK: dict[str | None, Callable[[bytes], bytes]] = {
    None: bytes,
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}


@pytest.mark.parametrize("kind", PACK)
def test_the_same_content_however_it_is_packed_and_named(tmp_path: Path, kind: str | None) -> None:
    path = tmp_path / "name.says.nothing"
    path.write_bytes(PACK[kind](CONTENT))
    file = Source("file", path)
    piped = Source("-", None, io.BufferedReader(io.BytesIO(PACK[kind](CONTENT))))
    for source in (file, piped):
        assert source.compression == kind
        assert CONTENT.startswith(source.head)
        assert source.head
        with source.open() as stream:
            assert stream.read() == CONTENT
        assert source.digest == hashlib.sha256(CONTENT).hexdigest()


@pytest.mark.parametrize("kind", ["gzip", "bz2", "xz"])
def test_a_cut_stream_breaks_with_what_readers_expect(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "cut"
    whole = PACK[kind](CONTENT)
    path.write_bytes(whole[: len(whole) // 2])
    source = Source("cut", path)
    with source.open() as stream, pytest.raises(BROKEN_STREAM):
        stream.read()
    assert len(source.digest) == 64


def test_directories_are_walked_in_order_without_hidden_files(tmp_path: Path) -> None:
    for name in ("b/2", "a/1", ".git/x", "a/.part", "c"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    found = [s.name.removeprefix(f"{tmp_path}/") for s in find_sources([str(tmp_path)])]
    assert found == ["a/1", "b/2", "c"]


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        list(find_sources([str(tmp_path / "no")]))
    with pytest.raises(UserError, match="without files"):
        list(find_sources([str(tmp_path)]))


def rewrite(path: Path, content: bytes) -> None:
    """Write into the same file, and leave no trace in its time of change."""
    before = path.stat()
    with path.open("r+b") as stream:
        stream.write(content)
        stream.truncate()
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def aged(path: Path, content: bytes = CONTENT) -> Source:
    """A source whose file was last written to a day ago."""
    path.write_bytes(content)
    day_ago = time.time_ns() - 86_400_000_000_000
    os.utime(path, ns=(day_ago, day_ago))
    return Source(str(path), path, hashed=True)


@pytest.mark.parametrize("kind", PACK)
def test_a_file_that_takes_its_place_is_another_one(tmp_path: Path, kind: str | None) -> None:
    source = aged(tmp_path / "log", PACK[kind](CONTENT))
    assert source.head
    (tmp_path / "new").write_bytes(PACK[kind](b"other" * 100))
    (tmp_path / "new").replace(tmp_path / "log")
    with source.open() as stream:
        assert stream.read() == CONTENT
    source.check()
    assert source.digest == hashlib.sha256(CONTENT).hexdigest()


def test_what_is_written_behind_its_end_is_left_for_later(tmp_path: Path) -> None:
    source = aged(tmp_path / "log")
    with source.open() as stream:
        begun = stream.read(10)
        with (tmp_path / "log").open("ab") as more:
            more.write(b"more")
        assert begun + stream.read() == CONTENT
    source.check()
    assert source.digest == hashlib.sha256(CONTENT).hexdigest()


@pytest.mark.parametrize("left", [0, 70_000])
def test_a_file_that_became_shorter_is_said(tmp_path: Path, left: int) -> None:
    source = aged(tmp_path / "log")
    with source.open() as stream:
        assert source.head
        os.truncate(tmp_path / "log", left)
        with pytest.raises(ChangedError, match="changed while it was read"):
            stream.read()
    with pytest.raises(ChangedError):
        source.check()


@pytest.mark.parametrize("again", [b"x" * len(CONTENT), b"x" + CONTENT[1:], CONTENT + b"x"])
def test_a_file_that_was_written_anew_is_said(tmp_path: Path, again: bytes) -> None:
    source = aged(tmp_path / "log")
    with source.open() as stream:
        stream.read()
    rewrite(tmp_path / "log", again)
    if again.startswith(CONTENT):
        source.check()
    else:
        with pytest.raises(ChangedError):
            source.check()


def test_two_passes_must_be_of_one_content(tmp_path: Path) -> None:
    source = aged(tmp_path / "log")
    with source.open() as stream:
        stream.read()
    rewrite(tmp_path / "log", CONTENT[::-1])
    with source.open() as stream:
        stream.read()
    with pytest.raises(ChangedError):
        source.check()


def test_a_look_at_its_start_must_be_of_that_content_too(tmp_path: Path) -> None:
    source = aged(tmp_path / "log")
    with source.open() as stream:
        stream.read(1)
    rewrite(tmp_path / "log", CONTENT[::-1])
    with source.open() as stream:
        stream.read()
    with pytest.raises(ChangedError):
        source.check()


def test_a_change_within_a_tick_of_the_clock_is_seen(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(CONTENT)
    source = Source("log", tmp_path / "log", hashed=True)
    with source.open() as stream:
        stream.read()
    rewrite(tmp_path / "log", CONTENT[::-1])
    with pytest.raises(ChangedError):
        source.check()


@pytest.mark.parametrize("fresh", [False, True])
def test_what_is_read_from_any_place_must_stay_as_well(tmp_path: Path, fresh: bool) -> None:  # noqa: FBT001  # a case
    source = aged(tmp_path / "log")
    if fresh:
        os.utime(tmp_path / "log")
    with source.open_anywhere() as stream:
        stream.seek(-4, os.SEEK_END)
        assert (stream.read(9), stream.tell()) == (CONTENT[-4:], len(CONTENT))
    source.check()
    (tmp_path / "log").write_bytes(CONTENT[::-1])
    with pytest.raises(ChangedError):
        source.check()


def test_a_path_for_others_must_lead_to_the_same_file(tmp_path: Path) -> None:
    source = aged(tmp_path / "log")
    assert source.path_for_others() == str(tmp_path / "log")
    source.check()
    aged(tmp_path / "new")
    (tmp_path / "new").replace(tmp_path / "log")
    with pytest.raises(ChangedError):
        source.check()


@pytest.mark.parametrize("kind", PACK)
def test_the_digest_is_of_all_though_a_reader_stopped(tmp_path: Path, kind: str | None) -> None:
    source = aged(tmp_path / "log", PACK[kind](CONTENT))
    with source.open() as stream:
        stream.read(5)
    assert source.digest == hashlib.sha256(CONTENT).hexdigest()
    source.close()
    assert source.digest == hashlib.sha256(CONTENT).hexdigest()


@pytest.mark.parametrize("kind", ["gzip", "bz2", "xz", "zstd"])
def test_a_cut_stream_has_one_digest_however_it_is_read(tmp_path: Path, kind: str) -> None:
    whole = PACK[kind](random.Random(1).randbytes(300_000))  # noqa: S311  # no secret
    path = tmp_path / "cut"
    path.write_bytes(whole[: len(whole) // 2])
    digests = set()
    for size in (1, 1000, 70_000, 10_000_000):
        source = Source("cut", path)
        with source.open() as stream, suppress(*BROKEN_STREAM):
            while stream.read(size):
                pass
        digests.add(source.digest)
    assert len(digests | {Source("cut", path).digest}) == 1


def test_what_begins_alike_has_one_beginning(tmp_path: Path) -> None:
    first, longer = aged(tmp_path / "a"), aged(tmp_path / "b", CONTENT + b"more")
    piped = Source("-", None, io.BufferedReader(io.BytesIO(gzip.compress(CONTENT))))
    assert len(piped.digest) == 64
    assert first.beginning == longer.beginning == piped.beginning
    assert first.beginning != aged(tmp_path / "c", b"x" + CONTENT).beginning


def test_it_can_be_sent_to_another_process(tmp_path: Path) -> None:
    source = aged(tmp_path / "log")
    assert source.digest == pickle.loads(pickle.dumps(source)).digest  # noqa: S301  # our own


def test_a_file_that_is_gone_is_said(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="cannot be read: No such file"):
        Source("gone", tmp_path / "gone").head  # noqa: B018  # it reads
    assert Source("gone", tmp_path / "gone").size is None


def test_who_does_not_ask_for_the_digest_gets_it_all_the_same(tmp_path: Path) -> None:
    """What was read before is then hashed anew."""
    aged(tmp_path / "log")
    source = Source("log", tmp_path / "log")
    with source.open() as stream:
        assert stream.read() == CONTENT
    assert source.digest == hashlib.sha256(CONTENT).hexdigest()
    source.check()
