"""nfcapd as a fixture: it collects export packets that a test sends."""

import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def collect(tool: Callable[[str], str], tmp_path: Path) -> Callable[..., Path]:
    """Send packets, or let a function send to a port, and give the file that nfcapd writes."""

    def run(send: list[bytes] | Callable[[int], None], *options: str) -> Path:
        folder = tmp_path / "collected"
        folder.mkdir()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        place = ["-p", str(port), "-b", "127.0.0.1", "-w", str(folder), "-t", "3600"]
        collector = subprocess.Popen(
            [tool("nfcapd"), *place, *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert collector.stderr is not None
            for line in collector.stderr:
                if "Startup nfcapd" in line:
                    break
            if callable(send):
                send(port)
            else:
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                    for packet in send:
                        sender.sendto(packet, ("127.0.0.1", port))
            time.sleep(0.5)
        finally:
            collector.send_signal(signal.SIGINT)
            collector.communicate(timeout=20)
        (file,) = folder.glob("nfcapd.2*")
        return file

    return run


@pytest.fixture
def nfdump(tool: Callable[[str], str]) -> Callable[..., str]:
    """What nfdump prints, in UTC."""

    def run(*arguments: str | Path) -> str:
        return subprocess.run(
            [tool("nfdump"), *arguments],
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
            env={"TZ": "UTC"},
        ).stdout

    return run
