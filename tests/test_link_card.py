"""What a link to a page looks like on a social network, and in a search engine's list."""

import re
import subprocess
import sys

import pytest
from PIL import Image

from tools import ROOT


@pytest.fixture
def tags(tmp_path):
    """Build a book of one page and return what its head says, by name; its folder is ``tags.folder``."""
    (tmp_path / "index.rst").write_text("Losses\n======\n\nHow *wrong* are they, all in all?\n", "utf-8")
    (tmp_path / "book" / "_generated").mkdir(parents=True)
    Image.new("RGB", (800, 400)).save(tmp_path / "book" / "_generated" / "03_house_prices.png")

    def build(**settings):
        options = [f"-D{name}={value}" for name, value in {"html_title": "Book", **settings}.items()]
        subprocess.run(
            [sys.executable, "-m", "sphinx", "-qWC", "-Dextensions=link_card", *options, tmp_path, tmp_path / "html"],
            cwd=ROOT / "book" / "_ext", check=True,
        )  # fmt: skip
        page = (tmp_path / "html" / "index.html").read_text(encoding="utf-8")
        return dict(re.findall(r'<meta (?:name|property)="([\w:]+)" content="(.*?)" ?/?>', page))

    build.folder = tmp_path / "html"
    return build


def test_a_page_is_described_and_pictured_by_its_whole_address(tags):
    found = tags(html_baseurl="https://ann.github.io/book/")
    assert (found["og:title"], found["og:site_name"]) == ("Losses", "Book")
    assert found["og:description"] == found["description"] == "How wrong are they, all in all?"
    assert found["og:url"] == "https://ann.github.io/book/index.html"
    folder, _, picture = found["og:image"].partition("https://ann.github.io/book/")
    assert not folder and (tags.folder / picture).exists() and found["og:image:alt"]
    assert found["twitter:card"] == "summary_large_image"


def test_where_the_address_is_not_known_no_half_one_is_given(tags):
    found = tags()
    assert found["og:title"] and found["description"]
    assert "og:url" not in found and "og:image" not in found and "twitter:card" not in found
