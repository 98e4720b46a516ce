"""Which sentences of the text state a result, and does a claim that runs stand behind each?

A chapter's claims are calls of ``helpers.claims.claim`` in cells tagged ``claims``. Such a cell stands below the
Markdown cell (or cells, or figure with its description) that it is about, or directly above it. A sentence states
a result if it has a *trigger*: a number, a number word, a comparison or a verdict. It is claimed if each of its
triggers lies within words claimed beside it, or within words claimed anywhere in the book, which it then quotes. A
few are excused, in ``unclaimed.toml``, each with its reason.

Usage: python -m tools.checking.claims [--list] [--write] [CHAPTER or page ...]     (such as 02, or README)
"""

import argparse
import ast
import functools
import html
import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import nbformat
from markdown_it.renderer import RendererHTML
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.mdit import create_md_parser

from tools import CLAIMS, ROOT
from tools.checking.prose import SKIP, quantities
from tools.publishing.execute import notebooks

PAGES = ["README.md", "book/index.md", "book/reference/teaching.md"]
EXCUSES = Path(__file__).with_name("unclaimed.toml")
# Why a sentence may go without a claim: no run of the book could show it, or it is none of a run's business.
KINDS = ("history", "definition", "notation", "advice", "arithmetic", "literature", "example")
FEWEST = 3  # words of a claim, if its sentence has more
QUOTED = 4  # words that a quotation has at least: fewer could be anybody's
# Between these lines of CONTRIBUTING.md stands the table that --write writes.
BEGIN, FINISH = (
    "<!-- shares of claimed sentences: python -m tools.checking.claims --write -->",
    "<!-- end of shares -->",
)
SHARE = 98  # percent of a chapter's result sentences that must be claimed

CITED, DEFINED = "[cited]", "\ue000"
SAME_LETTER = str.maketrans({"“": '"', "”": '"', "’": "'", "‘": "'", "\xa0": " ", "−": "-", "–": "-"})

