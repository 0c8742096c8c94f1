"""Host lists: hosts files, domains a line, CSV; and host names in one spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from folkways.attribute.domain_lists.hosts import ADDRESS, NO_NAME, HostLine, read_host_list
from folkways.attribute.host_names import host_name


def read(text: str) -> list[HostLine]:
    return list(read_host_list(text.encode()))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Example.COM", "example.com"),
        ("example.com.", "example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example.", "xn--bcher-kva.example"),
        ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("_dmarc.example.com", "_dmarc.example.com"),
        ("a" * 63 + ".com", "a" * 63 + ".com"),
        ("a" * 64 + ".com", None),
        ("ü" * 300, None),
        (".".join(["a" * 49] * 6), None),
        ("1.2.3.4", None),
        ("a.1", None),
        ("2001:db8::1", None),
        ("*.example.com", None),
        ("https://example.com/", None),
        ("a b.com", None),
        ("a..com", None),
        ("ü..com", None),
        ("-a.com", None),
        ("\ufffd.com", None),
        (".", None),
        ("", None),
    ],
)
def test_host_names(text: str, name: str | None) -> None:
    assert host_name(text) == name


@given(st.text())
def test_a_host_name_is_its_own_spelling(text: str) -> None:
    name = host_name(text)
    assert name is None or (host_name(name) == name and name.isascii() and name == name.lower())


def test_a_hosts_file_means_its_names_alone() -> None:
    text = (
        "\ufeff# a comment\r\n127.0.0.1\tlocalhost\r\n0.0.0.0 a.com B.com. # two\r\n"
        "::1 ip6-loopback\r\nfe80::1%lo0 c.com\r\n0.0.0.0 0.0.0.0\r\n0.0.0.0\r\n\r\n! x\r\n; x\r\n"
    )
    assert read(text) == [
        HostLine("localhost", exact=True),
        HostLine("a.com", exact=True),
        HostLine("b.com", exact=True),
        HostLine("ip6-loopback", exact=True),
        HostLine("c.com", exact=True),
        HostLine(None, exact=True, cause=NO_NAME),
        HostLine(None, cause=ADDRESS),
    ]


def test_a_domain_a_line_means_all_below_it() -> None:
    text = "a.com\n*.B.com.\n.c.com\nd.com\t99\n10.0.0.0/8\n2001:db8::/32\nbücher.de\n||x.com^\n"
    assert read(text) == [
        HostLine("a.com"),
        HostLine("b.com"),
        HostLine("c.com"),
        HostLine("d.com"),
        HostLine(None, cause=ADDRESS),
        HostLine(None, cause=ADDRESS),
        HostLine("xn--bcher-kva.de"),
        HostLine(None, cause=NO_NAME),
    ]


def test_a_csv_says_the_service() -> None:
    text = 'host,service,more\na.com,One\n"b.com", "Two, or three",x\n.c.com,\n,d\n1.2.3.4,e\n'
    assert read(text) == [
        HostLine("a.com", service="One"),
        HostLine("b.com", service="Two, or three"),
        HostLine("c.com"),
        HostLine(None, service="d"),
        HostLine(None, service="e", cause=ADDRESS),
    ]


@given(st.binary())
def test_any_bytes(content: bytes) -> None:
    for line in read_host_list(content):
        assert line.name is None or host_name(line.name) == line.name
