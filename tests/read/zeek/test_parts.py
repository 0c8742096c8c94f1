"""The vectorised parts against the plain functions of the standard library."""

from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from folkways.model.addresses import address_from_text
from folkways.model.batches import Tally
from folkways.read.addresses import addresses
from folkways.read.hosts import ADDRESS, NO_NAME, UNUSABLE, host_of, hosts
from folkways.read.numbers import durations, integers, times
from folkways.read.uids import flow_numbers, murmur64a, uid_number, uid_numbers
from folkways.read.zeek.answers import answers
from folkways.read.zeek.history import flags_of
from folkways.read.zeek.rows import Rows

NEARLY = st.from_regex(r"[0-9a-f.:x%/ ]{0,18}", fullmatch=True)
DOTTED = st.from_regex(r"[0-9]{0,4}(\.[0-9]{0,4}){3}", fullmatch=True)


@given(st.lists(st.none() | st.ip_addresses().map(str) | NEARLY | DOTTED | st.text(max_size=9)))
def test_addresses_are_those_of_inet_pton(texts: list[str | None]) -> None:
    usual = [None if t is None or t != t.strip() else address_from_text(t) for t in texts]
    stripped = [None if t is None or t != t.strip() else t for t in texts]
    found = addresses(pa.array(stripped, pa.string())).to_pylist()
    # A zone after a dotted address means nothing; only IPv6 has zones.
    assert all(
        f == u or (f is None and "%" in str(t)) for f, u, t in zip(found, usual, texts, strict=True)
    )


def test_the_hash_verifies() -> None:
    # SMHasher's procedure: hashes of growing keys, each with a seed of its own, hashed together.
    parts = [murmur64a(bytes(range(n)), 256 - n).to_bytes(8, "little") for n in range(256)]
    assert murmur64a(b"".join(parts)) & 0xFFFFFFFF == 0x1F0D3804


@given(st.lists(st.none() | st.text(max_size=70)))
def test_uids_are_the_hashes_of_their_texts(texts: list[str | None]) -> None:
    wanted = [None if t is None else murmur64a(t.encode()) >> 1 for t in texts]
    assert uid_numbers(pa.array(texts, pa.string())).to_pylist() == wanted
    assert [None if t is None else uid_number(t) for t in texts] == wanted


def test_uids_of_a_sliced_column() -> None:
    column = pa.array([f"C{n}" for n in range(70_000)]).slice(5)
    assert uid_numbers(column).to_pylist() == [uid_number(f"C{n}") for n in range(5, 70_000)]


def test_flow_ids_that_are_numbers_stand_for_themselves() -> None:
    column = pa.array(["7", None, "1374195536821504", str(2**63 - 1)], pa.string())
    assert flow_numbers(column).to_pylist() == [7, None, 1374195536821504, 2**63 - 1]
    odd = pa.array(["7", None, "1.5", "-3", str(2**63), "x"], pa.string())
    wanted = [7, None, *(uid_number(text) for text in ("1.5", "-3", str(2**63), "x"))]
    assert flow_numbers(odd).to_pylist() == wanted


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("1601998374.677015", 1601998374677015000),
        ("0.000000", 0),
        ("22.335172", 22335172000),
        ("1.6769999999999", 1676999999),
        ("1601998374677", 1601998374677000000),
        ("1601998374", 1601998374000000000),
        ("1.601998374677015e9", 1601998374677015066),
        ("2020-10-06T15:32:54.677015Z", 1601998374677015000),
        ("2020-10-06T15:32:54Z", 1601998374000000000),
        ("2020-13-06T15:32:54Z", None),
        ("XXXXXXXXXX.XXXXXX", None),
        ("-5.0", None),
        ("nan", None),
        ("99999999999999999999999", None),
        ("", None),
    ],
)
def test_times(text: str, nanoseconds: int | None) -> None:
    # A neighbour that is bad must not change what a good one says, nor the other way round.
    for texts in ([text], [text, "x", None], ["1.5", text]):
        found, known = times(pa.array(texts, pa.string()))
        value = int(found[texts.index(text)]) if known[texts.index(text)] else None
        assert value == pytest.approx(nanoseconds, abs=200 if "e9" in text else 0)


@given(st.lists(st.none() | st.decimals(0, 10**9, places=9, allow_nan=False).map(str)))
def test_durations_are_exact(texts: list[str | None]) -> None:
    plain = [None if t is None else format(Decimal(t), "f") for t in texts]
    value, known, bad = durations(pa.array(plain, pa.string()))
    assert not bad.any()
    wanted = [0 if t is None else int(Decimal(t) * 10**9) for t in plain]
    assert value.tolist() == wanted
    assert known.tolist() == [t is not None for t in plain]


def test_small_durations_with_an_exponent() -> None:
    value, known, bad = durations(pa.array(["9.5367431640625e-07", "1e-06", "-1", "x", None]))
    assert value.tolist()[:2] == [954, 1000]
    assert known.tolist() == [True, True, False, False, False]
    assert bad.tolist() == [False, False, True, True, False]


def test_integers() -> None:
    column, bad = integers(pa.array(["1", None, "-2", "1.5", "18446744073709551615", "007"]))
    assert column.to_pylist() == [1, None, None, None, None, 7]
    assert bad is not None
    assert bad.tolist() == [False, False, True, True, True, False]
    assert integers(pa.array(["1", None, "70000"]), 70_000)[1] is None


