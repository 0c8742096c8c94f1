import tomllib

import pytest
from accuracy.judge import LABELS, Answer, Judge

from folkways.attribute.catalogue import Catalogue

NAMES = LABELS.with_name("ndpi_names.toml")


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(Catalogue.load())


def by_name(service: str) -> Answer:
    return Answer(service, "somebody", "name")


@pytest.mark.parametrize(
    ("label", "answer", "outcome"),
    [
        ("TLS.Facebook", by_name("facebook"), "agrees"),
        ("TLS.Facebook", by_name("youtube"), "contradicts"),
        ("TLS.Facebook", Answer(operator="meta", evidence="address"), "operator"),
        ("TLS.Facebook", Answer(), "unknown"),
        # A label of all that an operator does; a label of one product of it.
        ("QUIC.Google", by_name("google-maps"), "agrees"),
        ("TLS.GoogleMaps", by_name("google"), "operator"),
        ("TLS.GoogleMaps", by_name("youtube"), "contradicts"),
        # Whose computers it runs on, and the protocol by which it speaks, are less than the label.
        ("TLS.Zattoo", by_name("akamai"), "operator"),
        ("STUN.Zoom", Answer("stun", None, "port"), "protocol"),
        ("WireGuard.Mullvad", Answer("wireguard", None, "port", "vpn"), "protocol"),
        ("WireGuard.Mullvad", Answer("sip", None, "port"), "contradicts"),
        # Any service can speak TLS, but a port is no ground to name it.
        ("TLS", by_name("youtube"), "agrees"),
        ("TLS", Answer("google-play", "google", "port"), "unknown"),
        ("TLS", Answer("bittorrent", None, "port"), "contradicts"),
        ("SSH", Answer("ssh", None, "port", None, "other"), "agrees"),
        ("SSH", Answer("http-proxy", None, "port"), "contradicts"),
        # What we say of hiding and of encryption.
        ("TLS.KakaoTalk", Answer(hidden="tor"), "contradicts"),
        ("TLS.KakaoTalk", Answer(hidden="possible-vps"), "unknown"),
        ("IPSec", Answer(hidden="vpn", encrypted="other"), "agrees"),
        ("BitTorrent", Answer(hidden="vpn"), "contradicts"),
        ("QUIC", Answer(encrypted="ech"), "unknown"),
        ("TLS", Answer(encrypted="none"), "contradicts"),
        ("A.NewWord", Answer(), "unknown"),
    ],
)
def test_outcomes(judge: Judge, label: str, answer: Answer, outcome: str) -> None:
    assert judge.outcome(label, answer) == outcome


def test_a_word_that_nobody_mapped_is_a_named_service_without_meaning(judge: Judge) -> None:
    meaning = judge.meaning("TLS.NewWord")
    assert (meaning.named, meaning.mapped) == (True, False)


def test_the_table_names_services_and_operators_of_the_catalogue() -> None:
    catalogue = Catalogue.load()
    table = tomllib.loads(LABELS.read_text(encoding="utf-8"))
    labels = [*table["named"], *table["protocol"]]
    services = {s for one in labels for key in ("services", "over") for s in one.get(key, ())}
    assert services | set(table["general"]) <= set(catalogue.services)
    assert {one["operator"] for one in labels if "operator" in one} <= set(catalogue.operators)
    assert {one["function"] for one in labels if "function" in one} <= set(
        catalogue.protocols.functions
    )
    words = [word.lower() for one in labels for word in (one["label"], *one.get("also", ()))]
    assert len(words) == len(set(words))


def test_a_named_label_means_something_or_says_why_not(judge: Judge) -> None:
    table = tomllib.loads(LABELS.read_text(encoding="utf-8"))
    without = {one["label"] for one in table["named"] if not judge.meaning(one["label"]).mapped}
    assert without == {one["label"] for one in table["named"] if "why" in one}


def test_every_word_that_ndpi_can_say_has_a_meaning(judge: Judge) -> None:
    lists = tomllib.loads(NAMES.read_text(encoding="utf-8"))["names"]
    assert all(one["source"] and one["checked"] for one in lists)
    words = [word for one in lists for word in one["words"]]
    assert len(words) > 440
    assert [word for word in words if word.lower() not in judge.meanings] == []
    # Most of the brands among them are ours; the others say why not.
    named = [m for word in words if (m := judge.meaning(word)).named]
    assert sum(m.mapped for m in named) >= 0.95 * len(named)


@pytest.mark.parametrize(
    ("label", "answer", "outcome"),
    [
        ("TLS.AppleStore", by_name("itunes"), "agrees"),
        ("TLS.DisneyPlus", by_name("disney-streaming"), "agrees"),
        ("TLS.DisneyPlus", by_name("hulu"), "contradicts"),
        ("TLS.GoogleChat", by_name("google-meet"), "contradicts"),
        ("HTTP.AdultContent", by_name("pornhub"), "agrees"),
        ("TLS.Cybersec", by_name("kaspersky"), "agrees"),
        ("Mining", Answer("stratum", None, "sensor"), "agrees"),
        ("Mining", Answer("bitcoin", None, "port"), "contradicts"),
        ("STUN.GoogleMeet", Answer("stun", None, "port"), "protocol"),
        # The same word in another version's spelling.
        ("TLS.Cybersecurity", by_name("avast"), "agrees"),
        ("ESP", Answer(hidden="vpn", encrypted="other"), "agrees"),
        # Protocols: a name carried by them is more specific, another protocol is wrong.
        ("NFS", Answer("nfs", None, "port"), "agrees"),
        ("BGP", Answer("http-proxy", None, "port"), "contradicts"),
        ("TINC", Answer(hidden="vpn"), "agrees"),
        ("JSON-RPC", by_name("google"), "agrees"),
        ("VXLAN", Answer(), "unknown"),
    ],
)
def test_outcomes_of_words_of_all_versions(
    judge: Judge, label: str, answer: Answer, outcome: str
) -> None:
    assert judge.outcome(label, answer) == outcome
