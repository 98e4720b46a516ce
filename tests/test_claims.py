"""Sentences that run: claims and what they print, the estimates they ask, and how text and claims are held together."""

import shutil
import sys

import nbformat
import numpy as np
import pytest
import torch
from justhtml import JustHTML
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from scipy.stats import binomtest
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

from browsing import needs_browser
from helpers import claims as running
from helpers.claims import claim, report
from helpers.validation import Estimate, Share, estimate, share
from tools import CLAIMS, ROOT
from tools.checking import claims as checking
from tools.checking.compare import Tolerance, differences
from tools.checking.prose import values_of
from tools.publishing.execute import FOLDED, clean


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch):
    monkeypatch.setattr(running, "_said", {})


# ---- helpers.claims

gap, slight, unsure = Estimate(2.0, 0.5, 100), Estimate(0.31, 0.1, 100), Estimate(-0.1, 0.2, 50)
gaps = {"Boston": gap, "diabetes": -unsure}


@pytest.mark.parametrize(
    "condition, line",
    [
        (lambda: gap > 0, "✓ gap = 2.00 ± 0.50 (n = 100)"),
        (lambda: slight > 0, "≈ slight = 0.31 ± 0.10 (n = 100)"),
        (lambda: not unsure > 0, "✓ unsure = -0.10 ± 0.20 (n = 50)"),
        (lambda: 0 < gap.mean < 3 and gap.n == 100, "✓ gap.mean = 2, gap.n = 100"),
        (lambda: gap.reading() == "higher", "✓ gap = 2.00 ± 0.50 (n = 100)"),
        (lambda: any(each > 0 for each in gaps.values()), "✓ 2.00 ± 0.50 (n = 100), 0.10 ± 0.20 (n = 50)"),
        (lambda: len(gaps) == 2, "✓ len(gaps) = 2"),
        (lambda: torch.tensor(0.25) < 1, "✓ torch.tensor(0.25) = 0.25"),
        (lambda: np.allclose([1.0], [1.0]), "✓ np.allclose([1.0], [1.0]) = True"),
    ],
)
def test_a_claim_that_holds_prints_what_was_measured(condition, line, capsys):
    claim("It is so", condition)
    assert capsys.readouterr().out == line + "\n"


@pytest.mark.parametrize(
    "condition, words",
    [
        (lambda: gap > 3, "“It is so” does not hold: gap > 3, but gap = 2.00 ± 0.50 (n = 100)"),
        (lambda: all(each > 0 for each in gaps.values()), "2.00 ± 0.50 (n = 100), 0.10 ± 0.20 (n = 50)"),
        (lambda: gap[0] > 3, "TypeError: 'Estimate' object is not subscriptable"),
        (lambda: gone > 3, "NameError: name 'gone' is not defined"),  # noqa: F821
        (lambda: torch.ones(2) > 0, "RuntimeError: Boolean value of Tensor"),
        (lambda: gap >= 0, "TypeError: an estimate is never known to be exactly a number: use > or <"),
    ],
)
def test_a_claim_that_falls_says_what_it_is_now(condition, words, capsys):
    claim("It is  so", condition)
    printed = capsys.readouterr().out
    assert (
        printed.startswith("✗ “It is so” does not hold: ") and words in printed and printed.count("\n") == 1
    )


def test_a_claim_sees_what_its_function_sees(capsys):
    def inside(local):
        claim("Local", lambda: local > 1)

    inside(2)
    assert capsys.readouterr().out == "✓ local = 2\n"


def test_asking_whether_it_is_close_leaves_the_rule_as_it_was(capsys):
    claim("Close", lambda: slight > 0)
    claim("Gone", lambda: gone > 0)  # noqa: F821
    assert Estimate.RULE == 3


@pytest.mark.parametrize(
    "words, condition, named",
    [("", lambda: True, "words"), (3, lambda: True, "words"), ("It is so", gap.mean > 0, "lambda: True")],
)
def test_claim_refuses(words, condition, named):
    with pytest.raises(TypeError, match=named):
        claim(words, condition)


def test_the_advice_of_a_refused_claim_works(capsys):
    with pytest.raises(TypeError) as refused:
        claim("It is so", gap > 0)
    advice = str(refused.value).split("claim(..., ")[1].split(")")[0]
    claim("It is so", eval(advice))
    assert capsys.readouterr().out.startswith("✓")


