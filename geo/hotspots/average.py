"""Average: how many events a month a cell has held for as long as the data reach back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo.hotspots.method import Evidence, Method, Result
from geo.note import Note
from geo.schema import Column

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

AVERAGE = Column("average", "real")


def known_months(evidence: Evidence) -> Ints:
    """List the months up to the period's end of which something is known; none without dates."""
    if evidence.months is None:
        return np.zeros(0, dtype=np.int64)
    last = evidence.months[1]
    return np.array(sorted(m for m in evidence.known_months if m <= last), dtype=np.int64)


def run(evidence: Evidence) -> Result:
    """Divide the events of each cell by the number of months of which something is known.

    All months up to the period's end, also those before the period. Claims nothing. A place that
    has become quiet lives on in its average, and events without a date are not counted.
    """
    months = known_months(evidence)
    cube = evidence.cube
    if cube is None or not len(months):
        empty = np.full(len(evidence.cells), np.nan)
        note = Note("average_no_months", {}, "warning")
        return Result({AVERAGE.name: empty}, enough=False, notes=(note,))
    within = np.isin(cube.month, months)
    n = np.bincount(cube.cell[within], weights=cube.n[within], minlength=cube.cells)
    return Result({AVERAGE.name: n / len(months)}, facts={"months": len(months)})


METHOD = Method(
    name="average",
    summary="Events a month in the long run. Claims nothing.",
    source="-",
    columns=(AVERAGE,),
    run=run,
    score=AVERAGE.name,
    by_month=True,
    resamples=False,
    order=15,
)
