"""Prints how often attribution agrees with nDPI on labelled captures. ``make accuracy`` calls it.

Exit codes: 0 within the bounds, 1 below them, 2 if the folder is missing or not of the shape.
"""

import argparse
import sys
from pathlib import Path

from accuracy.attributed import attribute
from accuracy.captured import captured
from accuracy.judge import Judge
from accuracy.known_names import name_lines
from accuracy.report import Report
from accuracy.sections import judged
from folkways.attribute.catalogue import Catalogue
from folkways.attribute.snapshot import Snapshot
from folkways.model.errors import UserError


def main(arguments: list[str] | None = None) -> int:
    """Run all of it and print; the exit code."""
    parser = argparse.ArgumentParser(prog="accuracy", description=__doc__)
    parser.add_argument("--captures", type=Path, required=True, help="flow_labels.csv and pcap/")
    parser.add_argument("--reference", type=Path, help="a reference folder; none: no lists")
    parser.add_argument("--known", type=Path, help="folder of v2fly's and nDPI's lists of domains")
    options = parser.parse_args(arguments)
    known = options.known or options.captures.resolve().parent.parent / "reference"
    try:
        catalogue, snapshot = Catalogue.load(), Snapshot.load(options.reference)
        labels, matched = captured(options.captures)
    except UserError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    judge = Judge(catalogue)
    rows = judged(attribute(matched, catalogue, snapshot), judge)
    report = Report(judge, rows, labels.num_rows, matched.num_rows)
    names, names_hold = name_lines(options.captures, known, catalogue, matched)
    sys.stdout.write("\n".join([*report.lines(), "", *names]) + "\n")
    return 0 if report.holds and names_hold else 1


if __name__ == "__main__":
    sys.exit(main())
