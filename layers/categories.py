"""The kinds of trouble that are known from the start, and the words by which reports name them."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from layers.layer import Category

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

FAMILIES = ("traffic", "order", "narcotics", "alcohol", "theft", "violence", "other")
"""The families known from the start; their words stand under ``[families]`` in the texts."""

_KNOWN: dict[str, tuple[str, str]] = {
    "speeding": (
        "traffic",
        """
        hög hastighet|höga hastigheter|fortkörning|fortkörare|fortkörningar|hastighet|
        hastighetsöverträdelse|kör för fort|kör fort|för hög hastighet|fort|speed
        """,
    ),
    "reckless_driving": (
        "traffic",
        """
        vårdslös körning|vårdslöshet i trafik|vårdslös|buskörning|buskörningar|olovlig körning|
        trafikbrott|trafikfara|trafikfarlig körning|farlig körning|driftning|drifting|burnout|
        streetrace|street race|gatulopp|tävlingskörning|reckless|dangerous driving|olovlig
        """,
    ),
    "traffic_noise": (
        "traffic",
        """
        trafikbuller|buller från trafik|motorbuller|motorljud|hög musik i bil|bilmusik|
        högljudda fordon|fordonsbuller|störande körning|epamusik|traffic noise|vehicle noise
        """,
    ),
    "moped": (
        "traffic",
        """
        moped|mopeder|mopedkörning|a-traktor|a-traktorer|a traktor|atraktor|epa|epatraktor|
        epa-traktor|epor|moped/a-traktor|mopeder och a-traktorer|moped och a-traktor|
        crossmotorcykel|cross|fyrhjuling|elsparkcykel|elsparkcyklar|mopeds|
        mopeds and a-tractors
        """,
    ),
    "drink_driving": (
        "traffic",
        """
        rattfylleri|rattfylla|rattonykterhet|drograttfylleri|rattfull|påverkad förare|
        sjöfylleri|onykter förare|drink driving|drunk driving|dui
        """,
    ),
    "parking": (
        "traffic",
        """
        felparkering|felparkeringar|felparkerad|felparkerade bilar|parkering|parkeringsproblem|
        parkeringsöverträdelse|illegal parking
        """,
    ),
    "collision": (
        "traffic",
        """
        olycka|trafikolycka|trafikolycka, singel|trafikolycka, personskada|trafikolycka, vilt|
        trafikolycka, smitning från|singelolycka|viltolycka|smitning|krock|kollision|accident|
        crash|traffic accident|vållande till kroppsskada
        """,
    ),
    "littering": (
        "order",
        """
        nedskräpning|skräp|skräpigt|nerskräpning|sopor|dumpning|dumpat skräp|dumpade sopor|
        glaskross|krossat glas|miljöbrott|rubbish|garbage|illegal dumping|litter
        """,
    ),
    "vandalism": (
        "order",
        """
        skadegörelse|skadegörelser|vandalisering|förstörelse|sabotage|åverkan|glasruta krossad|
        krossad ruta|criminal damage|damage|skadegörelse, grov|grov skadegörelse
        """,
    ),
    "graffiti": (
        "order",
        """
        klotter|klottring|graffiti|skadegörelse/klotter|klotter/skadegörelse|tags|målning
        """,
    ),
    "disorder": (
        "order",
        """
        ordningsstörning|ordningsstörningar|oordning|bråk|ofog|ofog barn/ungdom|förargelse|
        ofredande/förargelse|förargelseväckande beteende|stök|stökigt|ungdomar|ungdomsgäng|
        ordningslagen|otrygghet|anti-social behaviour|antisocial behaviour|public order|
        störande ungdomar|ungdomsstök|hänger|lagen om hundar och katter|lösa hundar|
        olaga intrång|hemfridsbrott|olaga intrång/hemfridsbrott
        """,
    ),
    "noise": (
        "order",
        """
        störande ljud|störning|buller|oljud|hög musik|hög ljudnivå|fest|festande|skrik|stoj|
        störande musik|loud music|noise complaint|grannstörning
        """,
    ),
    "fire": (
        "order",
        """
        eldning|brand|bränder|anlagd brand|mordbrand|papperskorgsbrand|gräsbrand|bilbrand|eld|
        fyrverkeri|fyrverkerier|smällare|raketer|otillåten eldning|brand automatlarm|arson|
        fireworks|detonation
        """,
    ),
    "narcotics": (
        "narcotics",
        """
        narkotika|narkotikabrott|narkotika, innehav|droger|drog|knark|langning|drogförsäljning|
        narkotikaförsäljning|droghandel|narkotikahandel|drogmissbruk|drugs|drug dealing|kanyler|
        kanyl|sprutor|haschrökning
        """,
    ),
    "alcohol": (
        "alcohol",
        """
        alkohol|alkohol på allmän plats|fylleri|fylleri/lob|lob|berusade|berusade personer|
        berusning|ungdomsfylleri|drickande|alkohollagen|langning av alkohol|öldrickning|
        alcohol in public|drunkenness|public drinking
        """,
    ),
    "burglary": (
        "theft",
        """
        inbrott|inbrott, försök|inbrottsförsök|bostadsinbrott|villainbrott|fritidshusinbrott|
        källarinbrott|förrådsinbrott|bilinbrott|stöld/inbrott|larm inbrott|inbrott i bostad|
        inbrott i bil|inbrott i fritidshus|break-in|breaking and entering
        """,
    ),
    "theft": (
        "theft",
        """
        stöld|stölder|stöld, försök|stöld, ringa|snatteri|cykelstöld|bilstöld|fickstöld|
        tillgrepp|motorfordon, stöld|motorfordon, anträffat stulet|båtmotorstöld|båtstöld|
        bränslestöld|drivmedelsstöld|mopedstöld|häleri|shoplifting|larceny|stealing|
        stulen cykel|stöld ur fordon
        """,
    ),
    "violence": (
        "violence",
        """
        våld|våld och hot|hot|hot och våld|misshandel|misshandel, grov|grov misshandel|slagsmål|
        olaga hot|ofredande|rån|rån, försök|rån väpnat|rån övrigt|personrån|våldtäkt|
        våldtäkt, försök|sexualbrott|sexuellt ofredande|mord/dråp|mord/dråp, försök|
        våld/hot mot tjänsteman|larm överfall|knivlagen|vapenlagen|vapenbrott|skottlossning|
        skottlossning, misstänkt|skottlossning/explosion|bombhot|sedlighetsbrott|
        olaga frihetsberövande|robbery|assault|threat|threats|fight
        """,
    ),
    "other": (
        "other",
        """
        övrigt|övriga|annat|annan|övrig händelse|other|misc|diverse
        """,
    ),
}

_MOST_COMMON = 8


def squeeze(word: str) -> str:
    """Fold a word for comparison: case, runs of white space and outer punctuation do not count."""
    return re.sub(r"\s+", " ", word).strip(" .:;!\"'").casefold()


def known_categories() -> dict[str, Category]:
    """Give the categories known from the start, by key, each of its family and of weight 1."""
    return {key: Category(key, family) for key, (family, _) in _KNOWN.items()}


def known_words() -> dict[str, str]:
    """Give the category of every word known from the start, the words squeezed.

    A category's own key is a word for it, with and without its underscores.
    """
    words = {}
    for key, (_, listed) in _KNOWN.items():
        for word in (key, key.replace("_", " "), *listed.split("|")):
            words[squeeze(word)] = key
    return words


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The categories in force, and the category of each word that a source may use.

    ``words`` are squeezed. A word with a comma that is not known as a whole is tried up to its
    first comma: "Trafikolycka, buss" is a "Trafikolycka".
    """

    categories: Mapping[str, Category]
    words: Mapping[str, str]

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The categories' keys, in a stable order."""
        return tuple(self.categories)

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {key: i for i, key in enumerate(self.keys)}

    def find(self, word: str) -> str | None:
        """Give the category of a word, or None where it is not known."""
        folded = squeeze(word)
        return self.words.get(folded) or self.words.get(folded.partition(",")[0].strip())

    def read(self, words: pd.Series) -> tuple[NDArray[np.int32], dict[str, int]]:
        """Read a column of words as positions in ``keys``.

        Missing or blank is -1, a word that is not known -2. The second value counts the words
        that are not known, the most common first.
        """
        codes, distinct = pd.factorize(words)
        positions = np.full(len(distinct) + 1, -1, dtype=np.int32)  # the last is for missing ones
        for i, word in enumerate(distinct):
            text = str(word)
            if not squeeze(text):
                continue
            key = self.find(text)
            positions[i] = -2 if key is None else self._positions[key]
        found = positions[codes]
        unknown: Counter[str] = Counter()
        counts = np.bincount(codes[codes >= 0], minlength=len(distinct))
        for i in np.flatnonzero(positions[:-1] == -2).tolist():  # noqa: PLR2004 - said above
            unknown[" ".join(str(distinct[i]).split())] += int(counts[i])
        return found, dict(sorted(unknown.items(), key=lambda item: (-item[1], item[0])))


def most_common(counts: Mapping[str, int], n: int = _MOST_COMMON) -> str:
    """Write the most common words with their counts: ``"Elsparkcykel (12), Kråkor (3)"``."""
    shown = [f"{word} ({count})" for word, count in list(counts.items())[:n]]
    return ", ".join(shown) + (" …" if len(counts) > n else "")


def merge_words(own: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Give the words known from the start with a project's own (word, category) put over them."""
    words = known_words()
    words.update((squeeze(word), key) for word, key in own)
    return words
