"""Which sentences say what the methods found out about the map as a whole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import situations as made

from geo.months import parse_month
from geo.note import Note
from maps.overview import _percent, sentences
from maps.words import Words, words

MONTH = parse_month("2021-12")
ALL = made.situation().views[0]


class Keys(Words):
    """Says which sentence was chosen, and with what, instead of the sentence."""

    def __call__(self, key, /, **values):
        """Give the key and the values."""
        return " ".join([key, *(f"{name}={value}" for name, value in values.items())])


KEYS = Keys("en", words("en").entries)


def said(facts=None, *, classes=(), limits=()):
    """Say what was found; ``classes`` are those of the cells in the joint analysis."""
    columns = {"joint_class": np.array(classes, dtype=str)}
    view = replace(ALL, facts=facts or {}, columns=columns, limits=tuple(limits))
    return sentences(view, KEYS)


def concentration(**facts):
    """Make facts of concentration."""
    usual = {
        "gini_p": 0.01, "area_50": 0.004, "area_50_even": 0.118, "top_1": 0.62, "top_1_even": 0.05,
    }  # fmt: skip
    return {"concentration": {**usual, **facts}}


def test_without_findings_nothing_is_said():
    """No method, no sentence."""
    assert said() == []


@pytest.mark.parametrize(("p", "key"), [(0.049, "concentrated"), (0.05, "even"), (0.6, "even")])
def test_concentrated_or_as_even_as_chance(p, key):
    """Surely concentrated, or not surely; shares in per cent, with a decimal below ten."""
    (sentence,) = said(concentration(gini_p=p))
    assert sentence.startswith(f"overview.{key} half=0.4 half_even=12")


def test_the_densest_per_cent_is_told_where_it_says_something():
    """Not where events are even, nor where chance would put nearly all of so few there."""
    assert "overview.top top=62 top_even=5.0" in said(concentration())[0]
    assert "overview.top" not in said(concentration(gini_p=0.5))[0]
    assert "overview.top" not in said(concentration(top_1_even=0.95))[0]


def change(label, ratio=1.9, **facts):
    """Make facts of change: 40 in three months, 21.5 a year before."""
    usual = {
        "class": label, "n": 40, "expected": 21.5, "ratio": ratio, "low": 1.2, "high": 3.0,
        "months": (MONTH - 2, MONTH), "base_months": ((MONTH - 14, MONTH - 12),),
    }  # fmt: skip
    return {"change": {**usual, **facts}}


@pytest.mark.parametrize("label", ["up", "down", "same", "few"])
def test_each_class_of_change_has_its_sentence(label):
    """Within the sentence about the whole area."""
    (sentence,) = said(change(label))
    assert sentence.startswith(f"overview.change said=phrases.recent.{label} ")
    assert "n=40" in sentence
    assert "October–December 2021" in sentence


def test_what_grew_from_nothing_has_no_ratio():
    """Infinitely more is said as at least so much more."""
    (sentence,) = said(change("up", ratio=np.inf, high=np.inf, expected=0.0))
    assert sentence.startswith("overview.change said=phrases.recent.from_none ")
    assert "low=1.2" in sentence
    assert "inf" not in sentence


@pytest.mark.parametrize(
    ("classes", "sentence"),
    [
        (["both", "one", "both"], "overview.both n=2"),
        (["both"], "overview.both n=1"),
        (["one", "other", ""], "overview.not_both"),
        ([], "overview.not_both"),
    ],
)
def test_where_kinds_of_trouble_meet_is_counted(classes, sentence):
    """Cells where both stand out, or none."""
    assert said({"joint": {}}, classes=classes) == [sentence]


@pytest.mark.parametrize("by", ["ground", "exposure", None])
@pytest.mark.parametrize(
    ("ratio", "p", "key"),
    [
        (2.04, 0.049, "sites"),
        (0.31, 0.049, "sites_less"),
        (2.04, 0.05, "sites_same"),
        (0.31, 0.5, "sites_same"),
        (1.0, 1.0, "sites_same"),
    ],
)
def test_by_bathing_sites_more_less_or_as_much_as_elsewhere(ratio, p, key, by):
    """Against ground, or against inhabitants where they are the measure."""
    facts = {"sites_ratio": ratio, "sites_p": p} | ({} if by is None else {"by": by})
    key += "_exposure" if by == "exposure" else ""
    assert said({"joint": facts})[1:] == [f"overview.{key} ratio={ratio:.1f}"]


@pytest.mark.parametrize("facts", [{}, {"sites_ratio": np.nan, "sites_p": np.nan}])
def test_nothing_is_said_of_sites_that_are_not_or_cannot_be_compared(facts):
    """One sentence, about where kinds of trouble meet."""
    assert len(said({"joint": facts})) == 1


def test_methods_come_in_their_order_and_limits_last_and_once():
    """However the facts are ordered; two methods that lack the same say so once."""
    facts = {**change("same"), "joint": {}, **concentration(), "scan": {"searched": 1}}
    few = Note("too_few_events", {"method": "a"}, "warning")
    other = Note("too_few_events", {"method": "b"}, "warning")
    keys = [sentence.split()[0] for sentence in said(facts, limits=[few, other, few])]
    assert keys == [
        "overview.concentrated", "overview.change", "overview.not_both",
        "notes.too_few_events", "notes.too_few_events",
    ]  # fmt: skip


@pytest.mark.parametrize("language", ["sv", "en"])
def test_every_sentence_can_be_said(language):
    """In both languages, with every blank filled."""
    facts = {"joint": {"sites_ratio": 2.0, "sites_p": 0.01}, **change("up"), **concentration()}
    view = replace(ALL, facts=facts, columns={"joint_class": np.array(["both"])}, limits=())
    found = sentences(view, words(language))
    assert len(found) == 4
    assert all(sentence and "{" not in sentence for sentence in found)


@pytest.mark.parametrize(
    ("share", "written"),
    [(0.0, "0.0"), (0.0004, "<\u00a00.1"), (0.0005, "0.1"), (0.0993, "9.9"), (0.123, "12")],
)
def test_a_little_is_not_written_as_nothing(share: float, written: str) -> None:
    """Two figures, but what would round to nothing is said to be less than a tenth."""
    assert _percent(share, words("en")) == written


@pytest.mark.parametrize(
    ("claimed", "told"),
    [
        ((0, 0), "at the same place and within 7 days"),
        ((1, 0), "within 100 m and within 7 days"),
        ((2, 1), "100–200 m away and 7–14 days later"),
    ],
)
def test_repeats_are_told_of_the_band_in_which_they_were_found(claimed, told):
    """Of several claimed bands the nearest and soonest; one farther off is no circle."""
    significant = np.zeros((3, 2), dtype=bool)
    significant[claimed] = significant[2, 1] = True
    facts = {
        "distance_m": [0.0, 1.0, 100.0, 200.0],
        "days": [0, 7, 14],
        "significant": significant.tolist(),
        "ratio": [[2.0, 9.0], [2.0, 9.0], [2.0, 2.0]],
    }
    view = replace(ALL, facts={"near_repeat": facts}, alerts=())
    (sentence,) = sentences(view, words("en"))
    assert f"new ones: {told} the next comes 2.0 times as often" in sentence