def test_report_counts_and_lists(capsys):
    report()
    assert capsys.readouterr().out.startswith("No sentence was checked")
    claim("One", lambda: gap > 0)
    claim("Two", lambda: gap > 1000)
    capsys.readouterr()
    report()
    first, second = capsys.readouterr().out.splitlines()
    assert first == "1 of 2 sentences of this chapter does not hold with your change:"
    assert second.startswith("✗ “Two” does not hold: gap > 1000")
    claim("Two", lambda: gap > 0.1)  # the reader has mended it, and run its cell again
    capsys.readouterr()
    report()
    assert capsys.readouterr().out == "All 2 sentences of this chapter that state a result hold.\n"


# ---- Estimate and Share


@pytest.mark.parametrize(
    "mean, se, same, reading",
    [
        (0.4, 0.1, 1, "same"), (0.4, 0.1, 0, "higher"), (-0.4, 0.1, 0, "lower"), (0.2, 0.1, 0, "unclear"),
        (2.0, 0.1, 1, "higher"), (-2.0, 0.1, 1, "lower"), (0.8, 0.1, 1, "higher"), (0.0, 1.0, 1, "unclear"),
    ],
)  # fmt: skip
def test_readings_come_in_the_book_s_order(mean, se, same, reading):
    assert Estimate(mean, se, 100).reading(same) == reading


def test_an_estimate_is_the_mean_with_its_standard_error():
    values = np.random.default_rng(0).normal(3, 2, 50)
    found = estimate(values)
    assert np.allclose([found.mean, found.se, found.n], [values.mean(), values.std(ddof=1) / 50**0.5, 50])
    # Nadeau and Bengio: 1/n becomes 1/n + test rows for each training row.
    assert np.isclose(estimate(values, new_rows=0.5).se, values.std(ddof=1) * (1 / 50 + 0.5) ** 0.5)
    assert estimate(torch.tensor(values)).se == pytest.approx(found.se)


@pytest.mark.parametrize("happened, n", [(0, 100), (3, 100), (15, 20), (100, 100), (1, 1)])
@pytest.mark.parametrize("errors", [1, 3])
def test_the_band_of_a_share_is_wilson_s(happened, n, errors):
    from scipy.stats import norm

    level = 1 - 2 * norm.sf(errors)
    expected = binomtest(happened, n).proportion_ci(confidence_level=level, method="wilson")
    found = share([True] * happened + [False] * (n - happened))
    assert isinstance(found, Share)
    assert found.band(errors) == pytest.approx((expected.low, expected.high), abs=1e-9)


@pytest.mark.parametrize(
    "number", [0.05, np.float64(0.05), np.float32(0.05), torch.tensor(0.05), np.array(0.05)]
)
def test_numbers_of_any_library_may_stand_on_either_side(number):
    for found in (Estimate(2.0, 0.5, 100), share([True] * 90 + [False] * 10)):
        assert found > number and not found < number
        assert number < found and not number > found


def test_the_advice_of_an_estimate_s_refusals_works():
    a, b = np.array([3.0, 4.0, 5.0]), np.array([1.0, 2.0, 2.9])
    with pytest.raises(TypeError, match=r"estimate\(a - b\) > 0"):
        estimate(a) > estimate(b)  # noqa: B015
    assert estimate(a - b) > 0
    with pytest.raises(TypeError, match="use > or <, not >= or <="):
        estimate(a) <= 3  # noqa: B015
    for values in ([1.0], [1.0, np.nan]):
        with pytest.raises(ValueError, match="values"):
            estimate(values)
    with pytest.raises(ValueError, match="errors < 5"):
        share(a)
    assert repr(share(a < 5)) == "67% ± 27% (n = 3)"


def test_a_share_of_none_is_never_surely_zero():
    assert not share([False] * 100) < 0.05 and share([False] * 1000) < 0.05
    assert not share([True] * 100) > 0.95 and share([True] * 1000) > 0.95


# ---- which sentences state a result


def stated(markdown):
    """Return the result sentences of a Markdown text."""
    return [found.text for found in checking.results(checking.blocks(markdown), lambda block: [], [])]


