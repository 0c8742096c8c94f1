"""All benchmarks, each beside a named baseline in the same run. ``make bench`` calls it.

Inputs are made once in a folder of the system's temporary one (about 10 GB), or in the one given.
"""

import argparse
import platform
import tempfile
from pathlib import Path

import attribution
import captures
import eve
import memory
import netflow
import nfcapd
import sflow
import table
import zeek

DEFAULT_CAPTURES = Path(__file__).resolve().parent.parent.parent / "shared/data/captures/ndpi/pcap"

PARTS = {
    "zeek": zeek,
    "table": table,
    "eve": eve,
    "netflow": netflow,
    "sflow": sflow,
    "nfcapd": nfcapd,
    "memory": memory,
    "attribution": attribution,
}


def main() -> None:
    """Run what is asked for, and print a line a figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "folkways")
    parser.add_argument("--captures", type=Path, default=DEFAULT_CAPTURES)
    parser.add_argument("--only", choices=[*PARTS, "captures"])
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    print(f"{platform.machine()}, Python {platform.python_version()}")
    for name, part in PARTS.items():
        if arguments.only in {None, name}:
            print(*part.run(arguments.folder), sep="\n", flush=True)
    if arguments.only in {None, "captures"}:
        if arguments.captures.is_dir():
            print(*captures.run(arguments.folder, arguments.captures), sep="\n", flush=True)
        else:
            print(f"captures: left out, {arguments.captures} is no folder (give --captures)")


if __name__ == "__main__":
    main()
