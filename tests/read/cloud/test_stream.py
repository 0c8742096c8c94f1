import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from folkways.model.batches import Tally
from folkways.read.cloud import stream as module
from folkways.read.cloud.stream import Chunks, lines


def split(content: bytes, size: int) -> tuple[list[str], Tally]:
    tally = Tally()
    chunks = Chunks(io.BufferedReader(io.BytesIO(content)), tally, size)
    return [line for block in lines(chunks, tally) for line in block.to_pylist()], tally


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text("ab é\u20ac\U0001f600\0", max_size=9)), st.integers(1, 40), st.booleans())
def test_lines_are_the_same_wherever_chunks_are_cut(
    texts: list[str],
    size: int,
    mark: bool,  # noqa: FBT001  # hypothesis passes it
) -> None:
    content = "\r\n".join(texts).encode()
    found, tally = split(b"\xef\xbb\xbf" * mark + content, max(size, 4))
    assert found == [text.strip() for text in texts if text.strip()]
    assert tally == Tally()


def test_bytes_that_are_no_text_are_replaced_and_said() -> None:
    found, tally = split(b"a\xff\nb", 3)
    assert found == ["a\ufffd", "b"]
    assert tally.notes == ["Some bytes are not UTF-8 text; they were replaced."]


def test_an_absurdly_long_line_is_counted_and_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_LINE_BYTES", 100)
    found, tally = split(b"first\n" + b"x" * 1000 + b"\nlast", 30)
    assert found == ["first", "last"]
    assert tally.skipped == {"line too long": 1}
    assert tally.records == 1
