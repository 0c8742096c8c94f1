"""What softflowd exports of a capture, and what nfcapd makes of it: both run on this machine."""

import contextlib
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

_SILENCE_S = 0.1


def exported(program: str, capture: Path, *arguments: str, over_tcp: bool = False) -> list[bytes]:
    """The export packets, as they came by UDP; of TCP, all octets in one."""
    kind = socket.SOCK_STREAM if over_tcp else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as server:
        server.bind(("127.0.0.1", 0))
        host, port = server.getsockname()
        if over_tcp:
            server.listen()
        with _collecting(server, over_tcp=over_tcp) as received:
            subprocess.run(
                [program, "-r", str(capture), "-n", f"{host}:{port}", "-d", "-a", *arguments],
                check=True,
                capture_output=True,
                timeout=60,
            )
    return [b"".join(received)] if over_tcp else received


@contextlib.contextmanager
def _collecting(server: socket.socket, *, over_tcp: bool) -> Iterator[list[bytes]]:
    received: list[bytes] = []
    ended = threading.Event()

    def collect() -> None:
        peer = server.accept()[0] if over_tcp else server
        peer.settimeout(_SILENCE_S)
        while True:
            try:
                part = peer.recv(65_535)
            except TimeoutError:
                part = b""
            if part:
                received.append(part)
            elif ended.is_set():
                break
        peer.close()

    thread = threading.Thread(target=collect)
    thread.start()
    try:
        yield received
    finally:
        ended.set()
        thread.join()


def collected(program: str, packets: Iterable[bytes], folder: Path) -> Path:
    """The file that nfcapd writes when these packets are sent to it."""
    folder.mkdir()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind(("127.0.0.1", 0))
        port = _free_port()
        collector = subprocess.Popen(
            [program, "-p", str(port), "-b", "127.0.0.1", "-l", str(folder), "-t", "3600"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            time.sleep(1)
            for packet in packets:
                sender.sendto(packet, ("127.0.0.1", port))
                time.sleep(0.002)
            time.sleep(0.5)
        finally:
            collector.send_signal(signal.SIGINT)
            collector.wait(20)
    (file,) = folder.glob("nfcapd.2*")
    return file


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
