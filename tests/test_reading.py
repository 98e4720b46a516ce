"""What a reader does with the site in Chromium: search, switch, go on, copy, play, print."""

import io
import math
import re
from unicodedata import normalize
from urllib.parse import quote

import numpy as np
import pytest
import torch
from pypdf import PdfReader

from browsing import CHAPTERS, Tab, needs_browser
from tools.publishing import pdf


@needs_browser
@pytest.mark.parametrize("name", [*CHAPTERS[:1], "book/index.html"])
def test_a_page_works_as_a_file(browser, site, name):
    tab = Tab(browser, site.as_uri())
    tab.open(name)
    tab.page.context.close()
    assert not tab.faults


@needs_browser
@pytest.mark.parametrize("served", [True, False], ids=["served", "as files"])
def test_search_leads_to_sections(browser, site, address, served):
    """By words, the book's own and Korean ones, by messages of errors, and in spite of a slip."""
    tab = Tab(browser, address if served else site.as_uri())
    for query, words, section in [
        ("dropout", "", "glossary.html#term-dropout"),
        ("dropout", "", "03_house_prices.html#does-dropout-0-5-help-here"),
        ("what is a tensor", "", "glossary.html#term-tensor"),
        ("mat1 and mat2 shapes", "", "01_perceptrons.html#the-shape-of-the-data"),
        ("loss is nan", "", "06_optimizers.html#error-a-learning-rate-that-is-too-large"),
        ("역전파", "", "glossary.html#term-backpropagation"),
        ("역전파를", "", "glossary.html#term-backpropagation"),
        ("dropuot", "Nothing has “dropuot”. The nearest words: dropout.", "glossary.html#term-dropout"),
        ("kaimng", "nearest words: kaiming", "glossary.html#term-Kaiming-initialisation"),
    ]:
        page = tab.open(f"search.html?q={quote(query)}")
        page.wait_for_selector("#search-results li a")
        found = page.eval_on_selector_all("#search-results li a", "links => links.map((link) => link.href)")
        assert any(link.endswith(section) for link in found[:4]), (query, found[:4])
        assert words in page.locator("#search-results").inner_text()
    meaning = page.locator("#search-results li", has=page.locator("a[href$='term-Kaiming-initialisation']"))
    assert "Random starting weights" in meaning.inner_text()
    tab.open("search.html?q=xyzzyqq").wait_for_selector("text=Nothing in this book is like “xyzzyqq”.")
    page.context.close()
    assert not tab.faults


@needs_browser
def test_the_theme_switches_and_is_remembered(browser, address):
    tab = Tab(browser, address)  # of its own: another test would meet the dark theme
    page = tab.open("book/index.html")
    seen = []
    for _ in range(3):
        page.locator(".theme-switch-button:visible").click()
        seen.append(page.evaluate("document.documentElement.dataset.mode"))
    assert sorted(seen) == ["auto", "dark", "light"]
    while page.evaluate("document.documentElement.dataset.mode") != "dark":
        page.locator(".theme-switch-button:visible").click()
    tab.open("book/reference/speed.html")
    remembered = page.evaluate("document.documentElement.dataset.theme")
    page.context.close()
    assert remembered == "dark" and not tab.faults


@needs_browser
def test_next_and_previous_turn_the_page(tab):
    page = tab.open(CHAPTERS[-2])
    page.locator("a.right-next").click()
    assert page.url.endswith(CHAPTERS[-1])
    page.locator("a.left-prev").click()
    assert page.url.endswith(CHAPTERS[-2])


@needs_browser
def test_copy_takes_the_code(tab):
    page = tab.open(CHAPTERS[0])
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    cell = page.locator("div.highlight:visible").first
    cell.hover()
    cell.locator("button.copybtn").click()
    assert page.evaluate("navigator.clipboard.readText()") == cell.locator("pre").inner_text().rstrip("\n")


@needs_browser
def test_a_word_shows_what_it_means(browser, address):
    """To a mouse, to the keyboard, and to a finger, whose second tap follows the link."""
    tab = Tab(browser, address, has_touch=True, viewport={"width": 390, "height": 844})
    page = tab.open(CHAPTERS[0])
    word, meaning = page.locator("a[href$='glossary.html#term-neuron']").first, page.get_by_role("tooltip")
    word.hover()
    assert meaning.inner_text().startswith("neuron") and "weight" in meaning.inner_text()
    box = meaning.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 390
    page.keyboard.press("Escape")
    assert meaning.is_hidden()
    page.keyboard.press("Tab")  # so that what has the focus next has it from the keyboard
    word.focus()
    assert meaning.is_visible() and word.get_attribute("aria-describedby") == meaning.get_attribute("id")
    page.keyboard.press("Escape")
    word.tap()
    assert meaning.is_visible() and page.url.endswith(CHAPTERS[0])
    word.tap()
    page.wait_for_url("**/glossary.html#term-neuron")
    page.context.close()
    assert not tab.faults