RESULTS = [
    "The error was higher with **dropout**.", "About a third of the {term}`networks <network>` died.",
    "It costs \\$4,310.", "Most of them arrive.", "The saying *holds*.", "It makes no difference that can be told from chance.",
    "Eight in ten found it.", "Twice as many rows.", "The rates are small, e.g. 0.003, of [SGD](x.md).", "- None of them moved.",
    "![The curve falls.](a.png)", "<img src='a.png' alt=\"Most lie at 3.\">", "```{image} a.png\n:alt: It rises.\n```",
    ":::{admonition} A warning\n:class: warning\nThe gap grows.\n:::",
    '<details class="quiz"><summary>x</summary>Wrong: it has <code>half</code> of the rows.</details>',
]  # fmt: skip
NO_RESULTS = [
    "Is it better?", "## Better than ten", "Try 300, or ten times more.", "Guess which one is better.",
    "**{term}`Dropout <dropout>`** sets half of the numbers to 0.", "They found a better one {cite:p}`a2020`.",
    "Such a step is called an epoch of 30 steps.", "**After this chapter you can** tell better from worse.",
    ":::{admonition} Guess first\n:class: tip\nOne is better.\n:::", "| better | worse |\n|---|---|\n| a | b |",
    ":::{admonition} Exercise 1.1\n:class: exercise\nIt is 30 times larger.\n:::",
    '<details class="quiz"><summary>It is better.</summary>Wrong: look again.</details>',
    "It runs in less than a minute on two processor cores.", "Here are the 500 networks:", "The cat sat.",
]  # fmt: skip


@pytest.mark.parametrize("markdown", RESULTS)
def test_a_sentence_that_states_a_result(markdown):
    assert len(stated(markdown)) == 1


@pytest.mark.parametrize("markdown", NO_RESULTS)
def test_a_sentence_that_states_none(markdown):
    assert stated(markdown) == []


def test_text_is_read_without_its_markup_and_cut_into_sentences():
    markdown = (
        "With **{term}`dropout <dropout>`** at `0.5`, cf. [chapter 2](x.md), the *error* was \\$3 higher. At $x^2 > 1$, "
        "i.e. 1e-7. It\nhelps! scikit-learn agrees (see below). “Does it?” and why.\n\n| a | b |\n|---|---|\n| **c** | 3 d |"
    )
    found = [block.text[a:b] for block in checking.blocks(markdown) for a, b in block.sentences]
    assert [text.replace(checking.DEFINED, "") for text in found] == [
        "With dropout at 0.5, cf. chapter 2, the error was $3 higher.", "At $x^2 > 1$, i.e. 1e-7.", "It helps!",
        "scikit-learn agrees (see below).", "“Does it?” and why.", "a | b", "c | 3 d",
    ]  # fmt: skip


def test_what_is_further_reading_or_a_figure_s_description():
    figure = new_code_cell("plot()", metadata={"mystnb": {"image": {"alt": "A curve that falls."}}})
    cells = [new_markdown_cell("## Further reading\n\n- A. Author has 30 pages."), figure]
    assert [block.kind for block in checking.blocks_of(new_notebook(cells=cells))] == [
        "heading",
        "reading",
        "",
    ]


# ---- the claims of a chapter


def claims_cell(*words, output=None):
    source = "\n".join(f"claim({text!r}, lambda: 2 > 1)" for text in words)
    printed = "✓ 2 > 1 = True\n" * len(words) if output is None else output
    cell = new_code_cell(source, outputs=[new_output("stream", text=printed)], execution_count=1)
    cell.metadata.tags = [CLAIMS]
    return cell


def chapter(*cells):
    """A notebook of Markdown texts and cells."""
    cells = [new_markdown_cell(cell) if isinstance(cell, str) else cell for cell in cells]
    return new_notebook(cells=cells)


TEXT = "The error was *higher* on both tables, by 30%. It grew with `n`."
HIGHER = "The error was higher on both tables, by 30%"


@pytest.fixture
def book(tmp_path, monkeypatch):
    """Write chapters and pages to a book of their own; returns what `count` finds there, by name."""

    def counted(notebooks, pages=None, excuses=None):
        shutil.rmtree(tmp_path / "book", ignore_errors=True)
        (tmp_path / "book").mkdir()
        for name, notebook in notebooks.items():
            nbformat.write(notebook, tmp_path / "book" / f"{name}.ipynb")
        for name, text in (pages or {}).items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        monkeypatch.setattr(checking, "PAGES", list(pages or {}))
        checking.chapters.cache_clear()
        return {found.name: found for found in checking.count(tmp_path, excuses or {})}

    yield counted
    checking.chapters.cache_clear()


def unclaimed(count):
    return [found.unclaimed for found in count.results if found.unclaimed]


