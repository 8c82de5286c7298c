"""Compares two results cell by cell. Usage: ``compare.py ONE.gpkg OTHER.gpkg CELL_SIZE``.

Prints the number of cells and the largest difference of Gi* z. Fails where the two have other
cells or other counts: then a comparison means nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyogrio


def cells(path: Path, size: float) -> pd.DataFrame:
    """Read a result's cells: count and z, by the cell's column and row in the grid."""
    frame = pyogrio.read_dataframe(path, layer="cells", columns=["n", "gi_z"])
    centre = frame.geometry.centroid
    keys = [np.floor(centre.x / size).astype(int), np.floor(centre.y / size).astype(int)]
    table = pd.DataFrame(frame[["n", "gi_z"]])
    return table.set_index(pd.MultiIndex.from_arrays(keys)).sort_index()


def disagreement(one: pd.DataFrame, other: pd.DataFrame) -> float:
    """Give the largest difference of z over all cells."""
    if not one.index.equals(other.index):
        sys.exit(f"other cells: {len(one)} and {len(other)}")
    if (one["n"] != other["n"]).any():
        sys.exit(f"other counts in {(one['n'] != other['n']).sum()} of {len(one)} cells")
    return float((one["gi_z"] - other["gi_z"]).abs().max())


if __name__ == "__main__":
    size_m = float(sys.argv[3])
    first, second = (cells(Path(name), size_m) for name in sys.argv[1:3])
    print(len(first), disagreement(first, second))
