from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from folkways.model.addresses import address_from_text, address_to_text
from folkways.model.batches import Tally, make_batch
from folkways.model.columns import ANSWERS
from folkways.read.capture.payload.answers import AnswerColumns
from folkways.read.capture.payload.dns import DamagedError, Record, read_name, read_response
from folkways.read.capture.payload.dns_streams import cut_messages

CLIENT = bytes(15) + b"\x09"
POINTER = b"\xc0\x0c"  # to the question


def name(text: str) -> bytes:
    return b"".join(bytes([len(p)]) + p.encode() for p in text.split(".")) + b"\x00"


def record(owner: bytes, kind: int, ttl: int, data: bytes, group: int = 1) -> bytes:
    fixed = kind.to_bytes(2, "big") + group.to_bytes(2, "big") + ttl.to_bytes(4, "big")
    return owner + fixed + len(data).to_bytes(2, "big") + data


def message(
    question: bytes, records: Sequence[bytes], *, flags: int = 0x8180, questions: int = 1
) -> bytes:
    counts = (questions, len(records), 0, 0)
    header = b"\x12\x34" + flags.to_bytes(2, "big")
    header += b"".join(n.to_bytes(2, "big") for n in counts)
    return header + (question + b"\x00\x01\x00\x01") * questions + b"".join(records)


def rows(data: bytes, tally: Tally | None = None) -> list[tuple[object, ...]]:
    answers = AnswerColumns(tally or Tally())
    answers.add(data, 1_500_000_000_123_456_789, CLIENT)
    count = len(answers)
    table = make_batch("answers", answers.take(), count).rows
    assert table.schema == ANSWERS.schema
    return [
        (r["query"], r["canonical"], r["chain"], address_to_text(r["address"]), r["ttl_s"])
        for r in table.to_pylist()
    ]


def test_plain_answer() -> None:
    data = message(
        name("WWW.Example.com"),
        [
            record(POINTER, 1, 300, bytes([192, 0, 2, 7])),
            record(POINTER, 28, 60, address_from_text("2001:db8::7") or b""),
        ],
    )
    assert rows(data) == [
        ("www.example.com", "www.example.com", None, "192.0.2.7", 300),
        ("www.example.com", "www.example.com", None, "2001:db8::7", 60),
    ]


def test_chain_of_aliases_in_any_order_with_the_smallest_ttl() -> None:
    a, b, c = name("a.example"), name("b.example"), name("c.example")
    data = message(
        a,
        [
            record(c, 1, 300, bytes([192, 0, 2, 7])),
            record(b, 5, 20, c),
            record(POINTER, 5, 900, b),
            record(name("other.example"), 1, 5, bytes([192, 0, 2, 8])),
            record(c, 46, 5, b"signature"),
        ],
    )
    assert rows(data) == [
        ("a.example", "c.example", "a.example,b.example,c.example", "192.0.2.7", 20)
    ]


def test_aliases_in_a_circle_end() -> None:
    a, b = name("a.example"), name("b.example")
    data = message(
        a, [record(a, 5, 1, b), record(b, 5, 1, a), record(b, 1, 9, bytes([192, 0, 2, 7]))]
    )
    assert rows(data) == [("a.example", "b.example", "a.example,b.example", "192.0.2.7", 1)]


@pytest.mark.parametrize("flags", [0x0100, 0x8183, 0x9180, 0x8182])
def test_queries_errors_and_other_operations_are_no_answers(flags: int) -> None:
    data = message(name("a.example"), [record(POINTER, 1, 1, bytes(4))], flags=flags)
    assert read_response(data) is None


def test_no_question_no_answer() -> None:
    data = message(b"", [record(name("a.example"), 1, 1, bytes(4))], questions=0)
    assert read_response(data) is None


def test_a_cut_message_gives_what_stands_before_the_cut() -> None:
    tally = Tally()
    data = message(
        name("a.example"),
        [record(POINTER, 1, 1, bytes([192, 0, 2, n])) for n in range(3)],
    )
    assert len(rows(data[:-1], tally)) == 2
    assert tally.flagged == {"DNS message damaged or cut": 1}


def test_other_classes_and_lengths_are_left_out() -> None:
    data = message(
        name("a.example"),
        [record(POINTER, 1, 1, bytes(4), group=3), record(POINTER, 1, 1, bytes(5))],
    )
    response = read_response(data)
    assert response is not None
    assert response.complete
    assert response.records == []


def test_a_ttl_with_the_top_bit_is_zero() -> None:  # RFC 2181 section 8
    response = read_response(message(name("a"), [record(POINTER, 1, 1 << 31, bytes(4))]))
    assert response is not None
    assert response.records == [Record(b"a", 1, 0, bytes(4))]


def test_implausible_names_are_refused() -> None:
    tally = Tally()
    assert rows(message(name("a b.example"), [record(POINTER, 1, 1, bytes(4))]), tally) == []
    assert tally.flagged == {"name not plausible": 1}


@pytest.mark.parametrize(
    "data",
    [
        b"\xc0\x00",  # points at itself
        b"\x01a\xc0\x00",  # points at its own start
        b"\xc0\x02\xc0\x00",  # each points at the other
        b"\xc0\x10",  # points beyond
        b"\x01a",  # no end
        b"\x05ab\x00",
        b"\x40" + bytes(70),  # label types 01 and 10 are reserved
        b"\x03a.b\x00",
        (b"\x3f" + b"a" * 63) * 5 + b"\x00",  # longer than 255
        b"",
    ],
)
def test_names_that_are_none(data: bytes) -> None:
    with pytest.raises(DamagedError):
        read_name(data, 0)


def test_compressed_name() -> None:
    data = b"\x07example\x03com\x00\x03www\xc0\x00\x01x\xc0\x0d"
    assert read_name(data, 13) == (b"www.example.com", 19)
    assert read_name(data, 19) == (b"x.www.example.com", 23)


def test_a_thousand_pointers_are_too_many() -> None:
    data = b"\x00\x00" + b"".join(
        (0xC000 | max(0, at - 2)).to_bytes(2, "big") for at in range(2, 2000, 2)
    )
    assert read_name(data, 40) == (b"", 42)
    with pytest.raises(DamagedError):
        read_name(data, 1998)


def test_messages_in_a_stream() -> None:
    assert cut_messages(b"\x00\x02ab\x00\x00\x00\x03c") == ([b"ab", b""], 6)
    assert cut_messages(b"\x00") == ([], 0)


@given(st.binary(max_size=200))
def test_any_bytes_do_no_harm(data: bytes) -> None:
    rows(data)
    rows(b"\x12\x34\x81\x80\x00\x01\x00\x03\x00\x00\x00\x00" + data)


@given(st.data())
def test_damaged_messages_do_no_harm(data: st.DataObject) -> None:
    a, b = name("a.example"), name("b.example")
    whole = bytearray(message(a, [record(POINTER, 5, 9, b), record(b, 1, 9, bytes(4))]))
    for _ in range(data.draw(st.integers(1, 5))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    rows(bytes(whole[: data.draw(st.integers(0, len(whole)))]))