COUNT = (
    r"(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|twenty|thirty|forty|fifty|"
    r"sixty|seventy|eighty|ninety|(?:a |one )?(?:hundred|thousand|million)s?)"
)
MANY = COUNT.replace("two|three|", "")  # "two lines" are seldom a result
SIZE = r"(?:percent|per cent|percentage points?|points|dollars?|thousand|hundred|times|standard errors?|epochs?|steps?)"
THING = (
    r"(?:rows?|networks?|models?|runs?|splits?|seeds?|parameters?|neurons?|layers?|folds?|tables?|sayings?|lines?|"
    r"numbers?|bits?|classes|digits|images|patients|houses|columns|features)"
)
# What makes a sentence one that states a result, besides numbers in digits.
TRIGGERS = {
    "number word": [
        r"(?:an?|one|two|three|four|five|nine|\d+)[ -](?:half|halves|thirds?|quarters?|fifths?|sixths?|sevenths?|"
        r"eighths?|ninths?|tenths?|hundredths?|thousandths?|millionths?|ten-millionths?)(?! of an? (?:hour|minute|century))",
        r"half(?! an? (?:hour|minute|century))", r"halves", r"halved", r"twice", r"doubles?d?", r"triples?d?",
        rf"{COUNT}-?fold(?! cross| run| valid)", rf"{COUNT} in (?:a )?{COUNT}",
        rf"(?:{COUNT}|one|a few|several|some)[ -]{SIZE}", rf"{MANY}(?: [a-z]+)? {THING}", rf"{COUNT} (?:out )?of",
        r"dozens?", r"a handful", rf"all (?:{COUNT})", r"(?:one|once) in", r"every (?:answer|run|one|network|point|row|time)",
        r"most(?= of|ly| \w+s\b)", r"mostly", r"none(?= of| at all|$|[.,;])", r"(?:nearly|almost|not|hardly) (?:all|any|every|none)",
        r"all of (?:them|these|those)", r"nobody", r"no (?:one|single)", r"majority", r"minority", r"(?:a )?few of",
        r"in (?:every|each|no|all) (?:case|run|split|table)s?", r"nearly nothing", r"next to nothing",
    ],
    "comparison": [
        r"(?:much |far |a little |slightly )?(?:higher|lower|better|worse|larger|smaller|bigger|faster|slower|fewer|"
        r"steeper|flatter|wider|narrower|stronger|weaker|cheaper|harder|easier|milder|sharper|smoother|noisier|"
        r"safer|poorer|richer|quicker|sooner|rougher|looser|tighter|cleaner|more accurate|closer|nearer)",
        r"(?:easiest|hardest|best|worst|largest|smallest|highest|lowest|fastest|slowest|steepest|longest|shortest|closest|nearest)",
        r"(?:longer|shorter|deeper|shallower|earlier|later|further|farther|less|more|other|rather) than(?! (?:that|this|usual)\b)",
        r"than", r"equally", r"equals?", r"identical(?:ly)?", r"alike",
        r"the same(?= (?:as|for|in|on|error|result|value|number|answer|line|loss|score|for)s?\b|[.,;:]|$)",
        r"(?:as|so) \w+ as", r"beyond", r"at (?:least|most)", r"no more", r"(?:above|below) (?:it|zero|one)",
    ],
    "verdict": [
        r"holds?(?! (?:a|the|out|in|one|them|its|it|all|that|\d))", r"held", r"depends?(?! on (?:a|the) (?:file|package))",
        r"undecided", r"slowly", r"quickly", r"nowhere near", r"climbs?(?:ed)?", r"noisy", r"no error", r"ignores?", r"complains?", r"much of", r"moves? (?:nothing|by)", r"nothing moves",r"unclear", r"decided(?:ly)?", r"beats?", r"beaten", r"wins?", r"won", r"loses?", r"lost",
        r"help(?:s|ed)?", r"hurts?", r"harm(?:s|ed|less|ful)?", r"improve[sd]?", r"improvement", r"ruins?(?:ed)?",
        r"fails?(?:ed)?", r"falls?", r"fell", r"rises?", r"rose", r"grows?", r"grew(?! out)", r"grown", r"shrinks?", r"shrank",
        r"gain(?:s|ed)?", r"costs?", r"kill(?:s|ed)?", r"dies?", r"died", r"dead", r"stuck", r"vanish(?:es|ed)?", r"explodes?d?",
        r"diverges?d?", r"converges?d?", r"agrees?d?", r"disagree[sd]?", r"differs?", r"differed", r"differences?",
        r"changes? (?:nothing|little|the (?:error|result|verdict))", r"nothing (?:changes|is gained)",
        r"no (?:difference|effect|gain|help|harm|change|reason|sign)", r"cannot (?:be told|tell|learn|train|express)", r"can't tell",
        r"by chance", r"told (?:apart|from)", r"measured", r"overfits?", r"overfitted", r"underfits?", r"suffers?",
        r"suffices?", r"enough", r"too (?:much|many|little|few|large|small|high|low|long|short|late|early|good)",
        r"matters?", r"dominates?d?", r"drowns?", r"saves?d?", r"wastes?d?", r"recovers?(?:ed)?", r"catch(?:es)? up", r"caught up",
        r"outperform(?:s|ed)?", r"always", r"never", r"surely", r"exactly", r"useless", r"perfect(?:ly)?", r"stays?(?:ed)?",
        r"doubt", r"likely", r"contradict(?:s|ed)?", r"supports?(?:ed)?", r"overlap(?:s|ped)?", r"flat", r"steep",
        r"drops?(?:ped)?", r"increases?d?", r"decreases?d?", r"reduces?d?", r"reach(?:es|ed)?", r"survives?d?",
    ],
}  # fmt: skip
WORDS = re.compile(
    "|".join(rf"(?:{pattern})" for patterns in TRIGGERS.values() for pattern in patterns).join(
        (r"(?<![\w.`_/-])(?:", r")(?![\w(_=`]|-\w)")
    ),
    re.IGNORECASE,
)
# Phrases in which such a word says nothing of a result.
IDLE = re.compile(
    r"(?:less|more) than (?:half )?an? (?:minute|second|hour)|rather than|other than|no other|each other|more than one (?!percent|per cent|in)"
    r"|the other way|at least once|at the same time|by the same|in the same (?:way|cell|unit|order)|the same code|does the same in one|half a sentence|exactly this"
    r"|longest ago|so far as|as (?:far|long|soon|well) as|no longer than|held out|hold out|half an hour|of help|with the help"
    r"|cost function|worth|guess the|two kinds|two cores|(?:processor|CPU) cores|never (?:seen|mind|met)|what is lost"
    r"|stays? (?:with|in mind)|measured (?:in|by|against|with)|best (?:read|to)|for the better|drops? out",
    re.IGNORECASE,
)
# To the reader: an imperative promises nothing.
ADVICE = re.compile(
    r"(?:(?:So|Then|And|But|Now|Please|Better|First|Next|Always|Never|Do not|Don't|Just|Only|Here too,)[,:]? )?"
    r"(?:try|set|take|guess|change|suppose|imagine|let|compare|look|note|notice|remember|write|find|run|count|draw|use|rank|"
    r"choose|read|think|move|press|give|keep|leave|put|train|make|split|scale|report|state|ask|say|check|pick|plot|print|open|"
    r"click|drag|watch|see|go|add|start|begin|stop|name|show|convert|call|replace|repeat|measure|test|tune|turn|switch|trust|"
    r"believe|beware|expect|mind|consider|recall|return|download|wait|build|fit|follow|average|divide|multiply|judge|hand|"
    r"summarise|describe|weigh|pair|be|do not|don't|have)\b(?! (?:is|are|was|were|has|does|do)\b)",
    re.IGNORECASE,
)
FRAME = re.compile(
    r"(?:After this (?:chapter|page) you can|You need|It runs|Solution:|Exercise \d|You will be able)"
)
DEFINES = re.compile(
    rf"{DEFINED}|\b(?:is|are) (?:then )?called\b|\bwe call\b|\bstands? for\b|\bis short for\b|\bis defined\b", re.IGNORECASE
)  # fmt: skip
# Directives that hold text.
PROSE = ("admonition", "note", "tip", "hint", "important", "warning", "caution", "grid", "grid-item-card")
SKIPPED_BOXES = re.compile(r"Guess first|Change one line|Exercise|Before you", re.IGNORECASE)

ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|vs|cf|etc|al|approx|resp|Fig|Eq|No|Dr|St|ca|pp?)|(?<=\s)[A-Z])\.$", re.IGNORECASE
)
END = re.compile(r"[.?!…][\"”’')\]]*(?=\s)")


