"""The three samples, as material, as pages and as HTML; each is made once."""

from collections.abc import Callable

import pytest
from tests.report import sample

from folkways.report.html import to_html
from folkways.report.material import Material
from folkways.report.model import Page
from folkways.report.page import build

SAMPLES: dict[str, Callable[[], Material]] = {
    "simulated": sample.simulated,
    "public": sample.public,
    "short": sample.short,
}


@pytest.fixture(scope="session")
def materials() -> dict[str, Material]:
    return {name: make() for name, make in SAMPLES.items()}


@pytest.fixture(scope="session")
def pages(materials: dict[str, Material]) -> dict[str, Page]:
    return {name: build(material) for name, material in materials.items()}


@pytest.fixture(scope="session")
def htmls(pages: dict[str, Page]) -> dict[str, str]:
    return {name: to_html(page) for name, page in pages.items()}
