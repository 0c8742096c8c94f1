"""The file of limits: all there, each with a reason, and mistakes in it are told."""

from dataclasses import replace
from pathlib import Path

import pytest

from folkways.attribute.behaviour_limits import FILE, NEEDED, load_limits
from folkways.attribute.fields import CatalogueError


def test_limits_have_values_and_reasons(tmp_path: Path) -> None:
    limits = load_limits()
    assert set(limits.values) == NEEDED
    assert "avqs.mcafee.com" in limits.ordinary
    changed = replace(limits, values={**limits.values, "dns_names": 99})
    assert limits.digest == load_limits().digest != changed.digest
    text = FILE.read_text(encoding="utf-8")
    file = tmp_path / "behaviour.toml"
    for wrong, said in (
        (text.replace('id = "dns_names"', 'id = "dns_name"'), "dns_name"),
        (text.replace('id = "dns_names"', 'id = "dns_text"'), "twice"),
        (text.replace("value = 100\n", "value = 1.5\n"), "whole number"),
        (text.replace('"9.9.9.9"', '"9.9.9.x"'), "no address"),
        (text[: text.index('id = "dns_names"')].removesuffix("[[limit]]\n"), "no [[limit]] for"),
    ):
        file.write_text(wrong, encoding="utf-8")
        with pytest.raises(CatalogueError, match=r"behaviour\.toml") as error:
            load_limits(file)
        assert said in str(error.value)
