"""Tries inputs on a reader until a time is over or a promise is broken (see ``harness``).

Needs atheris (``make fuzz`` installs it). Inputs that break something are written to fuzz/found;
``python fuzz/fuzz.py FAMILY --replay FILE`` runs one again.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
LONGEST = 65_536
"""Octets of an input at most, so that many are tried; larger ones stand in tests/fuzz."""
MEMORY_MIB = 256
RUN_MIB = 4096
SECONDS_EACH = 10
BINARY = ("capture", "payload", "netflow", "netflow-captured", "sflow", "nfcapd", "silk")
TEXT = ("zeek", "suricata", "aws", "azure", "gcp", "table")


def main() -> int:
    """The exit code: 0 if nothing was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("family", nargs="?", choices=[*BINARY, *TEXT])
    parser.add_argument("--all", action="store_true", help="every family, one after the other")
    parser.add_argument("--seconds", type=int, default=60, help="for each family")
    parser.add_argument("--corpus", type=Path, help="where inputs that reach new code are kept")
    parser.add_argument("--replay", type=Path, help="run one input")
    arguments = parser.parse_args()
    if arguments.all:
        return _all(arguments.seconds)
    if arguments.family is None:
        parser.error("name a family, or say --all")
    if arguments.replay:
        return _replay(arguments.family, arguments.replay)
    with tempfile.TemporaryDirectory() as folder:
        return _fuzz(arguments.family, arguments.seconds, arguments.corpus or Path(folder))


def _all(seconds: int) -> int:
    broken = []
    for family in (*BINARY, *TEXT):
        command = [sys.executable, __file__, family, "--seconds", str(seconds)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        told = [line for line in done.stderr.splitlines() if line.startswith(("#", "Done"))]
        print(f"{family}: {told[-1] if told else 'no input was run'}", flush=True)
        if done.returncode:
            broken.append(family)
            print(done.stderr[-4000:])
    if broken:
        print(f"Broken: {', '.join(broken)}. The inputs are in {HERE / 'found'}.")
    return 1 if broken else 0


def _replay(family: str, path: Path) -> int:
    from harness import examine

    print(examine(family, path.read_bytes()))
    return 0


def _fuzz(family: str, seconds: int, corpus: Path) -> int:
    import atheris

    with atheris.instrument_imports(include=["folkways"]):
        from harness import examine

    found = HERE / "found"
    found.mkdir(exist_ok=True)
    corpus.mkdir(parents=True, exist_ok=True)
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={LONGEST}",
        # What one input may take is asked of each; the fuzzer's own memory grows with its time.
        f"-rss_limit_mb={RUN_MIB}",
        f"-timeout={SECONDS_EACH}",
        f"-artifact_prefix={found}/{family}-",
        "-print_final_stats=1",
    ]
    seeds = HERE / "corpus" / family
    atheris.Setup(
        [sys.argv[0], *options, str(corpus), str(seeds)], lambda data: _one(family, data, examine)
    )
    atheris.Fuzz()
    return 0


def _one(family: str, data: bytes, examine: object) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    examine(family, data)  # type: ignore[operator]
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024 - before
    if grown > MEMORY_MIB:
        raise MemoryError(f"one input of {len(data)} octets took {grown} MiB")


if __name__ == "__main__":
    sys.exit(main())
