"""A web server on this machine that speaks https and misbehaves as it is told."""

import contextlib
import datetime as dt
import ipaddress
import ssl
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Page:
    """What the server does with one path."""

    content: bytes = b""
    etag: str | None = '"one"'
    modified: str | None = "Tue, 03 Mar 2026 23:30:00 GMT"
    ranges: bool = True
    obstinate: bool = False  # gives a range of another file, whatever If-Range says
    framing: str = "length"  # or chunked, or none
    cut: int | None = None
    pause: float = 0.0
    status: int = 200
    location: str | None = None


@dataclass
class Site:
    """A running server: its pages by path, and the ranges that were asked for."""

    base: str
    cafile: Path
    pages: dict[str, Page] = field(default_factory=dict)
    asked: list[tuple[str, str | None, str | None]] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)


def _certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, uuid.uuid4().hex)])
    now = dt.datetime.now(dt.UTC)
    usage = dict.fromkeys(
        (
            *("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
            *("crl_sign", "encipher_only", "decipher_only"),
        ),
        False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            ),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.KeyUsage(digital_signature=True, key_cert_sign=True, **usage), critical=True
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "public.pem", folder / "private.pem"
    public.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return public, private


class _Handler(BaseHTTPRequestHandler):
    site: Site

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name there
        pass

    def do_GET(self) -> None:
        self.close_connection = True
        page = self.site.pages.get(self.path, Page(status=404))
        wanted = self.headers.get("Range")
        self.site.asked.append((self.path, wanted, self.headers.get("If-Range")))
        start = 0
        if wanted and page.ranges and self._current(page):
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        body = page.content[start:]
        out_of_range = bool(start) and not body
        self._head(page, start, body, out_of_range=out_of_range)
        if not out_of_range:
            with contextlib.suppress(OSError):
                self._body(page, start, body)

    def _current(self, page: Page) -> bool:
        return page.obstinate or self.headers.get("If-Range") in {
            None,
            page.etag,
            page.modified,
        }

    def _head(self, page: Page, start: int, body: bytes, *, out_of_range: bool) -> None:
        self.send_response(416 if out_of_range else 206 if start else page.status)
        if page.location:
            self.send_header("Location", page.location)
        if page.etag:
            self.send_header("ETag", page.etag)
        if page.modified and not start:
            self.send_header("Last-Modified", page.modified)
        if start and not out_of_range:
            size = len(page.content)
            self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        if out_of_range:
            self.send_header("Content-Length", "0")
        elif page.framing == "length":
            self.send_header("Content-Length", str(len(body)))
        elif page.framing == "chunked":
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def _body(self, page: Page, start: int, body: bytes) -> None:
        end = len(body) if page.cut is None else max(page.cut - start, 0)
        step = 1 if page.pause else 4096
        for at in range(0, min(end, len(body)), step):
            piece = body[at : min(at + step, end)]
            if page.framing == "chunked":
                piece = b"%x\r\n%b\r\n" % (len(piece), piece)
            self.wfile.write(piece)
            self.wfile.flush()
            if page.pause and self.site.stop.wait(page.pause):
                return
        if page.framing == "chunked" and page.cut is None:
            self.wfile.write(b"0\r\n\r\n")


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[Site]:
    public, private = _certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    site = Site("", public)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"site": site}))
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client may leave
    server.socket = context.wrap_socket(server.socket, server_side=True)
    site.base = f"https://localhost:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield site
    finally:
        site.stop.set()
        server.shutdown()
        thread.join()
        server.server_close()
