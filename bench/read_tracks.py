"""Reads patrol tracks as a build does: ``read_tracks.py PROJECT.toml SQUARES.csv``.

Writes the minutes of squares of 100 m, and prints how many positions were read and accepted, and
how many combinations of square, month and hour of the week there are.
"""

from __future__ import annotations

import sys
from pathlib import Path

from layers.project import load_project
from layers.reading import read_project_layers

if __name__ == "__main__":
    layer = read_project_layers(load_project(Path(sys.argv[1])))[1]
    layer.table.to_csv(sys.argv[2], index=False)
    print(layer.report.read, layer.report.accepted, len(layer.presence))
