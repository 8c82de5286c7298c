"""Plain counts: what was reported where, without any claim."""

from __future__ import annotations

from geo.hotspots.method import Evidence, Method, Result


def run(evidence: Evidence) -> Result:
    """Answer with nothing more than the counts that every table of cells holds anyway."""
    del evidence
    return Result(columns={})


METHOD = Method(
    name="count",
    summary="Events per cell as they are. Claims nothing: a high count can be chance.",
    source="-",
    columns=(),
    run=run,
    score="n",
    order=10,
)
