"""When an item counts and when the till asks, on frames that are written down here."""

import numpy as np
import pytest

from fruitlab.inference.checkout import GONE, STEADY, Frame, Till

CHOICES = {"A": ("Apple", "Pear", "Kiwi"), "B": ("Banana", "Lemon", "Kiwi")}


def frame(letter: str) -> Frame:
    """ "A" and "B" are confident answers, "a" and "b" unsure ones, "." is the empty counter."""
    shade = {"A": 50, "a": 60, "B": 200, "b": 190, ".": 120}[letter]
    top = CHOICES.get(letter.upper(), ("Plum", "Apple", "Kiwi"))
    return Frame(top, letter in "AB", np.full((100, 100, 3), shade, np.uint8))


def till(letters: str, before: Till | None = None) -> Till:
    now = before or Till()
    for letter in letters:
        now = now.look(frame(letter))
    return now


@pytest.mark.parametrize(
    ("letters", "basket"),
    [
        ("AA", {}),
        ("AAA", {"Apple": 1}),
        ("AAAAAAAAA", {"Apple": 1}),  # held for long
        ("AABAAB", {}),  # never steady
        ("AAA.AAA", {"Apple": 1}),  # one stray frame
        ("AAAaaaaAAA", {"Apple": 1}),  # unsure for a while, but still there
        ("...AAA..AAA", {"Apple": 2}),  # left and came back
        ("AAABBBAAA", {"Apple": 2, "Banana": 1}),
        ("AAABBAAA", {"Apple": 2}),  # a Banana in passing
        ("....", {}),
    ],
)
def test_what_is_steady_counts_once(letters, basket):
    assert (STEADY, GONE) == (3, 2)
    assert till(letters).basket == basket and till(letters).question is None


def test_the_empty_counter_is_known_and_asks_nothing():
    empty = till("...")
    assert empty.question is None and till("......", empty).question is None
    assert till("a..aa.", empty).question is None


def test_an_unsure_answer_asks_once_and_the_choice_counts():
    asked = till("...aaa")
    assert asked.question is not None and asked.question.top == CHOICES["A"] and not asked.basket
    assert till("aaaa", asked).question is asked.question
    answered = asked.answer("Pear")
    assert answered.basket == {"Pear": 1} and answered.question is None
    # The same item, whatever the network says of it now.
    assert till("aaaa", answered).question is None
    again = till("..aaa", answered)
    assert again.question is not None and again.answer("Pear").basket == {"Pear": 2}


def test_items_count_while_a_question_waits():
    waiting = till("...aaa..BBB..bbb")
    assert waiting.basket == {"Banana": 1}
    assert waiting.question is not None and waiting.question.top == CHOICES["A"]
    assert waiting.answer("Kiwi").basket == {"Banana": 1, "Kiwi": 1}


def test_none_of_these_is_remembered_as_a_scene_without_items():
    dismissed = till("AAA...")
    assert dismissed.question is not None  # the counter was not seen before the apple
    dismissed = dismissed.answer(None)
    assert dismissed.basket == {"Apple": 1} and dismissed.question is None
    assert till("BBB.....BBB......", dismissed).question is None
    assert till("bbb", dismissed).question is not None


def test_an_answer_that_was_not_offered_changes_nothing():
    asked = till("...aaa")
    assert asked.answer("Durian") is asked
    assert Till().answer("Apple").basket == {}


def test_one_can_be_removed_and_all_cleared():
    full = till("AAA..AAA..BBB")
    assert full.without("Apple").basket == {"Apple": 1, "Banana": 1}
    assert full.without("Banana").basket == {"Apple": 2}
    assert full.without("Durian") is full
    assert till("bbb", full.cleared()).basket == {} and full.basket == {"Apple": 2, "Banana": 1}
    assert till("BB", full.without("Banana")).basket == {"Apple": 2}  # still the same banana
