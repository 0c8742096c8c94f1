# noqa: INP001  # a script's helper, not a package
"""The page on JSON: what each key means, checked against answers from real runs."""

import json
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import console

from folkways.measure.groups import GROUPS

ITEMS_SHOWN = 2
VOLATILE = {"population", "catalogue", "lists", "digest", "data", "ingested", "frozen"} | {
    "disk_bytes",
    "disk_free_bytes",
    "seconds",
}
TYPES = {dict: "object", list: "list", str: "text", bool: "true or false", type(None): "null"}

Keys = dict[str, str]


def sections(file: Path) -> Iterator[str]:
    """A section for each shape of the file: its keys, and a real answer.

    Raises:
        ValueError: an answer is not as the file says.
    """
    shapes = tomllib.loads(file.read_text(encoding="utf-8"))["shape"]
    with console.empty_folder():
        make_study()
        for shape in shapes:
            answer = _answer(shape)
            keys = dict(shape["keys"])
            for part, origin in shape.get("same", {}).items():
                keys |= _copied(shapes[0]["keys"], origin, part)
            check(answer, keys, shape["schema"])
            yield _section(shape, answer)


def make_study() -> None:
    """The simulated study two-days, as the folder ``my-study``."""
    console.run(["simulate", "two-days", "--into", "traffic"])
    for name in ("my-study", "new-study"):
        console.run(["init", name, "--population", "traffic/population.toml"])
    dates = ["--from", "2017-05-09", "--to", "2018-02-13"]
    for kind in ("asn", "country"):
        file = f"traffic/reference/{kind}-ipv4.csv"
        said = ["--kind", kind, "--source", "simulated"]
        console.run(["reference", "import", "my-study", file, *said, *dates])
    console.run(["ingest", "my-study", "traffic/round-1", "traffic/round-2"])
    console.run(["round", "my-study", "round-1", "--period", "2017-06-09..2017-06-10"])


def _answer(shape: dict[str, Any]) -> Any:
    if "file" in shape:
        return json.loads(Path(shape["file"]).read_text(encoding="utf-8"))
    return json.loads(console.run(shape["command"]))


def _copied(keys: Keys, origin: str, part: str) -> Keys:
    return {
        part + key.removeprefix(origin): told
        for key, told in keys.items()
        if key.startswith((f"{origin}.", f"{origin}["))
    }


def check(answer: Any, keys: Keys, where: str) -> None:
    """Refuse an answer with a key or a type that is not told, or without a key that is.

    Raises:
        ValueError: with the key.
    """
    seen: set[str] = set()
    empty: set[str] = set()
    for path, value in _walk(answer, "", keys):
        if path.endswith("[]") and isinstance(value, dict):
            continue  # An item of a list of objects: its keys are what is told.
        seen.add(path)
        kind, told = TYPES.get(type(value), "number"), keys.get(path, "nothing: ")
        if kind not in told.partition(": ")[0].replace("map", "object"):
            raise ValueError(f"{where}: {path} is {kind}, but told is {told}")
        if value == []:
            empty.add(f"{path}[]")
    for path in keys:
        if path not in seen and not path.startswith(tuple(empty)):
            raise ValueError(f"{where}: {path} is told, but not there")


def _walk(value: Any, path: str, keys: Keys) -> Iterator[tuple[str, Any]]:
    """Every value with its path, as the keys write it."""
    if path:
        yield path, value
    if isinstance(value, dict) and not keys.get(path, "").startswith("map"):
        for name, below in value.items():
            full = f"{path}.{name}" if path else name
            if full not in keys and name in GROUPS:
                full = f"{path}.{{group}}"
            yield from _walk(below, full, keys)
    elif isinstance(value, list):
        for below in value:
            yield from _walk(below, f"{path}[]", keys)


def _section(shape: dict[str, Any], answer: Any) -> str:
    rows = [
        f"| `{key}` | {' | '.join(told.split(': ', 1))} |" for key, told in shape["keys"].items()
    ]
    command = [f"`folkways {shlex.join(shape['command'])}`:\n"] if "command" in shape else []
    return "\n".join(
        [
            f"## {shape['title']}\n",
            f"{shape['about']} Schema: `{shape['schema']}`.\n",
            "| key | type | meaning |\n| --- | --- | --- |",
            *rows,
            "",
            *command,
            f"```json\n{json.dumps(_cut(answer), indent=1, ensure_ascii=False)}\n```\n",
        ]
    )


def _cut(value: Any, name: str = "") -> Any:
    """What an example shows of an answer: the same every time, and not long."""
    if isinstance(value, dict):
        return {key: _cut(below, key) for key, below in value.items()}
    if isinstance(value, list):
        return [_cut(below) for below in value[:ITEMS_SHOWN]]
    return "..." if name in VOLATILE else value