def test_a_sentence_is_claimed_by_the_cell_below_or_above(book):
    assert unclaimed(book({"01_a": chapter(TEXT, claims_cell(HIGHER, "It grew with n."))})["01_a"]) == []
    assert unclaimed(book({"01_a": chapter(claims_cell(HIGHER), TEXT)})["01_a"]) == [("grew",)]
    between = [TEXT, claims_cell("Nothing else at all"), "Nothing else at all.", claims_cell(HIGHER)]
    found = book({"01_a": chapter(*between)})["01_a"]
    assert unclaimed(found) == [("grew",)] and found.errors == []


def test_every_trigger_must_lie_within_the_words(book):
    found = book({"01_a": chapter(TEXT, claims_cell("The error was higher on both tables"))})["01_a"]
    assert unclaimed(found) == [("30",), ("grew",)] and found.share == 0


def test_a_claim_must_stand_in_the_text_word_for_word(book):
    (error,) = book({"01_a": chapter(TEXT, claims_cell("The error was lower on both tables"))})["01_a"].errors
    assert "cell 1: no sentence beside it says “The error was lower on both tables”" in error
    far = chapter(TEXT, new_code_cell("x = 1"), "Else.", claims_cell(HIGHER))
    assert len(book({"01_a": far})["01_a"].errors) == 1


def test_a_figure_s_description_is_claimed_below_its_cell(book):
    figure = new_code_cell("plot()", metadata={"mystnb": {"image": {"alt": "One curve falls faster."}}})
    found = book({"01_a": chapter(figure, "Look at it.", claims_cell("One curve falls faster"))})["01_a"]
    assert unclaimed(found) == [] and len(found.claimed) == 1 and found.errors == []


def test_a_claim_may_be_quoted_anywhere_but_not_a_word_of_it(book):
    found = book(
        {
            "01_a": chapter(TEXT, claims_cell(HIGHER, "It grew with n.")),
            "02_b": chapter(f"- {HIGHER}, and more.", "It grew."),
        },
        {"README.md": f"**{HIGHER}**. It grew with `n`. It grew."},
    )
    assert unclaimed(found["02_b"]) == [("grew",)] and unclaimed(found["README.md"]) == [("grew",)]


@pytest.mark.parametrize(
    "cell, error",
    [
        (claims_cell(HIGHER, output="✗ “The error” does not hold\n"), "cell 1: ✗"),
        (claims_cell(HIGHER, output="≈ gap = 0.31 ± 0.10\n"), "cell 1: ≈"),
        (claims_cell(HIGHER, output="✓ 2 > 1\nloss\n"), "1 claims and 2 lines"),
        (claims_cell(HIGHER, output=""), "1 claims and 0 lines"),
        (claims_cell(HIGHER, HIGHER), "claimed twice"),
        (claims_cell("higher"), "too little"),
    ],
)
def test_a_fault_of_a_cell_of_claims_is_an_error(cell, error, book):
    assert error in " ".join(book({"01_a": chapter(TEXT, cell)})["01_a"].errors)


def test_words_are_plain_text_in_a_cell_with_its_tag():
    put_together = claims_cell("x")
    put_together.source = "claim(f'by {n} percent', lambda: n > 1)"
    with pytest.raises(ValueError, match="line 1: write the words of a claim as plain text"):
        checking.claims_of(chapter(TEXT, put_together))
    with pytest.raises(ValueError, match="cell 1: it claims, so tag it claims"):
        checking.claims_of(chapter(TEXT, new_code_cell(f"claim({HIGHER!r}, lambda: 2 > 1)")))


def test_an_excuse_needs_its_sentence_and_its_reason(book, tmp_path):
    excuses = {"01_a": [("by 30%", "history"), ("no such words", "history")], "05_gone": [("x", "history")]}
    found = book({"01_a": chapter(TEXT, claims_cell("It grew with n."))}, excuses=excuses)
    assert len(found["01_a"].excused) == 1 and found["01_a"].share == 100
    (idle,) = found["01_a"].errors
    assert "“no such words”" in idle and found["05_gone"].errors
    (tmp_path / "unclaimed.toml").write_text(
        '[["README.md"]]\nwords = "a"\nwhy = "too hard"\n', encoding="utf-8"
    )
    with pytest.raises(ValueError, match="begin the reason why “a” has no claim with one of"):
        checking.read_excuses(tmp_path / "unclaimed.toml")