@dataclass(frozen=True)
class Block:
    """A paragraph, an item, a row of a table or a description, without its markup."""

    text: str
    cell: int = 0  # its place in the notebook
    kind: str = ""  # where it states no result of ours: "heading", "box", "reading", "wrong answer"

    @property
    def sentences(self):
        """List the (start, end) of each sentence."""
        ends, start = [], 0
        for match in END.finditer(self.text):
            before, after = self.text[start : match.start() + 1], self.text[match.end() :].lstrip()
            goes_on = match[0][0] != "." and re.match(r"[a-z]+\b(?!-)", after)
            if not ABBREVIATION.search(before) and not goes_on:
                ends.append((start, match.end()))
                start = len(self.text) - len(after)
        return [*ends, (start, len(self.text))] if self.text[start:].strip() else ends


@dataclass(frozen=True)
class Claim:
    """A call of claim(): its words, the place of its cell, and its line there."""

    words: str
    cell: int
    line: int
    condition: str


@dataclass(frozen=True)
class Result:
    """A sentence that states a result, with the triggers that no claim covers."""

    text: str
    cell: int
    triggers: tuple
    unclaimed: tuple
    excuse: str = ""


@functools.cache
def parser():
    extensions = {"amsmath", "attrs_inline", "colon_fence", "deflist", "dollarmath", "substitution"}
    return create_md_parser(MdParserConfig(enable_extensions=extensions), RendererHTML)


