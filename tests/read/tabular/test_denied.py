"""Whether a firewall let the packets pass, as tables say it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.read.tabular.conftest import Read

from folkways.read.tabular import presets

Write = Callable[..., Any]

MAPPING = """
name = "firewall"
direction = "unidirectional"
time = "epoch-s"

[columns]
start = "at"
source_address = "from"
destination_address = "to"
"""
ROW = {
    "type": "IPFIX",
    "time_received_ns": 1_709_065_920_620_000_000,
    "sampler_address": "10.10.26.5",
    "src_addr": "10.10.11.38",
    "dst_addr": "198.51.100.54",
    "bytes": 1518,
    "packets": 1,
}


def table(*values: str) -> str:
    rows = "".join(f"1528362107,192.0.2.1,198.51.100.2,{value}\n" for value in values)
    return f"at,from,to,verdict\n{rows}"


def test_words_of_a_firewall(read: Read, write: Write) -> None:
    mapping = write(f'{MAPPING}denied = "verdict"\n', "own.toml")
    words = ("deny", "DROP", "Blocked", "true", "1", "allow", "ACCEPT", "false", "0", "", "odd")
    rows, tally = read(write(table(*words)), mapping)
    assert [row["denied"] for row in rows] == [True] * 5 + [False] * 4 + [None, None]
    assert tally.flagged == {"bad value: denied": 1}


def test_words_of_ones_own(read: Read, write: Write) -> None:
    own = f'{MAPPING}denied = "verdict"\n[values.denied]\nzahozeno = "true"\nproslo = "false"\n'
    rows, _ = read(write(table("zahozeno", "proslo")), write(own, "own.toml"))
    assert [row["denied"] for row in rows] == [True, False]


def test_a_table_that_does_not_say_it(read: Read, write: Write) -> None:
    rows, _ = read(write(table("deny")), write(MAPPING, "own.toml"))
    assert [row["denied"] for row in rows] == [None]


@pytest.mark.parametrize(
    ("status", "denied"),
    [
        (0, None),
        (1, None),
        (63, None),
        (64, False),
        (66, False),
        (127, False),
        (128, True),
        (130, True),
        (191, True),
        (192, None),
        (195, None),
        (255, None),
        ("0x82", True),
        ("DROPPED ACL deny", True),
        ("FORWARDED Unknown", False),
        ("CONSUMED Terminate Punt Adjacency", None),
    ],
)
def test_forwarding_status(read: Read, write: Write, status: int | str, denied: object) -> None:
    (row,), tally = read(write(json.dumps(ROW | {"forwarding_status": status}) + "\n"))
    assert row["denied"] is denied
    assert not tally.flagged


@pytest.mark.parametrize("status", [256, -1, "odd", 1.5])
def test_a_forwarding_status_that_is_none(read: Read, write: Write, status: object) -> None:
    (row,), tally = read(write(json.dumps(ROW | {"forwarding_status": status}) + "\n"))
    assert row["denied"] is None
    assert tally.flagged == {"bad value: forwarding_status": 1}


def test_the_word_goes_before_the_status(read: Read, write: Write) -> None:
    own = f'{MAPPING}denied = "verdict"\nforwarding_status = "status"\n'
    text = "at,from,to,verdict,status\n" + "".join(
        f"1528362107,192.0.2.1,198.51.100.2,{pair}\n" for pair in ("deny,64", ",128", "allow,", ",")
    )
    rows, _ = read(write(text), write(own, "own.toml"))
    assert [row["denied"] for row in rows] == [True, True, False, None]


def test_presets_of_collectors_that_keep_the_status_read_it() -> None:
    named = {m.name for m in presets() if m.columns.get("forwarding_status")}
    assert named >= {"akvorado", "goflow2", "goflow2-v1", "nfdump-csv", "nfdump-json"}
    assert named >= {"pmacct-json", "pmacct-csv", "nprobe"}