def test_the_table_of_contributing_has_what_is_due(book):
    text = f"a\n{checking.BEGIN}\nold\n{checking.FINISH}\nb"
    bare, full = chapter(TEXT), chapter(TEXT, claims_cell(HIGHER))
    some = book({"01_a": full, "02_b": bare}, {"README.md": TEXT})
    assert [name for name, found in some.items() if found.is_due] == ["01_a"]
    written = checking.told(text, some.values())
    assert "| 01_a | 2 | 1 | 0 | 50.0% |" in written and "02_b" not in written and "old" not in written
    assert checking.told(written, some.values()) == written
    every = book({"01_a": full}, {"README.md": TEXT})
    assert every["README.md"].is_due and "README.md" in checking.told(text, every.values())
    assert "No chapter has claims yet" in checking.told(text, book({"01_a": bare}).values())


# ---- this book

COUNTS = {found.name: found for found in checking.count()}


@pytest.mark.parametrize("name", COUNTS)
def test_what_a_chapter_claims_holds_and_is_what_it_says(name):
    assert COUNTS[name].errors == []


@pytest.mark.parametrize("name", COUNTS)
def test_where_there_are_claims_nearly_every_result_has_one(name):
    found = COUNTS[name]
    assert not found.is_due or found.share >= checking.SHARE, "\n".join(
        f"cell {result.cell}: {result.text}: {', '.join(result.unclaimed)}" for result in found.open
    )


def test_the_shares_stand_in_contributing():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert checking.BEGIN in text and checking.told(text, COUNTS.values()) == text, (
        "python -m tools.checking.claims --write"
    )


# ---- in a notebook, in the comparison, and on a page


def test_claims_are_folded_in_a_notebook():
    notebook = chapter(TEXT, claims_cell(HIGHER), new_code_cell("x = 1"))
    clean(notebook)
    once = [dict(cell.metadata) for cell in notebook.cells]
    assert once[1:] == [FOLDED | {"tags": [CLAIMS]}, {}]
    clean(notebook)
    assert once == [dict(cell.metadata) for cell in notebook.cells]


def test_a_plain_number_of_a_claim_may_move_by_a_tenth_and_nothing_else():
    tolerance = Tolerance.of(claims_cell(HIGHER))
    assert differences("✓ loss = 0.500", "✓ loss = 0.545", tolerance) == []
    for now in ("✗ loss = 0.500", "✓ gain = 0.500", "✓ loss = 0.560"):
        assert differences("✓ loss = 0.500", now, tolerance)
    assert differences("✓ gap = 2.000 ± 0.010", "✓ gap = 2.030 ± 0.010", tolerance) == []
    assert differences("✓ gap = 2.000 ± 0.010", "✓ gap = 2.100 ± 0.010", tolerance)


