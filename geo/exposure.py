"""What events are measured against: inhabitants of cells, days of a bathing season."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from geo.pieces import numbered

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geo.cells import Cells

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Dates = NDArray[np.datetime64]

SEASON_OPENS = (6, 21)
SEASON_CLOSES = (8, 20)
"""The Swedish bathing season, month and day: 21 June to 20 August, the longest in the country
("som längst mellan 21 juni och 20 augusti", Havs- och vattenmyndigheten, Fakta om badvatten, on
its regulation HVMFS 2012:14). Elsewhere it is shorter (Jönköping, 2018: 1 July to 15 August):
where the source gives a site's own dates, take those."""

_ROUND = 1e-9


@dataclass(frozen=True, eq=False)
class Spread:
    """Amounts shared out over cells: ``per_cell``, and the sum that lies ``outside`` them all."""

    per_cell: Floats
    outside: float


def spread_over_cells(shapes: NDArray[np.object_], values: Floats, cells: Cells) -> Spread:
    """Share each shape's value (inhabitants, say) among the cells in proportion to its area there.

    ``shapes`` are polygons or points in metres, ``values`` are not negative. A point gives all to
    the cell that holds it, several points (a multipoint) an equal part each; lines are not taken.
    What is inside is conserved: ``per_cell`` and
    ``outside`` sum to the values. A cell takes part as a whole, also where the study area's
    border cuts it. Polygons that overlap count twice where they do.

    Area weighting assumes that people live evenly within each polygon, which large polygons with
    one village belie: take the smallest there are (grid squares before DeSO areas).
    """
    values = np.asarray(values, dtype=np.float64)
    per_cell = np.zeros(len(cells))
    drawn = shapely.area(shapes) > 0.0
    dots = np.flatnonzero(shapely.get_dimensions(shapes) == 0)
    points, of = shapely.get_parts(shapes[dots], return_index=True)
    points, of = points[~shapely.is_empty(points)], of[~shapely.is_empty(points)]
    at = cells.locate(shapely.get_x(points), shapely.get_y(points))
    part = values[dots][of] / np.bincount(of, minlength=len(dots))[of]
    np.add.at(per_cell, at[at >= 0], part[at >= 0])
    if drawn.any():
        found = np.flatnonzero(drawn)
        square = cells.grid is not None and cells.grid.kind == "square"
        boxes = _are_boxes(shapes[found]) if square else np.zeros(len(found), dtype=bool)
        for some, share in (
            (found[boxes], _share_of_boxes),
            (found[~boxes], _share_of_polygons),
        ):
            if len(some):
                shape, cell, part = share(shapes[some], cells)
                np.add.at(per_cell, cell, values[some][shape] * part)
    return Spread(per_cell, max(float(values.sum() - per_cell.sum()), 0.0))


