import pytest

from folkways.read.capture.payload.text import host_name


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b"Example.COM.", "example.com"),
        (b"_dmarc.example.com", "_dmarc.example.com"),
        ("müller.example".encode(), "müller.example"),
        (b"a" * 255, "a" * 255),
        (b"a" * 256, None),
        (b"", None),
        (b".", None),
        (b"a b.example", None),
        (b"a,b.example", None),
        (b"/", None),
        (b"user@a.example", None),
        (b"2001:db8::1", "2001:db8::1"),
        (b"a\x00b.example", None),
        (b"a\x7fb.example", None),
        ("a\u2028b.example".encode(), None),
        (b"\xff\xfe.example", None),
    ],
)
def test_host_name(raw: bytes, name: str | None) -> None:
    assert host_name(raw) == name