def test_the_words_of_a_claim_are_no_source_of_the_text_s_numbers():
    cell = claims_cell("It fell by 77%", output="✓ gain = 0.31\n")
    assert values_of([cell]).tolist() == [0.31]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A small book, built as HTML and as EPUB: the folder that has both."""
    root = tmp_path_factory.mktemp("small")
    quiz = f'<details class="quiz"><summary>More</summary>Right: {HIGHER}, &amp; it grew.</details>'
    last = new_code_cell(
        "report()", outputs=[new_output("stream", text="All 3 hold.\n")], metadata={"tags": [CLAIMS]}
    )
    table = "| what | share |\n|---|---|\n| loss | 3 *times* |"
    first = chapter(
        "# A\n\n" + TEXT.replace("tables,", "[tables](https://x.org),").replace("both", "**both**"),
        claims_cell(HIGHER, "It grew with n."), table, claims_cell("loss | 3 times"),
        f"## Summary\n\n- {HIGHER}: so it is.\n- It grew with `n`, and with m.\n\n{quiz}", last,
    )  # fmt: skip
    clean(first)
    (root / "book").mkdir()
    nbformat.write(first, root / "book" / "01_a.ipynb")
    (root / "book" / "index.md").write_text(
        f"# Front\n\n```{{toctree}}\n01_a\n```\n\n*{HIGHER}*. It grew.", encoding="utf-8"
    )
    sys.path.insert(0, str(ROOT / "book" / "_ext"))
    try:
        for builder in ("html", "epub"):
            options = {
                "extensions": ["myst_nb", "claims", "sections"], "root_doc": "book/index", "version": "1",
                "nb_execution_mode": "off", "include_patterns": ["book/*"], "epub_copyright": "2026", "suppress_warnings": ["epub.unknown_project_files"],
                "html_static_path": [str(ROOT / "book/_static")], "html_css_files": ["book.css"],
            }  # fmt: skip
            with docutils_namespace():
                Sphinx(
                    root, None, root / builder, root / "doctrees", builder, status=None, warningiserror=True,
                    confoverrides=options,
                ).build()  # fmt: skip
    finally:
        sys.path.remove(str(ROOT / "book" / "_ext"))
        checking.chapters.cache_clear()
    return root


@pytest.fixture(scope="module")
def pages(small):
    """Its pages, as {builder: {name: text}}."""
    return {
        builder: {
            path.relative_to(small / builder).as_posix(): path.read_text(encoding="utf-8")
            for path in (small / builder).rglob("*.*") if path.suffix in (".html", ".xhtml", ".js")
        }
        for builder in ("html", "epub")
    }  # fmt: skip


def test_a_mark_follows_each_claimed_sentence(pages):
    page = pages["html"]["book/01_a.html"]
    document = JustHTML(page, sanitize=False)
    marks = document.query("button.claim")
    boxes = {box.attrs["id"]: " ".join(box.to_text().split()) for box in document.query("[popover]")}
    assert list(boxes) == ["claim-1-box", "claim-2-box", "claim-3-box"]
    assert "2 > 1" in boxes["claim-1-box"] and "claim(" not in page
    # Each sentence where it stands, in the summary and in the quiz; the anchors once.
    opened = [mark.attrs["popovertarget"] for mark in marks]
    assert opened == [f"claim-{i}-box" for i in (1, 2, 3, 1, 2, 1)]
    assert [mark.attrs["id"] for mark in marks if "id" in mark.attrs] == ["claim-1", "claim-2", "claim-3"]
    assert all(mark.attrs["aria-label"] == "How this sentence is checked" for mark in marks)


@pytest.mark.parametrize(
    "before, after",
    [("by 30%.", " It grew"), ("</span></code>.", "</p>"), ("<em>times</em>", "</p>"), ("by 30%:", " so it is"),
     ("</code>,", " and with m"), ("by 30%,", " &amp; it grew")],
)  # fmt: skip
def test_a_mark_stands_behind_the_words_and_their_full_stop(before, after, pages):
    marks = JustHTML(pages["html"]["book/01_a.html"], sanitize=False).query("button.claim")
    assert marks
    page = pages["html"]["book/01_a.html"]
    at = [i for i in range(len(page)) if page.startswith('<button class="claim"', i)]
    assert any(page[:i].endswith(before) and page[i:].partition("</button>")[2].startswith(after) for i in at)


def test_another_page_s_mark_leads_to_the_sentence(pages):
    links = JustHTML(pages["html"]["book/index.html"], sanitize=False).query("a.claim")
    assert [link.attrs["href"] for link in links] == ["../book/01_a.html#claim-1"]


def test_the_report_stays_without_its_code(pages):
    page = pages["html"]["book/01_a.html"]
    assert "All 3 hold." in page and "report" not in page


def test_search_reads_no_box(pages):
    assert (
        "Measured" not in pages["html"]["_static/sections.js"]
        and "It grew" in pages["html"]["_static/sections.js"]
    )


def test_in_an_epub_nothing_of_it_is_left(pages):
    page = pages["epub"]["book/01_a.xhtml"]
    assert "by 30%." in page and "2 > 1" not in page and "claim-1" not in page and "All 3 hold." in page


@needs_browser
@pytest.mark.parametrize("width", [390, 1280])
def test_a_mark_opens_its_check_without_scripts(width, browser, small):
    viewport = {"width": width, "height": 800}
    page = browser.new_context(java_script_enabled=False, viewport=viewport).new_page()
    page.goto((small / "html/book/01_a.html").as_uri())
    box, mark = (
        page.locator("#claim-2-box"),
        page.get_by_role("button", name="How this sentence is checked").nth(1),
    )
    assert box.is_hidden()
    place = mark.bounding_box()
    assert place["width"] >= 24 and place["height"] >= 24  # what a finger needs
    mark.focus()
    page.keyboard.press("Enter")
    assert box.is_visible() and "2 > 1" in box.inner_text() and "Measured" in box.inner_text()
    seen = box.bounding_box()
    assert seen["x"] >= 0 and seen["x"] + seen["width"] <= width and seen["y"] + seen["height"] <= 800
    page.keyboard.press("Escape")
    assert box.is_hidden()
    mark.click()
    assert box.is_visible()
    page.emulate_media(media="print")
    assert box.is_hidden() and mark.is_hidden()
    page.emulate_media(media="screen")
    page.goto((small / "html/book/index.html").as_uri())
    page.get_by_role("link", name="How this sentence is checked").click()
    assert page.url.endswith("book/01_a.html#claim-1")
    page.context.close()
