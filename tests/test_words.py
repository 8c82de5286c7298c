"""Both languages say the same things: same keys, same blanks."""

from __future__ import annotations

import string
from typing import Any

import pytest

from geo.note import Note
from maps.words import LANGUAGES, words


def flat(table: Any, above: str = "") -> dict[str, Any]:
    """Give every sentence by its whole key."""
    if not isinstance(table, dict):
        return {above: table}
    found: dict[str, Any] = {}
    for key, value in table.items():
        found |= flat(value, f"{above}.{key}" if above else key)
    return found


def blanks(sentence: str) -> set[str]:
    """Name the blanks of a sentence."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_swedish_and_english_have_the_same_keys() -> None:
    """No sentence exists in one language only."""
    sv, en = (flat(words(language).entries) for language in LANGUAGES)
    assert sorted(sv) == sorted(en)


def test_sentences_have_the_same_blanks_in_both_languages() -> None:
    """A value that one language tells is told in the other."""
    sv, en = (flat(words(language).entries) for language in LANGUAGES)
    differing = [
        key
        for key, text in sv.items()
        if isinstance(text, str) and blanks(text) != blanks(en.get(key, ""))
    ]
    assert differing == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_is_empty(language: str) -> None:
    """Every key has something to say."""
    assert [key for key, text in flat(words(language).entries).items() if not text] == []


def test_numbers_are_written_as_the_language_does() -> None:
    """Swedish groups by a no-break space and has a decimal comma; English a comma and a point."""
    assert words("sv").number(1234567.5) == "1\u00a0234\u00a0567,5"
    assert words("en").number(1234567.5) == "1,234,567.5"
    assert words("sv").number(-0.04, 1) == "0,0"


def test_the_number_chooses_singular_and_plural() -> None:
    """One event is an event."""
    assert words("en")("page.events", n=1) == "1 event"
    assert words("en")("page.events", n=2) == "2 events"


def test_a_note_is_said_in_either_language() -> None:
    """A note's values fill its blanks."""
    note = Note("cell_size_chosen", {"size": 500, "kind": "square"})
    assert "500" in words("sv").note(note)
    assert "500" in words("en").note(note)


def test_an_unknown_language_is_refused() -> None:
    """Only the languages that exist can be asked for."""
    with pytest.raises(ValueError, match="expected a language"):
        words("fi")
