"""What a name that DNS gave decides, and what it does not."""

from collections.abc import Callable
from typing import Any

import pytest

Attribute = Callable[..., list[dict[str, Any]]]
SERVICES_NET, NOWHERE = "149.154.161.1", "192.0.2.1"


def by_dns(*names: str, **more: Any) -> dict[str, Any]:
    candidates = ",".join(names) if len(names) > 1 else None
    return {
        "name": names[0],
        "name_source": "dns",
        "name_candidates": candidates,
        "remote": NOWHERE,
        **more,
    }


def decided(row: dict[str, Any]) -> tuple[Any, ...]:
    return (row["service"], row["operator"], row["evidence"], row["rule"])


FACEBOOK = ("facebook", "meta", "dns", "facebook/domain/facebook.com")
NOBODY = (None, None, None, None)


@pytest.mark.parametrize(
    ("names", "outcome"),
    [
        (["www.facebook.com"], FACEBOOK),
        (["cdn.fbcdn.net", "www.facebook.com"], FACEBOOK),
        (
            ["chat.facebook.com", "www.facebook.com"],
            (None, "meta", "dns", "facebook/domain/facebook.com"),
        ),
        (["t.me", "www.facebook.com"], NOBODY),
        (["unknown.example", "www.facebook.com"], NOBODY),
        (["www.facebook.com", "..."], NOBODY),
        (["unknown.example"], NOBODY),
        (["x.amazonaws.com"], NOBODY),
        (["www.amazon.com", "x.amazonaws.com"], NOBODY),
    ],
)
def test_all_candidates_must_agree(
    attribute: Attribute, names: list[str], outcome: tuple[Any, ...]
) -> None:
    assert decided(attribute(by_dns(*names))[0]) == outcome


def test_an_operator_has_no_function(attribute: Attribute) -> None:
    row = attribute(by_dns("chat.facebook.com", "www.facebook.com"))[0]
    assert (row["function"], row["jurisdiction"]) == (None, "US")


def test_before_addresses_but_an_operator_only_after_a_services_own(attribute: Attribute) -> None:
    one = attribute(by_dns("www.facebook.com", remote=SERVICES_NET))[0]
    assert decided(one) == FACEBOOK
    two = attribute(by_dns("chat.facebook.com", "www.facebook.com", remote=SERVICES_NET))[0]
    assert (two["service"], two["evidence"]) == ("telegram", "address")
    three = attribute(by_dns("unknown.example", remote=SERVICES_NET))[0]
    assert (three["service"], three["evidence"]) == ("telegram", "address")


def test_the_same_name_seen_and_bound_keeps_its_evidence(attribute: Attribute) -> None:
    seen = {"name": "www.facebook.com", "name_source": "tls", "remote": NOWHERE}
    rows = attribute(seen, by_dns("www.facebook.com"))
    assert [r["evidence"] for r in rows] == ["name", "dns"]


def test_it_says_nothing_of_encryption(attribute: Attribute) -> None:
    rows = attribute(
        by_dns("www.facebook.com", remote_port=9999),
        by_dns("cloudflare-ech.com", remote_port=9999),
        {"name": "www.facebook.com", "name_source": "tls", "remote_port": 9999},
    )
    assert [r["encrypted"] for r in rows] == [None, None, "tls"]
