from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from folkways.read.capture.payload.pieces import LIMIT, Pieces


@given(st.binary(min_size=1, max_size=60), st.data())
def test_pieces_in_any_order_with_overlap_give_the_stream(
    stream: bytes, data: st.DataObject
) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=6))
    edges = sorted({0, *cuts, len(stream)})
    spans = list(pairwise(edges))
    spans += data.draw(
        st.lists(st.tuples(st.integers(0, len(stream)), st.integers(0, len(stream))), max_size=4)
    )
    pieces = Pieces()
    for begin, end in data.draw(st.permutations(spans)):
        pieces.add(begin, stream[begin:end])
    assert pieces.prefix == stream
    assert not pieces.gap


def test_what_lies_before_the_start_is_cut_off() -> None:
    pieces = Pieces()
    assert pieces.add(-3, b"xyzabc")
    assert pieces.prefix == b"abc"
    assert not pieces.add(-3, b"xyz")
    assert not pieces.add(0, b"ABC")
    assert pieces.prefix == b"abc"


def test_memory_is_bounded() -> None:
    pieces = Pieces()
    for offset in range(1, 3 * LIMIT, 100):
        pieces.add(offset, bytes(1000))
    assert pieces._early_bytes <= LIMIT
    pieces.add(0, bytes(3 * LIMIT))
    assert len(pieces.prefix) == LIMIT


def test_dropped_bytes_shift_what_came_early() -> None:
    pieces = Pieces()
    pieces.add(0, b"abcd")
    pieces.add(6, b"gh")
    pieces.drop(4)
    assert pieces.gap
    assert pieces.add(0, b"ef")
    assert pieces.prefix == b"efgh"
