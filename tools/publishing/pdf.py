"""Print the whole book as one PDF, through Chromium, from the pages that `make book` built.

All pages are joined into one, in the order in which "next" leads through them, so that a link from
one chapter to another is a link within the file. It is printed twice: the first time to learn on
which page each chapter begins, the second time with those numbers in the contents.

Usage: python -m tools.publishing.pdf [FOLDER [PAGE ...]]     (such as _build/html book/01_perceptrons.html)
"""

import argparse
import io
import os
import shutil
import sys
from pathlib import Path
from urllib.parse import urldefrag

from bs4 import BeautifulSoup
from playwright.sync_api import sync_playwright
from pypdf import PdfReader

from tools import ROOT

HTML = ROOT / "_build" / "html"
FRONT = "book/index.html"
NAME = "neural-networks-measured.pdf"
MARGIN = {"top": "18mm", "bottom": "18mm", "left": "20mm", "right": "20mm"}
FOOTER = """<div style="width: 100%; font: 8pt sans-serif; text-align: center">
  <span class="pageNumber"></span></div>"""


def chromium():
    """Return the path of the Chromium that is installed, or None."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def launch(playwright):
    """Start that Chromium."""
    return playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])


def read(html, page):
    return BeautifulSoup((html / page).read_text(encoding="utf-8"), "html.parser")


def pages_in_order(html):
    """Return the pages, from the front page by the link "next", as paths within ``html``."""
    pages = [FRONT]
    while following := read(html, pages[-1]).select_one("a.right-next"):
        pages.append(resolve(pages[-1], following["href"]))
    return pages


def resolve(page, address):
    """Return where an address on a page leads, as a path within the site."""
    return os.path.normpath(Path(page).parent / address)


def join(html, pages):
    """Return one document: the head and the frame of the front page around all pages' text."""
    book = read(html, FRONT)
    # What is relative to the front page's folder stays so: the joined page stands in the same one.
    article = book.select_one("article")
    article.clear()
    for page in pages:
        soup = read(html, page)
        section = soup.select_one("article > section")
        section["class"] = ["printed-page"]
        for tag in section(id=True):
            tag["id"] = f"{page}:{tag['id']}"
        section["id"] = page
        for image in section("img", src=True):
            image["src"] = os.path.relpath(resolve(page, image["src"]), Path(FRONT).parent)
            image["loading"] = "eager"
        for link in section("a", href=True):
            retarget(link, page, pages)
        for fold in section("details"):
            fold["open"] = ""
        article.append(section)
    contents = book.new_tag("nav", attrs={"class": "contents"})
    article.find("section").append(contents)
    return book


def retarget(link, page, pages):
    """Let a link to another page of the book lead to its place in the file."""
    address, anchor = urldefrag(link["href"])
    if ":" in address:
        return
    target = resolve(page, address) if address else page
    if target in pages:
        link["href"] = f"#{target}:{anchor}" if anchor else f"#{target}"
    else:
        link.unwrap()  # a download, or a page that is of use only on a screen


def fill_contents(book, pages, numbers):
    """List the chapters, each with the number of its first page where that is known."""
    contents = book.select_one(".contents")
    contents.clear()
    heading = book.new_tag("h2")
    heading.string = "Contents"
    contents.append(heading)
    for page in pages:
        if page == FRONT:
            continue
        title = book.find(id=page).find("h1").get_text().rstrip("#")
        line = book.new_tag("a", href=f"#{page}")
        for text in (title, numbers.get(title, "")):
            part = book.new_tag("span")
            part.string = str(text)
            line.append(part)
        contents.append(line)


def first_pages(reader):
    """Return the number of the page on which each chapter begins, by its title."""
    tops = [entry for entry in reader.outline if not isinstance(entry, list)]
    return {entry.title.rstrip("#"): reader.get_destination_page_number(entry) + 1 for entry in tops}


def print_pages(browser, html, pages):
    """Return the PDF (bytes) of some pages of the site built in ``html``."""
    book = join(html, pages)
    # A page that is in no file, in the folder of the front page, from which its pictures are found.
    joined = (html / FRONT).with_name("printed.html").resolve().as_uri()
    tab = browser.new_page(color_scheme="light")
    tab.route(joined, lambda route: route.fulfill(body=str(book), content_type="text/html; charset=utf-8"))
    numbers = {}
    for _ in range(2):
        fill_contents(book, pages, numbers)
        tab.goto(joined, wait_until="load")
        pdf = tab.pdf(
            format="A4", margin=MARGIN, display_header_footer=True, header_template="<span></span>",
            footer_template=FOOTER, print_background=True, outline=True, tagged=True,
        )  # fmt: skip
        numbers = first_pages(PdfReader(io.BytesIO(pdf)))
    tab.close()
    return pdf


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("html", nargs="?", type=Path, default=HTML, help="the folder of the built site")
    parser.add_argument("pages", nargs="*", help="pages to print; all if none")
    options = parser.parse_args()
    if chromium() is None:
        sys.exit("No Chromium to print with: apt install chromium, or install Google Chrome.")
    with sync_playwright() as playwright:
        pdf = print_pages(launch(playwright), options.html, options.pages or pages_in_order(options.html))
    (options.html / NAME).write_bytes(pdf)
    print(f"{len(PdfReader(io.BytesIO(pdf)).pages)} pages: {options.html / NAME}")


if __name__ == "__main__":
    main()
