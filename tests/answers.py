"""The two tests that the checks of a chapter's exercises share.

A module that imports them lists its answers: RIGHT, tuples of a check and what it is called with,
and WRONG, the same followed by words of the hint that the reader must get.
"""


def test_a_right_answer_passes(right, said):
    check, *answers = right
    assert said(check, *answers).startswith("✓ ")


def test_a_wrong_answer_is_told_apart(wrong, said):
    check, *answers, hint = wrong
    message = said(check, *answers)
    assert message.startswith("✗ ") and hint in message
