"""What can go wrong, said so that the reader can mend it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, where it is, and what mends it.

    ``where`` is what the reader can point at: ``reports.csv row 17``, ``lagesbild.toml [grid]``.
    ``what`` says "expected …, found …" in plain English; ``cure`` names the option or the edit.
    """

    where: str
    what: str
    cure: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" + (f"\n    {self.cure}" if self.cure else "")


class LagesbildError(Exception):
    """A wish that cannot be carried out; the command line shows it and exits with 1.

    ::

        LagesbildError
        ├── ProjectError   the project file asks for something that cannot be
        ├── SourceError    a file cannot be read as what it is said to be
        ├── PlaceError     coordinates cannot be placed on the ground
        └── OutputError    a result cannot be written

    Every error carries all the problems that were found, not only the first.
    """

    def __init__(self, headline: str, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(headline)
        self.headline = headline
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join([self.headline, *(f"  {problem}" for problem in self.problems)])


class ProjectError(LagesbildError):
    """The project file asks for something that cannot be."""


class SourceError(LagesbildError):
    """A file cannot be read as what it is said to be."""


class PlaceError(LagesbildError):
    """Coordinates cannot be placed on the ground."""


class OutputError(LagesbildError):
    """A result cannot be written."""