@needs_browser
def test_the_drawer_closes_over_the_chosen_section(browser, address):
    tab = Tab(browser, address, viewport={"width": 390, "height": 844})
    page = tab.open(CHAPTERS[1])
    page.locator("button.secondary-toggle").click()
    link = page.locator("dialog[open] a[href^='#']").nth(5)
    section = link.get_attribute("href")
    link.click()
    assert page.locator("dialog[open]").count() == 0
    page.wait_for_function(f"Math.abs(document.querySelector('{section}').getBoundingClientRect().top) < 200")
    page.context.close()


@needs_browser
def test_what_is_typed_stands_clear_of_the_magnifier(tab):
    for name, place in (("search.html", ".bd-search-container"), (CHAPTERS[0], "#pst-search-dialog")):
        page = tab.open(name)
        page.keyboard.press("Control+k")
        field, glass = (page.locator(f"{place} {part}").first for part in ("input", "i"))
        padding = field.evaluate("field => parseFloat(getComputedStyle(field).paddingLeft)")
        assert field.bounding_box()["x"] + padding > glass.bounding_box()["x"] + glass.bounding_box()["width"]
    page.keyboard.press("Escape")


@needs_browser
@pytest.mark.parametrize("name", CHAPTERS)
def test_a_link_into_a_page_leads_there_and_back(tab, name):
    """To each section of a chapter; what loads later, pictures for one, moves nothing."""
    page = tab.open(name)
    sections = page.evaluate("[...document.querySelectorAll('article section section[id]')].map((s) => s.id)")
    # At the top of the window, or as near as the end of the page lets it come.
    there_is = (
        "Math.abs(document.getElementById(decodeURIComponent(location.hash.slice(1))).getBoundingClientRect().top) < 150"
        " || scrollY + innerHeight > document.documentElement.scrollHeight - 2"
    )
    assert sections
    for section in sections:
        page.evaluate(f"location.hash = '{section}'")
        assert page.evaluate(there_is), section
    middle = sections[len(sections) // 2]
    fresh = Tab(page.context.browser, tab.home)  # who has not been on the page before
    fresh.open(f"{name}#{middle}")
    for again in (
        fresh.page.reload,
        lambda: (fresh.open("book/reference/errata.html"), fresh.page.go_back()),
    ):
        fresh.page.wait_for_timeout(100)
        assert fresh.page.evaluate(there_is), middle
        again()
    assert fresh.page.evaluate(there_is), middle
    fresh.page.context.close()


@needs_browser
@pytest.mark.parametrize("name", CHAPTERS)
def test_no_code_is_cut_off_on_a_phone(tab, name):
    page = tab.open(name)
    page.set_viewport_size({"width": 390, "height": 844})
    cut = page.evaluate(
        "[...document.querySelectorAll('.cell_input pre')].filter((e) => e.scrollWidth > e.clientWidth).length"
    )
    page.set_viewport_size({"width": 1280, "height": 720})
    assert cut == 0


@needs_browser
def test_a_scale_of_colours_stays_as_it_is_in_the_dark(tab):
    page = tab.open("book/08_inside_a_model.html")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    look = "(all) => all.map((e) => getComputedStyle(e).filter)"
    scaled = page.locator(".tag_colour-scale .cell_output img").evaluate_all(look)
    others = page.locator(".cell:not(.tag_colour-scale) .cell_output img").evaluate_all(look)
    assert set(scaled) == {"none"} and all("invert" in each for each in others) and others


@needs_browser
def test_the_keyboard_sees_where_it_is(tab):
    page = tab.open(CHAPTERS[0])
    for _ in range(60):
        page.keyboard.press("Tab")
        seen = page.evaluate(
            "() => { const s = getComputedStyle(document.activeElement);"
            " return [document.activeElement.outerHTML.slice(0, 80),"
            " s.outlineStyle !== 'none' && s.outlineWidth !== '0px' || /[1-9]\\d*px/.test(s.boxShadow)]; }"
        )
        assert seen[1], seen[0]


# ---- figures to play with


def setting(page, figure, **values):
    """Set the controls of a figure and return what it says."""
    for name, value in values.items():
        control = page.locator(f"#play-{figure}-{name}")
        if isinstance(value, str):
            control.select_option(value)
        else:
            control.fill(str(value))
    return page.locator(f"[data-play={figure}] output").inner_text().replace("−", "-")


@needs_browser
def test_play_neuron(tab):
    page = tab.open("book/01_perceptrons.html")
    points = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    tasks = {"AND": [0, 0, 0, 1], "OR": [0, 1, 1, 1], "XOR": [0, 1, 1, 0]}
    for w1, w2, b in ((1, 1, -1.5), (1, 1, -1), (-2, 1.25, 0.5), (0, 0, 0)):
        setting(page, "neuron", w1=w1, w2=w2, b=b)
        fires = points @ torch.tensor([w1, w2], dtype=torch.float32) + b > 0
        for task, y in tasks.items():
            right = (fires == torch.tensor(y)).sum()
            assert f"{right} of 4 right for {task}" in setting(page, "neuron", task=task)


@needs_browser
def test_play_activation_and_temperature(tab):
    page = tab.open("book/04_activations.html")
    for name, a, x in (("LeakyReLU", 0.25, -2), ("LeakyReLU", 0, 3), ("ELU", 1.5, -0.5), ("ELU", 0.1, 1)):
        at = torch.tensor(float(x), requires_grad=True)
        function = {"LeakyReLU": torch.nn.LeakyReLU(a), "ELU": torch.nn.ELU(a)}[name]
        function(at).backward()
        said = setting(page, "activation", name=name, a=a, x=x)
        assert said.endswith(f"= {function(at).item():.3f}, and its slope there is {at.grad.item():.3f}.")
    for exponent in (-1, 0, 0.5, 2):
        T = float(f"{10**exponent:.2g}")
        p = torch.softmax(torch.tensor([2.0, 1.0, -1.0]) / T, dim=0)
        assert ", ".join(f"{x:.3f}" for x in p) in setting(page, "temperature", T=exponent)


@needs_browser
def test_play_threshold(tab):
    page = tab.open("book/05_losses.html")
    for cut, eights in ((0, 100), (-1.25, 50), (2, 500), (-5, 300)):
        n = np.array([1000 - eights, eights])
        shares = [(np.arange(k) + 0.5) / k for k in n]
        z = np.concatenate([c + 0.8 * np.log(p / (1 - p)) for p, c in zip(shares, (-2, 1))])
        t, called = np.repeat([False, True], n), z > cut
        said = setting(page, "threshold", cut=cut, eights=eights)
        recall, precision = (called & t).sum() / t.sum(), (called & t).sum() / called.sum()
        assert said == f"Recall {recall:.3f}, precision {precision:.3f}, accuracy {(called == t).mean():.3f}."


@needs_browser
def test_play_valley(tab):
    page = tab.open("book/06_optimizers.html")
    for exponent, mu in ((-3, 0), (-3.5, 0.9), (-4, 0.99)):
        w = torch.nn.Parameter(torch.tensor([-1.0, 2.0], dtype=torch.float64))
        optimizer = torch.optim.SGD([w], lr=float(f"{10**exponent:.2g}"), momentum=mu)
        for _ in range(300):
            optimizer.zero_grad()
            loss = (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2
            loss.backward()
            optimizer.step()
        said = setting(page, "valley", lr=exponent, mu=mu)
        assert said.startswith(f"After 300 steps: w = ({w[0]:.3f}, {w[1]:.3f})"), (exponent, mu)
    assert "diverges" in setting(page, "valley", lr=-2, mu=0)


@needs_browser
@pytest.mark.parametrize("name", [page for page in CHAPTERS if page[5:7] in ("01", "04", "05", "06")])
def test_figures_answer_to_the_keyboard(tab, name):
    page = tab.open(name)
    figures = page.locator(".play").all()
    assert figures
    for figure in figures:
        for slider in figure.locator("input").all():
            before, place = figure.locator("output").inner_text(), float(slider.input_value())
            slider.focus()
            for _ in range(4):
                page.keyboard.press("ArrowRight")
            step = float(slider.get_attribute("step"))
            assert math.isclose(float(slider.input_value()), place + 4 * step, abs_tol=1e-9)
            assert slider.get_attribute("aria-valuetext")
            assert figure.locator("output").inner_text() != before or slider.get_attribute("name") == "b"


@needs_browser
def test_without_scripts_a_sentence_stands_for_a_figure(browser, address):
    tab = Tab(browser, address, java_script_enabled=False)
    said = tab.open("book/06_optimizers.html").locator(".play").text_content()
    tab.page.context.close()
    assert "In a notebook" in said and not tab.faults


# ---- on paper


@needs_browser
def test_the_book_prints(browser, site):
    name = "book/09_folklore.html"
    printed = PdfReader(io.BytesIO(pdf.print_pages(browser, site, [pdf.FRONT, name])))
    chapter = pdf.read(site, name).select_one("article")
    title = chapter.find("h1").get_text().rstrip("#")
    begins = pdf.first_pages(printed)[title]
    pages = [page.extract_text() for page in printed.pages]
    assert pages[begins - 1].strip().startswith(title)
    assert re.search(rf"Contents\s+{re.escape(title)}\s+{begins}\b", "".join(pages[: begins - 1]))
    words = normalize("NFKC", " ".join(" ".join(pages).split()))  # without ligatures
    assert all(heading.get_text().rstrip("#") in words for heading in chapter("h2"))
    for of_a_screen in ("Download this notebook", "Show code cell source"):
        assert of_a_screen in chapter.get_text() and of_a_screen not in words
    pictures = [len(page["/Resources"].get("/XObject", {})) for page in printed.pages]
    assert sum(pictures[: begins - 1]) == len(pdf.read(site, pdf.FRONT).select("article img")) > 1
    assert sum(pictures[begins - 1 :]) == len(chapter("img")) > 1


@needs_browser
def test_a_dark_page_prints_light(tab):
    page = tab.open("book/reference/speed.html")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    look = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(look)
    page.evaluate(f"addEventListener('beforeprint', () => {{ window.printed = {look}; }})")
    page.pdf()
    assert page.evaluate("printed") == "rgb(255, 255, 255)" != dark == page.evaluate(look)
