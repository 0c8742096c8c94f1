import tomllib

import pytest
from accuracy.judge import LABELS, Answer, Judge

from folkways.attribute.catalogue import Catalogue


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
    words = [one["label"].lower() for one in labels]
    assert len(words) == len(set(words))
