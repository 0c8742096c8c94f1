import pytest
from hypothesis import given
from hypothesis import strategies as st

from folkways.read.capture.payload.http import METHODS, read_request, strip_port
from folkways.read.capture.payload.outcome import Need, Sight


@pytest.mark.parametrize(
    ("request_head", "host"),
    [
        (b"GET / HTTP/1.1\r\nHost: Example.com\r\n\r\n", b"Example.com"),
        (b"GET / HTTP/1.1\r\nAccept: */*\r\nhOsT:example.com:8080\r\n\r\n", b"example.com"),
        (b"POST /a?b=http://c/ HTTP/1.0\nhost:\t example.com \t\nA: b\n\n", b"example.com"),
        (b"OPTIONS * HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n", b"2001:db8::1"),
        (b"PROPFIND /dav HTTP/1.1\r\nHost: dav.example\r\n\r\n", b"dav.example"),
        (b"CONNECT example.com:443 HTTP/1.1\r\nHost: proxy.example\r\n\r\n", b"example.com"),
        (b"CONNECT example.com:443 HTTP/1.1\r\n", b"example.com"),
        (b"CONNECT / HTTP/1.1\r\nHost: example.com\r\n\r\n", b"example.com"),
        (b"GET HTTP/1.1\r\nHost: example.com\r\n\r\n", b"example.com"),
        (b"GET http://u@example.com:81/x HTTP/1.1\r\nA: b\r\n\r\n", b"example.com"),
        (b"GET http://other.example/ HTTP/1.1\r\nHost: example.com\r\n\r\n", b"example.com"),
        (b"GET / HTTP/1.0\r\nAccept: */*\r\n\r\n", b""),
        (b"GET / HTTP/1.0\r\n\r\nHost: body.example\r\n", b""),
        (b"GET / HTTP/1.0\r\nX-Host: no.example\r\n\r\n", b""),
        (b"GET / HTTP/1.1\r\nHost:\r\nA: b\r\n\r\n", b""),
    ],
)
def test_host_of_a_request(request_head: bytes, host: bytes) -> None:
    assert read_request(request_head) == Sight(host)


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nHost: a.example\r\n\r\n",
        b"OPTIONS sip:a@b.example SIP/2.0\r\nHost: a.example\r\n\r\n",
        b"GET /\r\n",
        b"GET \r\n",
        b"GET \n\n",
        b"GETX / HTTP/1.1\r\n",
        b"GIT / HTTP/1.1\r\n",
        b"PRI * HTTP/2.0\r\n\r\n",
        b"\x00\x01",
    ],
)
def test_what_is_no_request(data: bytes) -> None:
    assert read_request(data) is None


def test_every_prefix_needs_more_until_the_host_is_seen() -> None:
    head = b"GET /index.html HTTP/1.1\r\nAccept: */*\r\nHost: example.com\r\nA: b\r\n\r\n"
    seen = head.index(b"example.com") + len(b"example.com\r")
    for end in range(len(head)):
        expected = Need.MORE if end < seen else Sight(b"example.com")
        assert read_request(head[:end]) == expected, end


@pytest.mark.parametrize(
    ("authority", "host"),
    [
        (b"a.example", b"a.example"),
        (b"a.example:", b"a.example"),
        (b"a.example:443", b"a.example"),
        (b"a.example:x", b"a.example:x"),
        (b"[::1]", b"::1"),
        (b"[::1]:8080", b"::1"),
        (b"2001:db8::1", b"2001:db8::1"),
        (b"192.0.2.1:80", b"192.0.2.1"),
    ],
)
def test_strip_port(authority: bytes, host: bytes) -> None:
    assert strip_port(authority) == host


def test_a_long_run_of_spaces_costs_linear_time() -> None:
    head = b"GET / HTTP/1.1\r\nHost:" + b" " * 1_000_000
    assert read_request(head) is Need.MORE
    assert read_request(head + b"a.example\r\n") == Sight(b"a.example")


@given(st.sampled_from(sorted(METHODS)), st.binary(max_size=200))
def test_any_bytes_do_no_harm(method: bytes, data: bytes) -> None:
    read_request(data)
    read_request(method + b" " + data[:2] + b"\r\n" + data)
    read_request(method + b" " + data)
    read_request(method + b" / HTTP/1.1\r\n" + data)
