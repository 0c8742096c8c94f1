"""A fake npm client, and archives such as it brings."""

import base64
import gzip
import hashlib
import io
import json
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


def archive(files: Mapping[str, bytes], kinds: Mapping[str, bytes] | None = None) -> bytes:
    """An npm archive; ``kinds`` gives members a type other than a file."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.type = (kinds or {}).get(name, tarfile.REGTYPE)
            member.linkname = "/etc/passwd" if member.type != tarfile.REGTYPE else ""
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return gzip.compress(packed.getvalue())


@dataclass
class FakeNpm:
    """What the fake npm will answer; its arguments are in ``arguments()`` afterwards."""

    folder: Path

    def install(self) -> None:
        script = self.folder / "npm"
        script.write_text(_SCRIPT.format(python=sys.executable), encoding="utf-8")
        script.chmod(0o755)

    def answer(
        self,
        report: object,
        tarball: bytes | None = None,
        *,
        status: int = 0,
        stderr: str = "",
        sleep: float = 0,
    ) -> None:
        plan = {
            "stdout": report if isinstance(report, str) else json.dumps(report),
            "tarball": base64.b64encode(tarball).decode() if tarball is not None else None,
            "status": status,
            "stderr": stderr,
            "sleep": sleep,
        }
        (self.folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")

    def package(self, tarball: bytes, version: str = "2.3.2026061712") -> None:
        digest = base64.b64encode(hashlib.sha512(tarball).digest()).decode()
        report = {"version": version, "integrity": f"sha512-{digest}", "filename": "../../odd.tgz"}
        self.answer([report], tarball)

    def arguments(self) -> list[str]:
        found: list[str] = json.loads((self.folder / "arguments.json").read_text("utf-8"))
        return found


_SCRIPT = """#!{python} -I
import base64, json, pathlib, sys, time
here = pathlib.Path(__file__).parent
(here / "arguments.json").write_text(json.dumps(sys.argv[1:]))
plan = json.loads((here / "plan.json").read_text())
time.sleep(plan["sleep"])
if plan["tarball"] is not None:
    pathlib.Path("some-package.tgz").write_bytes(base64.b64decode(plan["tarball"]))
sys.stdout.write(plan["stdout"])
sys.stderr.write(plan["stderr"])
sys.exit(plan["status"])
"""