def _are_boxes(shapes: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Mark upright rectangles, as the squares of population grids are."""
    west, south, east, north = shapely.bounds(shapes).T
    whole = (east - west) * (north - south)
    return np.asarray(shapely.area(shapes) >= whole * (1.0 - _ROUND))


def _share_of_boxes(shapes: NDArray[np.object_], cells: Cells) -> tuple[Ints, Ints, Floats]:
    """Give box, cell and the part of the box in it, by lengths along the axes; squares only."""
    grid, _, _ = cells.lattice
    west, south, east, north = shapely.bounds(shapes).T / grid.size
    c, r = np.floor(west).astype(np.int64), np.floor(south).astype(np.int64)
    wide = np.maximum(np.ceil(east).astype(np.int64) - c, 1)
    high = np.maximum(np.ceil(north).astype(np.int64) - r, 1)
    count = wide * high
    box, within = numbered(count)
    right, up = within % wide[box], within // wide[box]
    c, r = c[box] + right, r[box] + up
    length = np.minimum(east[box], c + 1.0) - np.maximum(west[box], c)
    height = np.minimum(north[box], r + 1.0) - np.maximum(south[box], r)
    part = length * height / ((east - west) * (north - south))[box]
    cell = cells.locate(*grid.centres(c, r))
    inside = cell >= 0
    return box[inside], cell[inside], part[inside]


def _share_of_polygons(shapes: NDArray[np.object_], cells: Cells) -> tuple[Ints, Ints, Floats]:
    """Give polygon, cell and the part of the polygon in it; only at its edges is it overlaid."""
    shapely.prepare(shapes)
    tree = shapely.STRtree(cells.polygons)
    shape, cell = tree.query(shapes, predicate="intersects")
    polygons = cells.polygons[cell]
    area = shapely.area(polygons)
    edge = ~shapely.covers(shapes[shape], polygons)
    area[edge] = shapely.area(shapely.intersection(shapes[shape[edge]], polygons[edge]))
    return shape, cell, np.asarray(area / shapely.area(shapes)[shape], dtype=np.float64)


def rate(
    events: Floats | Ints, exposure: Floats, *, per: float = 1000.0, floor: float = 1.0
) -> Floats:
    """Give events per so many units of exposure; NaN where exposure is below the floor.

    Where few live the rate of one event is high: see ``smoothed_rate``.
    """
    known = (exposure >= floor) & (exposure > 0.0)
    answer = np.full(len(events), np.nan)
    answer[known] = events[known] * per / exposure[known]
    return answer


def smoothed_rate(events: Floats | Ints, exposure: Floats, *, per: float = 1000.0) -> Floats:
    """Give empirical Bayes rates: each cell's own rate, drawn to the area's where it knows little.

    Marshall (1991), global: with mean rate m and the variance A of the true rates, both estimated
    by moments, a cell of exposure e keeps ``A / (A + m / e)`` of its own rate's distance from m.
    Where rates vary no more than chance gives, A is 0 and all get m. NaN without exposure.
    """
    known = exposure > 0.0
    n, held = events[known].astype(np.float64), exposure[known]
    answer = np.full(len(events), np.nan)
    if not len(n):
        return answer
    mean = n.sum() / held.sum()
    own = n / held
    spread = (held * (own - mean) ** 2).sum() / held.sum() - mean / held.mean()
    between = max(float(spread), 0.0)
    weight = between / np.maximum(between + mean / held, 1e-300)
    answer[known] = per * (mean + weight * (own - mean))
    return answer


def season_days(
    opens: tuple[int, int], closes: tuple[int, int], period: tuple[np.datetime64, np.datetime64]
) -> int:
    """Count the days of a yearly season (month and day, both included) within a period of dates.

    ``period`` is its first and last date, both included. A season may reach over New Year.
    """
    first, last = (date.astype("datetime64[D]") for date in period)
    return int(in_season(np.arange(first, last + np.timedelta64(1, "D")), opens, closes).sum())


def in_season(
    dates: Dates, opens: tuple[int, int] = SEASON_OPENS, closes: tuple[int, int] = SEASON_CLOSES
) -> NDArray[np.bool_]:
    """Mark the dates in a yearly season, both its ends included; no date is in none."""
    day = dates.astype("datetime64[D]")
    month = day.astype("datetime64[M]")
    known = ~np.isnat(day)
    of_year = np.zeros(len(day), dtype=np.int64)
    of_year[known] = (month[known].astype(np.int64) % 12 + 1) * 100 + (
        day[known] - month[known].astype("datetime64[D]")
    ).astype(np.int64)
    of_year[known] += 1
    start, end = (m * 100 + d for m, d in (opens, closes))
    after, before = of_year >= start, of_year <= end
    return np.asarray(known & (after & before if start <= end else after | before))


@dataclass(frozen=True, eq=False)
class SeasonRates:
    """Events in the season near each site: ``n``, the season's ``days``, and ``n`` a day.

    ``per_day`` is NaN where the period holds no day of the site's season.
    """

    n: Ints
    days: Ints
    per_day: Floats


def season_rates(
    sites: NDArray[np.object_],
    events: tuple[Floats, Floats],
    dates: Dates,
    *,
    period: tuple[np.datetime64, np.datetime64],
    reach_m: float = 500.0,
    opens: tuple[tuple[int, int], ...] | None = None,
    closes: tuple[tuple[int, int], ...] | None = None,
) -> SeasonRates:
    """Give each bathing site's events within reach per day of the bathing season.

    ``sites`` are points or polygons and ``events`` x and y, in metres; ``dates`` one an event (NaT
    where unknown: such an event counts nowhere, since nobody knows whether it was in the season).
    ``period`` is the first and last date of the events; a season of which it holds a part counts
    with that part.
    ``opens`` and ``closes`` are month and day for each site, both included (None: the country's
    longest season, ``SEASON_OPENS``). An event near two sites counts for both. Per day, so that
    sites with long and short seasons, and periods of several summers, can be compared; not per
    bather, of whom nobody knows the number.
    """
    count = len(sites)
    opens = (SEASON_OPENS,) * count if opens is None else opens
    closes = (SEASON_CLOSES,) * count if closes is None else closes
    first, last = (date.astype("datetime64[D]") for date in period)
    day = dates.astype("datetime64[D]")
    usable = np.flatnonzero((day >= first) & (day <= last))
    n, days = np.zeros((2, count), dtype=np.int64)
    tree = shapely.STRtree(np.asarray(shapely.points(events[0][usable], events[1][usable])))
    site, event = tree.query(sites, predicate="dwithin", distance=reach_m)
    for i in range(count):
        mine = usable[event[site == i]]
        n[i] = in_season(day[mine], opens[i], closes[i]).sum()
        days[i] = season_days(opens[i], closes[i], period)
    return SeasonRates(n, days, rate(n, days.astype(np.float64), per=1.0))