def same(text):
    """Return a text as it is compared: letters of one kind for quotes and dashes, one space, no capitals."""
    return " ".join(text.translate(SAME_LETTER).lower().split())


def sought(words):
    """Return a claim's words as they are looked for: without a full stop, for a quotation may go on."""
    return same(words).rstrip(".")


def blocks(markdown, cell=0, kind=""):
    """Return the Blocks of a Markdown text."""
    found, head = [], False
    row: list[str] | None = None
    for token in parser().parse(markdown):
        if token.type in ("thead_open", "thead_close"):
            head = token.type == "thead_open"
        elif token.type == "tr_open":
            row = []
        elif token.type == "tr_close":
            found.append(Block(" | ".join(row or []), cell, "heading" if head else kind))
            row = None
        elif token.type == "inline":
            text, alts = _inline(token.children)
            if row is not None:
                row.append(text)
            else:
                above = found and found[-1].kind == "heading?"
                if above:
                    found.pop()
                found.append(Block(text, cell, "heading" if above else kind))
            found += [Block(alt, cell, kind) for alt in alts]
        elif token.type == "heading_open":
            found.append(Block("", cell, "heading?"))
        elif token.type in ("fence", "colon_fence") and token.info.startswith("{"):
            found += _directive(token, cell, kind)
        elif token.type == "html_block":
            found += _raw(token.content, cell, kind)
    return [block for block in found if block.text.strip()]


def _inline(children):
    """Return the text of a paragraph without its markup, and the descriptions of its pictures."""
    parts, alts, strong = [], [], 0
    for child in children:
        strong += child.nesting if child.type.startswith("strong") else 0
        if child.type == "myst_role":
            name, text = child.meta["name"], child.content
            if name.startswith("cite"):
                parts.append(CITED)
            else:
                parts.append(DEFINED * (strong > 0 and name == "term") + re.sub(r"\s*<[^>]*>$", "", text))
        elif child.type == "image":
            alts.append(_inline(child.children or [])[0])
        elif child.type.startswith("math_inline"):
            parts.append(f"${child.content}$")
        elif child.type == "html_inline":
            alts += re.findall(r'\balt="([^"]*)"', child.content)
        elif child.type in ("softbreak", "hardbreak"):
            parts.append(" ")
        else:
            parts.append(child.content)
    return " ".join("".join(parts).split()), alts


def _directive(token, cell, kind):
    name, _, title = (part.strip() for part in token.info.lstrip("{").partition("}"))
    options = dict(re.findall(r"^:([\w-]+):[ ]*(.*)$", token.content, re.MULTILINE))
    found = [Block(options[alt], cell, kind) for alt in ("alt", "img-alt") if options.get(alt)]
    body = re.sub(r"\A(?::[\w-]+:.*\n)+", "", token.content)
    skipped = SKIPPED_BOXES.match(title) or "exercise" in options.get("class", "")
    inner = "box" if skipped else kind
    if name not in PROSE:
        return found
    return [*found, Block(title, cell, "heading"), *blocks(body, cell, inner)]


def _raw(source, cell, kind):
    """Return the Blocks of a piece of HTML: a quiz's answers, a picture."""
    found = [Block(html.unescape(alt), cell, kind) for alt in re.findall(r'\balt="([^"]*)"', source)]
    answers = re.split(r"<details[^>]*>", re.sub(r"<!--.*?-->", "", source, flags=re.DOTALL))
    for part in answers:
        summary, closed, body = part.rpartition("</summary>")
        plain = [" ".join(html.unescape(re.sub(r"<[^>]*>", "", text)).split()) for text in (summary, body)]
        # A wrong answer is none of the book's sentences; what is said about it is.
        wrong = kind or ("" if plain[1].startswith("Right") else "wrong answer")
        found += (
            [Block(plain[0], cell, wrong), Block(plain[1], cell, kind)]
            if closed
            else [Block(plain[1], cell, kind)]
        )
    return found


