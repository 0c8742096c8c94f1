"""Unknown sampling is not 1: sums that hold it beside scaled rows say so."""

from pathlib import Path

import pytest

from folkways.study import Study

DAY, NOON = "2020-01-02", 1_577_966_400
HEADER = (
    "TimeReceived,SamplingRate,ExporterAddress,SrcAddr,DstAddr,EType,Proto,SrcPort,DstPort,Bytes,"
    "Packets"
)


def sentences(folder: Path, rates: list[str]) -> tuple[str, int, int]:
    """What a summary says of the sampling, the bytes sent, and those that are not scaled."""
    population = folder / "population.toml"
    population.write_text(
        '[study]\nk = 1\npublic_data = true\n[[range]]\nprefix = "198.51.100.0/24"\n'
    )
    rows = [
        f"{NOON},{rate},192.0.2.1,198.51.100.7,203.0.113.9,2048,6,{5000 + n},443,1500,1"
        for n, rate in enumerate(rates)
    ]
    table = folder / "flows.csv"
    table.write_text("\n".join([HEADER, *rows, ""]))
    study = Study.create(folder / "study", population)
    study.ingest(str(table))
    answer = study.summary(f"{DAY}..{DAY}")
    seen = answer["coverage"]
    told = " ".join(s for s in seen["sentences"] if "sampled" in s)
    return told, answer["rows"][0]["bytes_out"], seen["unscaled_bytes"]


@pytest.mark.parametrize(
    ("rates", "says", "sent", "unscaled"),
    [
        (["100", "0", "0"], "3,000 bytes of use are theirs as observed", 153_000, 3_000),
        (["100", "1"], "Packets were sampled (1 in 100): bytes are estimates", 151_500, 0),
        (["0", "0"], "is not said by the sources; volumes are as observed", 3_000, 0),
        (["0", "1"], "is not said by the sources; volumes are as observed", 3_000, 0),
        (["1", "1"], "", 3_000, 0),
    ],
)
def test_a_sum_says_what_of_it_is_not_scaled(
    tmp_path: Path, rates: list[str], says: str, sent: int, unscaled: int
) -> None:
    # The day is not complete: what is said of sampling is said of all days, as sums are.
    told, bytes_out, left = sentences(tmp_path, rates)
    assert says in told
    assert bool(told) == bool(says)
    assert (bytes_out, left) == (sent, unscaled)
