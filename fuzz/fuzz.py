"""Tries inputs on a parser until a time is over or a promise is broken (see ``harness``).

Needs atheris (``make fuzz`` installs it). Inputs that break something are written to fuzz/found;
``python fuzz/fuzz.py FAMILY --replay FILE`` runs one again.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
FOUND = HERE / "found"
LONGEST = 65_536
"""Octets of an input at most, so that many are tried; larger ones stand in tests/fuzz."""
MEMORY_MIB = 256
PROCESS_MIB = 4096
"""Of the whole process: atheris 3.0 never frees the result of a comparison of arrays."""
SECONDS_EACH = 10
"""Of processor time, which a busy or paused machine does not lengthen."""
HANG_SECONDS = 120
"""After which a process that does not come back is ended."""
END_SECONDS = 30
"""What a process may take to begin and to end."""
SLICE_SECONDS = 60
"""After which another process goes on with the corpus, since it holds ever more memory."""
UNITS = "number_of_executed_units: "
"""What libFuzzer tells at its end."""
BINARY = ("capture", "payload", "netflow", "netflow-captured", "sflow", "nfcapd", "silk", "parquet")
TEXT = ("zeek", "suricata", "aws", "azure", "gcp", "table", "presets", "mapping", "any")
LISTS = ("lists", "named-lists", "domains", "package", "settings")
FAMILIES = (*BINARY, *TEXT, *LISTS)


def main() -> int:
    """The exit code: 0 if nothing was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("family", nargs="?", choices=FAMILIES)
    parser.add_argument("--all", action="store_true", help="every family, one after the other")
    parser.add_argument("--seconds", type=int, default=60, help="for each family")
    parser.add_argument("--corpus", type=Path, help="where inputs that reach new code are kept")
    parser.add_argument("--replay", type=Path, help="run one input")
    parser.add_argument("--one-process", action="store_true", help="do not replace the process")
    arguments = parser.parse_args()
    if arguments.all == (arguments.family is not None):
        parser.error("name a family, or say --all")
    if arguments.replay and arguments.family:
        return _replay(arguments.family, arguments.replay)
    with tempfile.TemporaryDirectory() as folder:
        corpus = arguments.corpus or Path(folder)
        if arguments.one_process and arguments.family:
            return _fuzz(arguments.family, arguments.seconds, corpus)
        families = FAMILIES if arguments.all else (arguments.family,)
        broken = [f for f in families if not _family(f, arguments.seconds, corpus / f)]
    if broken:
        print(f"Broken: {', '.join(broken)}. The inputs are in {FOUND}; --replay runs one again.")
    return 1 if broken else 0


def _family(family: str, seconds: int, corpus: Path) -> bool:
    """Whether all promises were kept; prints how many inputs were tried and what they reached."""
    command = [sys.executable, __file__, family, "--one-process", "--corpus", str(corpus)]
    end, inputs, reached, kept = time.monotonic() + seconds, 0, "", True
    while kept and (left := round(end - time.monotonic())) > 0:
        slice_seconds = min(left, SLICE_SECONDS)
        command[6:] = ["--seconds", str(slice_seconds)]
        kept, told = _told(command, slice_seconds + HANG_SECONDS + END_SECONDS)
        inputs += sum(map(int, re.findall(rf"{UNITS}(\d+)", told)))
        reached = (re.findall(r"cov: \d+ ft: \d+ corp: \d+", told) or [reached])[-1]
        if not kept:
            print(told[-4000:])
    took = seconds + time.monotonic() - end
    print(f"{family}: {took:.0f} s, {inputs} inputs, {reached}", flush=True)
    return kept


def _told(command: list[str], seconds: int) -> tuple[bool, str]:
    """Whether a process kept all promises, and what it told."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds)
    except subprocess.TimeoutExpired as late:
        # libFuzzer holds the interpreter while it ends the process, and a thread of Arrow's may
        # wait for that for ever. All inputs were tried then.
        told = (late.stderr or b"").decode(errors="replace")
        return UNITS in told, told
    return done.returncode == 0, done.stderr


def _replay(family: str, path: Path) -> int:
    from harness import examine

    print(examine(family, path.read_bytes()))
    return 0


def _fuzz(family: str, seconds: int, corpus: Path) -> int:
    import atheris

    with atheris.instrument_imports(include=["folkways"]):
        from harness import examine

    FOUND.mkdir(exist_ok=True)
    corpus.mkdir(parents=True, exist_ok=True)
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={LONGEST}",
        f"-rss_limit_mb={PROCESS_MIB}",
        f"-timeout={HANG_SECONDS}",
        f"-artifact_prefix={FOUND}/{family}-",
        "-print_final_stats=1",
    ]
    seeds = HERE / "corpus" / family
    atheris.Setup(
        [sys.argv[0], *options, str(corpus), str(seeds)], lambda data: _one(family, data, examine)
    )
    atheris.Fuzz()
    return 0


def _one(family: str, data: bytes, examine: object) -> None:
    # "5" sets the kernel's mark of the most memory held back to what is held now (proc(5)).
    Path("/proc/self/clear_refs").write_text("5")
    before, started = _most_mib(), time.process_time()
    examine(family, data)  # type: ignore[operator]
    if (took := time.process_time() - started) > SECONDS_EACH:
        raise TimeoutError(f"one input of {len(data)} octets took {took:.0f} s")
    grown = _most_mib() - before
    if grown > MEMORY_MIB:
        raise MemoryError(f"one input of {len(data)} octets took {grown} MiB")


def _most_mib() -> int:
    found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    return int(found[1]) // 1024 if found else 0


if __name__ == "__main__":
    sys.exit(main())