def blocks_of(notebook):
    """Return the Blocks of a notebook, those of its figures' descriptions too."""
    found, reading = [], False
    for place, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
            found += [Block(" ".join(alt.split()), place)] if alt.strip() else []
            continue
        for block in blocks(cell.source, place):
            if block.kind == "heading":
                reading = block.text.lower().startswith(("further reading", "references"))
            found.append(Block(block.text, place, "reading") if reading and not block.kind else block)
    return found


def is_claims(cell):
    return cell.cell_type == "code" and CLAIMS in cell.metadata.get("tags", [])


def claims_of(notebook):
    """Return the Claims of a notebook, in their order.

    Raises ValueError, with the cell, if words are no plain text or a claim stands in a cell without the tag.
    """
    found = []
    for place, cell in enumerate(notebook.cells):
        if cell.cell_type != "code" or "claim(" not in cell.source:
            continue
        try:
            tree = ast.parse(cell.source)
        except SyntaxError:
            continue  # a line for IPython: no cell of claims
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, (ast.Name, ast.Attribute)):
                name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                if name != "claim":
                    continue
                if not is_claims(cell):
                    raise ValueError(f"cell {place}: it claims, so tag it {CLAIMS}")
                words = [*node.args, *(word.value for word in node.keywords if word.arg == "words")][:1]
                if not words or not isinstance(words[0], ast.Constant) or not isinstance(words[0].value, str):
                    raise ValueError(
                        f"cell {place}, line {node.lineno}: write the words of a claim as plain text, as they stand "
                        "in the sentence, neither put together nor with an f before them"
                    )
                rule = (
                    node.args[1] if len(node.args) > 1 else node.keywords[-1].value if node.keywords else None
                )
                body = rule.body if isinstance(rule, ast.Lambda) else rule
                condition = (body and ast.get_source_segment(cell.source, body)) or ""
                found.append(
                    Claim(" ".join(words[0].value.split()), place, node.lineno, " ".join(condition.split()))
                )
    return sorted(found, key=lambda claim: (claim.cell, claim.line))


def beside(notebook, place):
    """Return the places of the cells that a cell of claims at ``place`` may be about."""
    found, cells, i = set(), notebook.cells, place - 1
    while i >= 0 and (cells[i].cell_type == "markdown" or is_claims(cells[i])):
        found.add(i)
        i -= 1
    while i >= 0 and cells[i].cell_type == "code" and not is_claims(cells[i]):
        found.add(i)  # whose figure may be described
        i -= 1
    i = place + 1
    while i < len(cells) and is_claims(cells[i]):
        i += 1
    return found | {i}


def faults(notebook):
    """Return a line for each claim that the text doesn't make, or whose stored output says that it falls."""
    texts, found = blocks_of(notebook), []
    claims = claims_of(notebook)
    whole = {block.text[start:end].rstrip(".") for block in texts for start, end in block.sentences}
    for claim in claims:
        near = beside(notebook, claim.cell)
        if not any(sought(claim.words) in same(block.text) for block in texts if block.cell in near):
            found.append(f"cell {claim.cell}: no sentence beside it says “{claim.words}”, word for word")
        elif len(claim.words.split()) < FEWEST and claim.words.rstrip(".") not in whole:
            found.append(
                f"cell {claim.cell}: “{claim.words}” is too little: claim the sentence, or what it states"
            )
    for place in sorted({claim.cell for claim in claims}):
        printed = "".join(output.get("text", "") for output in notebook.cells[place].outputs).splitlines()
        asked = sum(claim.cell == place for claim in claims)
        if len(printed) != asked:
            found.append(
                f"cell {place}: {asked} claims and {len(printed)} lines of output: one each, and nothing else"
            )
        found += [f"cell {place}: {line}" for line in printed if not line.startswith("✓")]
    said = [sought(claim.words) for claim in claims]
    found += [
        f"“{words}” is claimed twice" for words in sorted({words for words in said if said.count(words) > 1})
    ]
    return found


