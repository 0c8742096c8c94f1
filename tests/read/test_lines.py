"""Streams cut into chunks, blocks and lines: the same wherever they are cut, bad bytes counted."""

import gzip
import io
from collections import Counter
from typing import BinaryIO, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from folkways.model.batches import Tally
from folkways.read import lines as module
from folkways.read.lines import Block, Chunks, blocks, lines, usable, views

BAD = "line not UTF-8, bad bytes replaced"
BOM = b"\xef\xbb\xbf"


def stream(content: bytes) -> io.BufferedReader:
    return io.BufferedReader(io.BytesIO(content))


def split(content: bytes, size: int) -> tuple[list[str], Tally]:
    tally = Tally()
    found = lines(stream(content), tally, size)
    return [line for block in found for line in block.to_pylist()], tally


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text("ab é\u20ac\U0001f600\ufffd", max_size=9)), st.integers(4, 40))
def test_lines_are_the_same_wherever_chunks_are_cut(texts: list[str], size: int) -> None:
    content = "\r\n".join(texts).encode()
    for mark in (b"", BOM):
        found, tally = split(mark + content, size)
        assert found == [text.strip() for text in texts if text.strip()]
        assert tally == Tally()


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200), st.integers(4, 40))
def test_blocks_are_the_stream_again(content: bytes, size: int) -> None:
    tally = Tally()
    found = list(blocks(stream(content), tally, size))
    text = content.removeprefix(BOM).decode("utf-8", "replace").encode()
    assert b"".join(block.data for block in found) == text
    assert all(block.data.endswith(b"\n") == block.ended for block in found)
    assert not tally.skipped


def test_bytes_that_are_no_text_are_replaced_and_their_lines_counted() -> None:
    found, tally = split(b"a\xff\xff\nb\nc\xff\n\xe2\x82", 4)
    assert found == ["a\ufffd\ufffd", "b", "c\ufffd", "\ufffd"]
    assert tally.flagged == {BAD: 3}


def test_lines_with_nul_are_counted() -> None:
    found, tally = split(b"a\0\0\nb\n" + b"\0" * 20 + b"\n", 100)
    assert found == ["a\0\0", "b", "\0" * 20]
    assert tally.flagged == {"line with NUL bytes": 2}


def test_an_absurdly_long_line_is_counted_and_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_LINE_BYTES", 100)
    found, tally = split(b"first\n" + b"x" * 1000 + b"\nlast", 30)
    assert found == ["first", "last"]
    assert tally.skipped == {"line too long": 1}
    assert tally.records == 1


def test_a_last_line_without_its_end_is_told_and_one_in_which_the_stream_broke() -> None:
    content = b"one\ntwo\nthree"
    assert list(blocks(stream(content), Tally())) == [
        Block(b"one\ntwo\n"),
        Block(b"three", ended=False),
    ]
    tally = Tally()
    packed = gzip.compress(content, mtime=0)
    with gzip.open(io.BytesIO(packed[: len(packed) - 8])) as broken:
        found = list(usable(blocks(cast("BinaryIO", broken), tally), tally))
    assert b"".join(found) == b"one\ntwo\n"
    assert tally.flagged == {"compressed stream broken off": 1}
    assert (tally.records, tally.skipped) == (1, Counter({"cut line": 1}))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=30), max_size=9), st.integers(1, 40))
def test_views_are_the_blocks(parts: list[bytes], size: int) -> None:
    content = b"\n".join(parts)
    first, second = Tally(), Tally()
    copied = list(blocks(stream(content), first, size))
    seen = list(views(stream(content), second, size))
    assert [Block(bytes(v.data), v.ended, v.broken) for v in seen] == copied
    assert first == second
    # Nothing of an earlier block was lost while later ones were read.
    assert b"".join(v.data for v in seen) == b"".join(b.data for b in copied)


def test_the_lines_after_an_absurdly_long_one_in_its_own_block(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MAX_LINE_BYTES", 10)
    for size in range(1, 60):
        found, tally = split(b"a\n" + b"x" * 40 + b"\nb\nc\n" + b"y" * 40 + b"\n", size)
        # A long line that lies in one block as a whole does no harm, and is a line.
        assert [line for line in found if len(line) < 10] == ["a", "b", "c"]
        assert len(found) + tally.skipped["line too long"] == 5


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=120) | st.text("a\u00e9\u20ac\U0001f600", max_size=40).map(str.encode))
def test_chunks_are_the_stream_again_and_cut_no_character(content: bytes) -> None:
    for size in (4, 5, 7, 64):
        tally = Tally()
        found = list(Chunks(stream(content), tally, size))
        text = content.removeprefix(BOM).decode("utf-8", "replace")
        assert b"".join(found).decode() == text
        assert all(part.decode() for part in found)
        assert bool(tally.flagged[BAD]) == (text.encode() != content.removeprefix(BOM))
