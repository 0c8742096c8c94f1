"""Time and memory of a command in a process of its own, so that one run does not help the next.

A process inherits the largest resident size of the one that it was forked from. The command is
therefore started by a small process, which is this file run as a script.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Cost:
    """Seconds on the clock, seconds of both cores, and the largest resident size in MiB."""

    wall_s: float
    cpu_s: float
    resident_mib: float

    def __str__(self) -> str:
        return f"{self.wall_s:.1f} s, {self.cpu_s:.1f} CPU-s, {self.resident_mib:.0f} MiB"


def cost_of(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Cost:
    """Run a command to its end and say what it cost.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    told = subprocess.run(
        [sys.executable, __file__, *command],
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    return Cost(**json.loads(told))


def python(code: str, *arguments: str) -> list[str]:
    """The command that runs code with this interpreter."""
    return [sys.executable, "-c", code, *arguments]


def _measure(command: Sequence[str]) -> Cost:
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(process.returncode)
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


if __name__ == "__main__":
    print(json.dumps(asdict(_measure(sys.argv[1:]))))
