"""Sentences that run: what the text says of its numbers, as assertions on what its chapter has computed.

A cell of claims stands below the text it is about. The page folds it away and puts a mark behind each sentence.
Whoever changes a line of the chapter and runs it sees which sentences no longer hold.
"""

import ast
import linecache
import numbers

import numpy as np
import torch

from helpers.validation import Estimate

MOST = 6  # numbers of a list that are shown
LONGEST = 40  # letters of code that are repeated beside their value
MARGIN = 0.5  # standard errors that a verdict may be nearer to its rule, or farther, on another machine

_said: dict[str, str] = {}  # each sentence claimed so far, and what is wrong with it: "" if it holds


def claim(words, condition):
    """Claim that a sentence of the text holds, and say so if it does not.

    Prints a line: ✓ with what was measured; ✗ with the sentence and what it is now; or ≈ where a verdict is so close
    to its rule that a run on another machine could turn it. It never stops a chapter: a condition that fails to run
    counts as one that does not hold.

    Parameters
    ----------
    words : str
        The sentence, or the part of it that states the result, word for word as in the text, without its markup.
    condition : callable () -> bool
        Such as ``lambda: gap > 0``, about variables that the chapter has computed.

    Raises
    ------
    TypeError
        If ``words`` is no text, or ``condition`` cannot be called.

    Examples
    --------
    >>> gap = estimate([2.0, 3.0, 4.0, 3.0])
    >>> claim("With dropout the error was higher", lambda: gap > 0)
    ✓ gap = 3.00 ± 0.41 (n = 4)
    """
    if not isinstance(words, str) or not words.strip():
        raise TypeError(f"words must be a sentence of the text; got {words!r}")
    if not callable(condition):
        raise TypeError(
            f"condition must be a function, so that it can be asked: claim(..., lambda: {condition!r}); "
            f"got {type(condition).__name__}"
        )
    body = _body(condition)
    try:
        holds, measured = bool(condition()), ", ".join(_measured(body, _scope(condition)))
    except Exception as error:  # the reader's change may have taken away what it speaks of
        holds, measured = False, f"{type(error).__name__}: {error}"
    words = " ".join(words.split())
    _said[words] = (
        "" if holds else f"“{words}” does not hold: {ast.unparse(body) if body else ''}, but {measured}"
    )
    if not holds:
        print("✗", _said[words])
    else:
        print("≈" if _is_close(condition) else "✓", measured)


def report():
    """Say how many of the sentences claimed so far hold, and list those that do not.

    Examples
    --------
    >>> claim("Two and two are five", lambda: 2 + 2 == 5)
    ✗ “Two and two are five” does not hold: 2 + 2 == 5, but 2 + 2 = 4
    >>> report()
    1 of ... sentences of this chapter does not hold with your change:
    ✗ “Two and two are five” does not hold: 2 + 2 == 5, but 2 + 2 = 4
    """
    broken = [line for line in _said.values() if line]
    if not _said:
        print("No sentence was checked: run the chapter from its first cell.")
    elif not broken:
        print(f"All {len(_said)} sentences of this chapter that state a result hold.")
    else:
        do = "does" if len(broken) == 1 else "do"
        print(f"{len(broken)} of {len(_said)} sentences of this chapter {do} not hold with your change:")
        for line in broken:
            print("✗", line)


def _body(condition):
    """Return the syntax tree of a lambda's body, or None where there is no source."""
    code = getattr(condition, "__code__", None)
    if code is None:
        return None
    places = {(line, end, column, end_column) for line, end, column, end_column in code.co_positions()}
    for node in ast.walk(ast.parse("".join(linecache.getlines(code.co_filename)))):
        if isinstance(node, ast.Lambda):
            body = node.body
            if (body.lineno, body.end_lineno, body.col_offset, body.end_col_offset) in places:
                return body
    return None


def _scope(condition):
    """Return the variables that a lambda sees."""
    inner = zip(condition.__code__.co_freevars, condition.__closure__ or ())
    return condition.__globals__ | {name: cell.cell_contents for name, cell in inner}


def _is_close(condition):
    """Would the verdict be another if its rule asked for half a standard error more, or less?"""
    rule = Estimate.RULE
    try:
        answers = []
        for Estimate.RULE in (rule - MARGIN, rule + MARGIN):
            answers.append(bool(condition()))
        return not all(answers)
    finally:
        Estimate.RULE = rule


def _measured(node, scope):
    """Return what the condition compares, with the values of now: a list of texts."""
    if node is None:
        return []
    if isinstance(node, ast.BoolOp):
        return [text for part in node.values for text in _measured(part, scope)]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return _measured(node.operand, scope)
    call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("all", "any")
    if call and isinstance(node.args[0], (ast.GeneratorExp, ast.ListComp)):
        each = node.args[0]
        sides = ast.Tuple([part for part in _sides(each.elt)], ast.Load())
        rows = _value(ast.ListComp(sides, each.generators), scope)
        texts = [" / ".join(map(_shown, row)) for row in rows[:MOST]]
        return texts + ["…"] * (len(rows) > MOST)
    texts = []
    for side in _sides(node):
        value, code = _value(side, scope), ast.unparse(side)
        shown = _shown(value)
        texts.append(shown if len(code) > LONGEST or code == shown else f"{code} = {shown}")
    return texts


def _sides(node):
    """Return the sides of comparisons in ``node`` that are not written out as constants; or else ``node``."""
    if isinstance(node, ast.BoolOp):
        return [side for part in node.values for side in _sides(part)]
    if isinstance(node, ast.Compare):
        sides = [side for side in (node.left, *node.comparators) if not _is_constant(side)]
        # Of a verdict, what it was read from says more.
        return [_read_from(side) for side in sides or [node.left]]
    return [node]


def _read_from(node):
    """Return what a verdict is read from, ``gap`` of ``gap.reading()``; any other node as it is."""
    call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    return node.func.value if call and node.func.attr == "reading" else node


def _is_constant(node):
    return all(
        isinstance(part, (ast.Constant, ast.UnaryOp, ast.USub, ast.Tuple, ast.List, ast.Load))
        for part in ast.walk(node)
    )


def _value(node, scope):
    return eval(compile(ast.fix_missing_locations(ast.Expression(node)), "<claim>", "eval"), scope)


def _shown(value):
    if isinstance(value, (torch.Tensor, np.ndarray)):
        value = value.tolist()
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (numbers.Number, list, tuple)):
        text = repr(value) if isinstance(value, Estimate) else str(value)
        return text if len(text) <= 80 and "\n" not in text else f"a {type(value).__name__}"
    if isinstance(value, numbers.Number):
        return str(value) if isinstance(value, numbers.Integral) else f"{value:.3g}"
    inside = [_shown(part) for part in value[:MOST]] + ["…"] * (len(value) > MOST)
    return f"({', '.join(inside)})"