def results(texts, near, anywhere, excuses=()):
    """Return the Results among Blocks.

    Parameters
    ----------
    texts : list of Block
    near : callable (Block) -> list of str
        The words claimed beside it.
    anywhere : list of str
        The words claimed in the whole book, which may be quoted.
    excuses : list of (words, why)
    """
    quotable = [words for words in map(sought, anywhere) if len(words.split()) >= QUOTED]
    found = []
    for block in texts:
        if block.kind:
            continue
        text = block.text.translate(SAME_LETTER).lower()
        covered = [
            (start, start + len(words))
            for words in {*map(sought, near(block)), *quotable}
            for start in places(words, text)
        ]
        for start, end in block.sentences:
            sentence = block.text[start:end]
            spans = triggers(sentence)
            if not spans:
                continue
            open_ = [
                sentence[a:b] for a, b in spans
                if not any(low <= start + a and start + b <= high for low, high in covered)
            ]  # fmt: skip
            excuse = next((why for words, why in excuses if same(words) in same(sentence)), "")
            words = tuple(sentence[a:b] for a, b in spans)
            found.append(Result(sentence.replace(DEFINED, ""), block.cell, words, tuple(open_), excuse))
    return found


def places(words, text):
    """Return each place where ``words`` begin in ``text``; a pattern for each of a thousand claims would take minutes."""
    found, start = [], text.find(words)
    while start >= 0:
        found.append(start)
        start = text.find(words, start + 1)
    return found


def triggers(sentence):
    """Return the (start, end) of each part that makes a sentence state a result; none where it states none."""
    plain = sentence.strip(" \"”’')*")
    if (
        plain.endswith("?")
        or (plain.endswith(":") and plain.startswith("Here "))
        or CITED in sentence
        or FRAME.match(plain)
        or DEFINES.search(sentence)
        or ADVICE.match(plain)
    ):
        return []
    spans = [(found.start, found.start + len(found.text)) for found in quantities(sentence)]
    blank = SKIP.sub(lambda match: " " * len(match[0]), sentence)
    blank = IDLE.sub(lambda match: " " * len(match[0]), blank)
    return sorted(spans + [match.span() for match in WORDS.finditer(blank)])


def read_excuses(path=EXCUSES):
    """Return {chapter or page: [(words, why)]}.

    Raises ValueError if a reason begins with none of the kinds.
    """
    if not path.exists():
        return {}
    with path.open("rb") as file:
        stated = tomllib.load(file)
    for name, entries in stated.items():
        for entry in entries:
            if not entry.get("why", "").startswith(KINDS):
                raise ValueError(
                    f"{path.name}, {name}: begin the reason why “{entry.get('words')}” has no claim with one of {KINDS}"
                )
    return {name: [(entry["words"], entry["why"]) for entry in entries] for name, entries in stated.items()}


@functools.cache
def chapters(root=ROOT):
    """Return {name: notebook} of the chapters, such as "02_house_prices"."""
    paths = [path for path in notebooks([], root) if path.parent.name == "book"]
    return {path.stem: nbformat.read(path, as_version=4) for path in paths}


@dataclass(frozen=True)
class Count:
    """What was found in one chapter or page."""

    name: str
    results: list
    errors: list
    is_due: bool  # a chapter with claims; a page, once all chapters have some

    @property
    def excused(self):
        return [result for result in self.results if result.excuse]

    @property
    def claimed(self):
        return [result for result in self.results if not result.unclaimed and not result.excuse]

    @property
    def open(self):
        return [result for result in self.results if result.unclaimed and not result.excuse]

    @property
    def share(self):
        """Percent claimed, of the result sentences that are not excused."""
        asked = len(self.results) - len(self.excused)
        return 100 * len(self.claimed) / asked if asked else 100.0


