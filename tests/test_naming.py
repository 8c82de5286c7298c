"""Places get the name that a resident would use."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely
from situations import layer

from maps.naming import Gazetteer, tell_apart
from maps.phrases import distance, place_name
from maps.situation import PlaceName
from maps.words import words


def gazetteer(*, places=True):
    """A town of 300 ha at the origin, a bathing site 5 km north, the E18 2 km south."""
    site = layer(
        "bathing_sites",
        pd.DataFrame({"id": ["1"], "name": ["Lanna  badgruva"]}),
        shapely.points([(0.0, 5000.0)]),
    )
    towns = layer(
        "places",
        pd.DataFrame(
            {"id": ["1", "2"], "name": ["Fjugesta", "Mullhyttan"], "area_ha": [300.0, np.nan]}
        ),
        shapely.points([(0.0, 0.0), (-12_000.0, 0.0)]),
    )
    roads = layer(
        "background",
        pd.DataFrame(
            {"id": ["1", "2"], "class": ["road_major", "water"], "name": ["E18", "Multen"]}
        ),
        np.array(
            [
                shapely.LineString([(-20_000, -2000), (20_000, -2000)]),
                shapely.Point(8000, 8000).buffer(500),
            ],
            dtype=object,
        ),
    )
    spots = layer(
        "traffic_spots",
        pd.DataFrame({"id": ["1", "2", "3"], "place": ["Backen", "Backen", None]}),
        shapely.points([(100.0, 5000.0), (300.0, 5000.0), (0.0, 4990.0)]),
    )
    return Gazetteer.of([site, spots, *([towns] if places else [])], [roads])


@pytest.mark.parametrize(
    ("x", "y", "expected", "english"),
    [
        (120, 5100, "Lanna badgruva", "Lanna badgruva"),
        (50, 80, "Fjugesta", "Fjugesta"),
        (0, 800, "Fjugesta, norra delen", "Fjugesta, northern part"),
        (-700, -650, "Fjugesta, sydvästra delen", "Fjugesta, south-western part"),
        (2000, -2050, "E18 vid Fjugesta", "E18 near Fjugesta"),
        (9000, -2050, "E18, 9\u00a0km Ö om Fjugesta", "E18, 9\u00a0km E of Fjugesta"),
        (-13_500, -1400, "2\u00a0km SV om Mullhyttan", "2\u00a0km SW of Mullhyttan"),
        (8000, 8000, "8,5\u00a0km Ö om Lanna badgruva", "8.5\u00a0km E of Lanna badgruva"),
    ],
)
def test_a_place_is_named_after_what_is_there(x, y, expected, english):
    """Bathing site, locality and its part, road, else distance and direction."""
    spot = shapely.Point(x, y).buffer(60)
    found = gazetteer().name(spot, x, y, "500m", slack_m=125)
    assert place_name(found, words("sv")) == expected
    assert place_name(found, words("en")) == english


def test_without_any_names_the_cell_is_the_name():
    """Nothing near and no localities: the cell's id."""
    spot = shapely.Point(9000, 9000).buffer(60)
    found = Gazetteer.of([], []).name(spot, 9000, 9000, "500mN1E2", slack_m=125)
    assert place_name(found, words("sv")) == "Ruta 500mN1E2"
    road = gazetteer(places=False).name(
        shapely.Point(0, -2000).buffer(9), 0, -2000, "c", slack_m=50
    )
    assert place_name(road, words("sv")) == "E18, 7\u00a0km S om Lanna badgruva"


def test_traffic_is_named_after_the_road_before_the_bathing_site():
    """Speeding on the road past a bathing site is the road's."""
    roads = layer(
        "background",
        pd.DataFrame({"id": ["1"], "class": ["road_major"], "name": ["204"]}),
        np.array([shapely.LineString([(-900, 5100), (900, 5100)])], dtype=object),
    )
    near = gazetteer()
    both = Gazetteer.of(
        [
            layer(
                "bathing_sites",
                pd.DataFrame({"id": ["1"], "name": ["Badet"]}),
                shapely.points([(0.0, 5000.0)]),
            )
        ],
        [roads],
    )
    spot = shapely.Point(0, 5050).buffer(60)
    assert both.name(spot, 0, 5050, "c", slack_m=50).base == "Badet"
    road = both.name(spot, 0, 5050, "c", slack_m=50, roads_first=True)
    assert place_name(road, words("sv")) == "204 vid Badet"
    assert near.name(spot, 0, 5050, "c", slack_m=50, roads_first=True).base == "Lanna badgruva"


def test_a_part_of_a_street_is_named_after_the_street_and_what_is_nearest():
    """Near by, far off, and where nothing else has a name."""
    said = [
        place_name(found.on_road("Storgatan", x, 0.0), words("sv"))
        for found, x in ((gazetteer(), 500.0), (gazetteer(), 6000.0))
    ]
    assert said == ["Storgatan vid Fjugesta", "Storgatan, 6\u00a0km Ö om Fjugesta"]
    nameless = Gazetteer.of([], [])
    assert nameless.on_road("Storgatan", 0.0, 0.0) == PlaceName("at", "Storgatan")


def test_what_is_near_is_listed_once_and_nearest_first():
    """Two reports of one traffic spot are one entry, the nearest; far ones are not in."""
    spot = shapely.Point(0, 5000).buffer(50)
    found = [(n.kind, n.name, round(n.distance_m)) for n in gazetteer().near(spot, 500, 5)]
    assert found == [("bathing_sites", "Lanna badgruva", 0), ("traffic_spots", "Backen", 50)]
    assert gazetteer().near(shapely.Point(0, 20_000), 500, 5) == ()


def test_places_that_would_share_a_name_are_numbered():
    """The second Fjugesta is Fjugesta (2); different parts need no number."""
    same = [
        PlaceName("at", "Fjugesta"),
        PlaceName("part", "Fjugesta", "n"),
        PlaceName("at", "Fjugesta"),
    ]
    assert [place_name(p, words("sv")) for p in tell_apart(same)] == [
        "Fjugesta",
        "Fjugesta, norra delen",
        "Fjugesta (2)",
    ]


@pytest.mark.parametrize(
    ("metres", "text"),
    [
        (20, "50 m"),
        (349, "350 m"),
        (940, "950 m"),
        (1240, "1 km"),
        (1260, "1,5 km"),
        (11_600, "12 km"),
    ],
)
def test_distances_are_said_as_a_person_would(metres, text):
    """To 50 m, then to half kilometres, then to whole ones."""
    assert distance(metres, words("sv")).replace("\u00a0", " ") == text
