import bz2
import gzip
import hashlib
import io
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from folkways.model.errors import UserError
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
