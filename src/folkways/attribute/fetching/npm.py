"""A list that is published as an npm package, fetched by the npm client that is installed here.

The client knows the registry, its mirrors and proxies; nothing of the package is run. What it says
of errors and of the package comes as JSON (``npm pack --json``, npm 7 to 11).
"""

import base64
import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from folkways.attribute.fetching.entries import NpmEntry
from folkways.attribute.fetching.fetched import (
    BY_HAND,
    Fetched,
    FetchError,
    Watch,
    one_line,
    writing,
)
from folkways.attribute.fetching.package import unpack

MOST_PACKED = 2**28


def fetch_npm(
    entry: NpmEntry, folder: Path, *, watch: Watch | None = None, timeout: float = 900.0
) -> list[Fetched]:
    """Fetch a package and put its CSV files into a folder that exists, as ``<id>-<file's name>``.

    Files that give addresses as numbers (``...-num.csv``) are left out: their twins give text.

    Args:
        entry: what to fetch.
        folder: where the files are to lie.
        watch: told when the package is here; npm says nothing before.
        timeout: seconds after which npm is stopped.

    Raises:
        FetchError: npm is absent or fails, or the package is damaged, too large or without CSV.
        StorageError: the disk is full or refuses.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise FetchError(
            f"{entry.package} is an npm package, and npm is not installed; install it (it comes "
            f"with Node.js), or {BY_HAND}."
        )
    with TemporaryDirectory(prefix="folkways-npm-") as place:
        report = _pack(npm, entry, Path(place), timeout)
        tarball = _tarball(entry, Path(place), report.get("integrity"))
    if watch is not None:
        watch(entry.id, len(tarball), len(tarball))
    return unpack(entry, str(report.get("version")), tarball, folder)


def _pack(npm: str, entry: NpmEntry, place: Path, timeout: float) -> dict[str, Any]:
    """What npm says of the package that it has put into ``place``."""
    options = ("--json", "--ignore-scripts", "--fetch-retries=1", "--no-update-notifier")
    command = [npm, "pack", *options, "--", f"{entry.package}@{entry.version or 'latest'}"]
    try:
        done = subprocess.run(  # noqa: S603  # a list without a shell; names were checked
            command, cwd=place, capture_output=True, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired:
        raise FetchError(
            f"npm has not fetched {command[-1]} in {timeout:g} s and was stopped; try again later, "
            f"or {BY_HAND}."
        ) from None
    except OSError as error:
        raise FetchError(
            f"{npm} cannot be run ({error.strerror}); mend it, or {BY_HAND}."
        ) from None
    try:
        said = json.loads(done.stdout)
    except (ValueError, RecursionError):
        said = None
    report = said[0] if isinstance(said, list) and said else said
    if done.returncode or not isinstance(report, dict) or "error" in report:
        raise FetchError(
            f"npm could not fetch {command[-1]} ({_why(report, done.stderr)}); {BY_HAND}."
        )
    return report


def _why(report: object, stderr: bytes) -> str:
    """What npm says went wrong."""
    error = report.get("error") if isinstance(report, dict) else None
    if isinstance(error, dict):
        return one_line(f"{error.get('code')}: {error.get('summary')}")
    return one_line(stderr.decode("utf-8", "replace")) or "it said nothing"


def _tarball(entry: NpmEntry, place: Path, integrity: object) -> bytes:
    """The one archive in ``place``, which must have the digest that npm stated."""
    archives = list(place.glob("*.tgz"))
    if len(archives) != 1:
        raise FetchError(
            f"npm gave {len(archives)} archives for {entry.package}, not one; {BY_HAND}."
        )
    with writing(place):
        if archives[0].stat().st_size > MOST_PACKED:
            raise FetchError(f"{entry.package} is larger than {MOST_PACKED} bytes; {BY_HAND}.")
        tarball = archives[0].read_bytes()
    sha512 = "sha512-" + base64.b64encode(hashlib.sha512(tarball).digest()).decode()
    if not isinstance(integrity, str) or sha512 not in integrity.split():
        raise FetchError(
            f"the archive of {entry.package} is {sha512} and not what npm states "
            f"({one_line(integrity)}); nothing was kept: try again."
        )
    return tarball