def test_integers_with_a_point() -> None:
    texts = ["5.0", "0.000", "5.", ".0", "5.01", "9" * 15 + ".0", "9" * 16 + ".0", "-1.0"]
    column, bad = integers(pa.array(texts))
    assert column.to_pylist() == [5, 0, None, None, None, 10**15 - 1, None, None]
    assert bad is not None
    assert bad.tolist() == [value is None for value in column.to_pylist()]


@pytest.mark.parametrize(
    ("history", "flags"),
    [
        ("S", (0x02, 0)),
        ("Sr", (0x02, 0x04)),
        ("ShADadFf", (0x13, 0x13)),
        ("^hADd", (0x10, 0x12)),
        ("HaDd^", (None, None)),
        ("C", (None, 0)),
        ("", (0, 0)),
        ("SHI", (0x12, 0)),
    ],
)
def test_flags(history: str, flags: tuple[int | None, int | None]) -> None:
    assert flags_of(history) == flags


@pytest.mark.parametrize(
    ("text", "port", "found"),
    [
        ("WWW.Example.COM.", False, ("www.example.com", "")),
        ("example.org:8080", True, ("example.org", "")),
        ("example.org:", True, ("example.org", "")),
        ("[2001:db8::1]:80", True, (None, ADDRESS)),
        ("2001:db8::1", True, (None, ADDRESS)),
        ("192.0.2.1:80", True, (None, ADDRESS)),
        ("192.0.2.1", False, (None, ADDRESS)),
        ("", False, (None, NO_NAME)),
        (".", False, (None, NO_NAME)),
        (":80", True, (None, NO_NAME)),
        ("two words", False, (None, UNUSABLE)),
        ("a\\x00b", False, (None, UNUSABLE)),
        ("a\\x2cb", False, (None, UNUSABLE)),
        ("m\\xc3\\xbcller.example", False, ("müller.example", "")),
        ("m\\xfcller.example", False, (None, UNUSABLE)),
        ("a" * 255, False, ("a" * 255, "")),
        ("a" * 256, False, (None, UNUSABLE)),
        ("_ldap._tcp.example", False, ("_ldap._tcp.example", "")),
    ],
)
def test_host_names(text: str, port: bool, found: tuple[str | None, str]) -> None:  # noqa: FBT001  # a case's value
    assert host_of(text, port=port) == found


@given(
    st.lists(
        st.none()
        | st.from_regex(r"[a-z0-9_.:-]{0,14}", fullmatch=True)
        | st.ip_addresses().map(str)
        | st.text(max_size=9)
    ),
    st.booleans(),
)
def test_a_column_of_names_is_cleaned_like_each(texts: list[str | None], port: bool) -> None:  # noqa: FBT001  # a case's value
    found = hosts(pa.array(texts, pa.string()), port=port)
    wanted = [(None, NO_NAME) if t is None else host_of(t, port=port) for t in texts]
    assert found.names.to_pylist() == [name for name, _ in wanted]
    for cause, mask in found.causes.items():
        assert mask.tolist() == [reason == cause for _, reason in wanted]


def dns(**columns: list[object]) -> tuple[list[dict[str, object]], Tally]:
    count = len(next(iter(columns.values())))
    lists = pa.list_(pa.string())
    arrays = {
        name: pa.array(values, lists if name in {"answers", "TTLs"} else pa.string())
        for name, values in columns.items()
    }
    base = {"ts": pa.array(["10.5"] * count), "id.orig_h": pa.array(["192.0.2.1"] * count)}
    tally = Tally()
    return answers(Rows("dns", count, base | arrays), tally).rows.to_pylist(), tally


def test_the_answer_comes_after_the_question() -> None:
    rows, _ = dns(query=["a.example"], rtt=["0.6"], answers=[["192.0.2.9"]])
    assert rows[0]["start_ms"] == 11_100
    assert rows[0]["ttl_s"] is None


def test_other_records_are_no_link_of_the_chain() -> None:
    rows, _ = dns(
        query=["a.example"],
        qtype=["1"],
        answers=[["b.example", "TXT 5 v=spf", "192.0.2.9", "RRSIG 5 b.example"]],
        TTLs=[["30.0", "1.0", "60.0", "1.0"]],
    )
    assert [(r["chain"], r["canonical"], r["ttl_s"]) for r in rows] == [
        ("a.example,b.example", "b.example", 30)
    ]


def test_times_to_live_that_do_not_match_are_unknown() -> None:
    rows, _ = dns(
        query=["a.example", "b.example", "c.example"],
        answers=[["192.0.2.9"], ["192.0.2.8", "192.0.2.7"], ["192.0.2.6"]],
        TTLs=[["5.0", "6.0"], ["7.0", "-"], ["8.0"]],
    )
    assert [r["ttl_s"] for r in rows] == [None, 7, None, 8]


def test_questions_that_give_no_address() -> None:
    rows, tally = dns(
        query=["a.example", "b.example", None, "_x._tcp.local", "192.0.2.1", "c.example"],
        qtype=["1", "16", "1", "12", "1", "255"],
        answers=[
            None,
            ["192.0.2.9"],
            ["192.0.2.9"],
            ["192.0.2.9"],
            ["192.0.2.9"],
            ["d", "192.0.2.9"],
        ],
    )
    assert [(r["query"], r["canonical"], r["chain"]) for r in rows] == [
        ("c.example", "c.example", None)
    ]
    assert tally.skipped == {"no address in the answer": 3, "no name": 1, "name is an address": 1}