def count(root=ROOT, excuses=None):
    """Return the Counts of all chapters and pages of the book."""
    excuses = read_excuses() if excuses is None else excuses
    books = chapters(root)
    anywhere = [claim.words for notebook in books.values() for claim in claims_of(notebook)]
    counts = []
    for name, notebook in books.items():
        claims, places = claims_of(notebook), {}
        for claim in claims:
            for place in beside(notebook, claim.cell):
                places.setdefault(place, []).append(claim.words)
        found = results(
            blocks_of(notebook),
            lambda block, places=places: places.get(block.cell, []),
            anywhere,
            excuses.get(name, ()),
        )
        errors = faults(notebook) + idle_excuses(found, excuses.get(name, ()))
        counts.append(Count(name, found, errors, bool(claims)))
    all_due = all(found.is_due for found in counts)
    for page in PAGES:
        texts = blocks((root / page).read_text(encoding="utf-8"))
        found = results(texts, lambda block: [], anywhere, excuses.get(page, ()))
        counts.append(Count(page, found, idle_excuses(found, excuses.get(page, ())), all_due))
    unknown = sorted(excuses.keys() - {found.name for found in counts})
    return counts + [
        Count(name, [], [f"{EXCUSES.name} excuses what is no chapter or page"], False) for name in unknown
    ]


def idle_excuses(found, excuses):
    """Return a line for each excuse that no result sentence needs."""
    return [
        f"{EXCUSES.name} excuses “{words}”, which no unclaimed result sentence says: delete the entry"
        for words, _ in excuses
        if not any(same(words) in same(result.text) and result.unclaimed for result in found)
    ]


def table(counts):
    """Return the counts as lines of a Markdown table."""
    lines = [
        "| chapter or page | result sentences | claimed | excused | share claimed of those not excused |",
        "|---|--:|--:|--:|--:|",
    ]
    for found in counts:
        numbers = len(found.results), len(found.claimed), len(found.excused)
        lines.append(f"| {found.name} | {' | '.join(map(str, numbers))} | {found.share:.1f}% |")
    return lines


def told(text, counts):
    """Return CONTRIBUTING's ``text`` with the table of the chapters and pages that have claims."""
    due = [found for found in counts if found.is_due]
    lines = table(due) if due else ["No chapter has claims yet."]
    return re.sub(
        rf"(?<={re.escape(BEGIN)}\n).*?(?=\n{re.escape(FINISH)})",
        lambda _: "\n".join(lines),
        text,
        flags=re.DOTALL,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("names", nargs="*", help="beginnings of names, such as 02 or README; all if none")
    parser.add_argument(
        "--list", action="store_true", help="show the sentences without a claim, and why they need one"
    )
    parser.add_argument("--write", action="store_true", help="write the table into CONTRIBUTING.md")
    options = parser.parse_args()
    every = count()
    if options.write:
        path = ROOT / "CONTRIBUTING.md"
        path.write_text(told(path.read_text(encoding="utf-8"), every), encoding="utf-8", newline="\n")
    counts = [
        found for found in every
        if not options.names or Path(found.name).name.startswith(tuple(options.names))
    ]  # fmt: skip
    if not counts:
        sys.exit(f"No chapter or page begins with {' or '.join(options.names)}.")
    print("\n".join(table(counts)))
    for found in counts:
        for error in found.errors:
            print(f"{found.name}, {error}")
        for result in found.open if options.list else ():
            print(
                f"{found.name}, cell {result.cell}: {result.text}\n    needs a claim for: {', '.join(result.unclaimed)}"
            )
    sys.exit(any(found.errors for found in counts))


if __name__ == "__main__":
    main()
