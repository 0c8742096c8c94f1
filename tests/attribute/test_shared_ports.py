"""Ports that several services share: one of them, never a certain one."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from tests.attribute.conftest import connected_table

from folkways.attribute.catalogue import Catalogue
from folkways.attribute.check import check
from folkways.attribute.explain import explain
from folkways.attribute.ladder import attribute_day
from folkways.attribute.snapshot import Snapshot

PORT = """
    function = "{function}"
    {operator}
    [[port]]
    protocol = "udp"
    port = 27015
    {shared}
    source = "hand"
    checked = 2026-11-25
"""
DAY = "2017-05-01"
Write = Callable[..., Path]


def service(name: str, function: str = "games", operator: str = "", *, shared: bool = True) -> str:
    owner = f'operator = "{operator}"' if operator else ""
    said = "shared = true" if shared else ""
    return name + PORT.format(function=function, operator=owner, shared=said)


def made(write: Write, folder: Path, *services: str) -> Catalogue:
    named = dict(text.split("\n", 1) for text in services)
    return Catalogue.load(write(folder, named, {"valve": ""}))


def decided(catalogue: Catalogue) -> tuple[str | None, ...]:
    row = {"remote": "192.0.2.1", "remote_port": 27015, "protocol": 17, "opened_by": "member"}
    with duckdb.connect() as con:
        con.register("connected", connected_table([row], DAY))
        view = attribute_day(con, "connected", DAY, catalogue, Snapshot())
        query = f"SELECT service, operator, function, evidence, rule FROM {view}"
        (found,) = con.execute(query).fetchall()
    return found


@pytest.mark.parametrize(
    ("services", "operator", "function"),
    [
        ((service("one"), service("two")), None, "games"),
        ((service("one", operator="valve"), service("two", operator="valve")), "valve", "games"),
        (
            (service("one", operator="valve"), service("two", "software", "valve")),
            "valve",
            None,
        ),
    ],
)
def test_what_they_have_in_common_is_named(
    write: Write, tmp_path: Path, services: tuple[str, ...], operator: str, function: str
) -> None:
    catalogue = made(write, tmp_path, *services)
    rule = "one-of/udp/27015/one,two"
    assert decided(catalogue) == (None, operator, function, "port", rule)
    assert check(catalogue) == []
    first, *others = explain("udp/27015", catalogue, Snapshot(), dt.date.fromisoformat(DAY))
    assert (first.rule, first.wins, first.says) == (rule, True, "udp/27015 is one of one, two")
    assert [(s.service, s.wins) for s in others] == [("one", False), ("two", False)]
    (stored,) = explain(rule, catalogue, Snapshot(), dt.date.fromisoformat(DAY))
    assert stored.says == "one of one,two"


def test_nothing_in_common_names_nobody(write: Write, tmp_path: Path) -> None:
    catalogue = made(write, tmp_path, service("one"), service("two", "software"))
    assert decided(catalogue) == (None, None, None, None, None)


def test_a_port_of_two_that_do_not_say_so_is_a_mistake(write: Write, tmp_path: Path) -> None:
    catalogue = made(write, tmp_path, service("one"), service("two", shared=False))
    assert decided(catalogue) == (None, None, None, None, None)
    assert check(catalogue) == ["port udp/27015 is claimed by one, two"]


def test_a_port_shared_with_nobody_is_a_mistake(write: Write, tmp_path: Path) -> None:
    catalogue = made(write, tmp_path, service("one"))
    assert decided(catalogue)[0] == "one"
    assert check(catalogue) == ["port udp/27015 is shared by one with nobody"]
