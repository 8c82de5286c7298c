"""Follows hotspots through the months: what each month found, and what is the same place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain, count
from typing import TYPE_CHECKING, Any

import numpy as np

from geo.hotspots import methods
from geo.hotspots.claims import rerun_cost
from geo.months import month_text
from geo.note import Note
from maps.situation import ALL, Followed, View

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from maps.views import Views

    Ints = NDArray[np.int64]

SHOWN = 24
"""Months of the history that are told, that of the meeting included."""
WORK = 10_000_000
"""How many cells the earlier months may go through, on all maps together.

A measure of work and not of time, so that the same input gives the same answer everywhere."""
_YEAR = 12
_TOLD = (
    "id", "family", "rank", "place", "cells", "geometry", "n", "expected", "ratio", "p", "q",
    "area_m2",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Trace:
    """A place as it was last seen: in which cells, since when, and how many months in a row."""

    id: str
    first: int
    last: int
    running: int
    cells: Ints


@dataclass(frozen=True, eq=False)
class History:
    """The maps with the ids of their places, the places of the months that are told, and notes."""

    views: tuple[View, ...]
    told: tuple[Followed, ...] = ()
    notes: tuple[Note, ...] = ()


def follow(views: Views, built: Sequence[View]) -> History:
    """Find the hotspots of every earlier month as its own build would, and say which are the same.

    A month has a history where a whole period of the statistics ends with it. It is asked the way
    this month is, of the events that are known now: a report that came late changes the past.
    Linking (``link``) begins with the first such month and goes forwards, so a place has the same
    ``place_id`` whichever month is built, as long as the data begin in the same month. Where that
    is more than ``WORK``, it begins with a January instead, and a note says so: ids of places
    older than that may be other ones the year after. ``SHOWN`` months are told.

    Methods that look at single points, at time itself or at all families together have no history;
    a place's id is then that of its hotspot.
    """
    first, notes = _first(views, built[0])
    if first == views.month:
        own = tuple(_with_ids(view, [one.id for one in view.hotspots]) for view in built)
        return History(own, (), notes)
    method = methods()[built[0].method]
    earlier = range(first, views.month)
    used: dict[int, dict[str, Mapping[str, Any]]] = {month: {} for month in earlier}
    occurring = {month: (ALL, *views.families_by_count(views.month - month)) for month in earlier}
    now = {view.family: view for view in built}
    told: list[Followed] = []
    for family in dict.fromkeys(name for names in (*occurring.values(), now) for name in names):
        known: dict[str, Trace] = {}
        _, events = views.of_family(family)
        for month in (month for month in earlier if family in occurring[month]):
            claim = views.claim(events, method, used[month], views.month - month)
            groups = [own for own, _ in claim.places()]
            n = claim.evidence.n
            ids = [views.spot_id(family, own, n) for own in groups]
            traces = dict(zip(ids, link(known, groups, ids, n, month), strict=True))
            if month > views.month - SHOWN:
                spots = views.spots(family, groups, claim)
                told += [_followed(spot, traces[spot["id"]]) for spot in spots]
        if family in now:
            spots = [{name: getattr(one, name) for name in _TOLD} for one in now[family].hotspots]
            groups, ids = [spot["cells"] for spot in spots], [spot["id"] for spot in spots]
            last = link(known, groups, ids, now[family].columns["n"], views.month)
            told += [_followed(spot, trace) for spot, trace in zip(spots, last, strict=True)]
            now[family] = _with_ids(now[family], [trace.id for trace in last])
    told.sort(key=lambda one: (one.month, one.family != ALL, one.family, one.rank))
    return History(tuple(now.values()), tuple(told), notes)


def link(
    known: dict[str, Trace], groups: Sequence[Ints], ids: Sequence[str], n: Ints, month: int
) -> list[Trace]:
    """Say which place each of a month's groups of cells is, and note in ``known`` that it was seen.

    A group is the place that lay on the same cells. Where several places or groups meet, those
    that were there the month before go first, then the last seen; among them the pair that shares
    most of this month's events (``n`` by cell), then the older place. So of a place that splits
    the part with most of its events keeps the name, of places that merge the one that brings most
    events, and a place that was gone is itself again if it comes back to the same ground and no
    other has it. What is left is new, and called by its id in ``ids`` (with a number where a place
    that has moved on is called so). The order of the groups plays no part.
    """
    group_of = np.full(len(n), -1, dtype=np.int64)
    for i, own in enumerate(groups):
        group_of[own] = i
    pairs = []
    for trace in known.values():
        at = group_of[trace.cells]
        shared = np.bincount(at[at >= 0], n[trace.cells[at >= 0]], minlength=len(groups))
        pairs += [
            (-trace.last, -shared[i], trace.first, trace.id, int(groups[i][0]), i)
            for i in np.flatnonzero(shared).tolist()
        ]
    same: dict[int, Trace] = {}
    for *_, name, _, i in sorted(pairs):
        if i not in same and known[name].last < month:
            before = known[name]
            running = before.running + 1 if before.last == month - 1 else 1
            same[i] = known[name] = replace(before, last=month, running=running, cells=groups[i])
    for i in sorted(set(range(len(groups))) - set(same), key=lambda i: ids[i]):
        name = _free(ids[i], known)
        same[i] = known[name] = Trace(name, month, month, 1, groups[i])
    return [same[i] for i in range(len(groups))]


def _first(views: Views, everything: View) -> tuple[int, tuple[Note, ...]]:
    """Give the month in which linking begins, that of the meeting where nothing is before it."""
    span, window, month = views.everything.cube.span, views.window, views.month
    if span is None or window is None or not everything.method:
        return month, ()
    first = month - (window[0] - span[0])
    if first >= month:
        return month, ()
    method = methods()[everything.method]
    points = method.uses_points(views.wish.methods[method.name])
    if points or method.together or method.by_month:
        return month, (Note("history_not_of", {"method": method.name}),)
    _, events = views.of_family(ALL)
    now = views.claim(events, method, {}, 0)
    cost = rerun_cost(now.result.used, now.evidence) * len(views.cells)
    maps = 1 + len({views.family_of(name) for name in views.everything.cube.categories})
    affordable = month - int(WORK / (cost * maps))
    if affordable > first:
        first = -(-affordable // _YEAR) * _YEAR
        if first >= month:
            return month, (Note("history_too_large"),)
        notes = [Note("history_from", {"month": month_text(first)})]
    else:
        notes = []
    if month - first >= SHOWN:
        notes.append(Note("history_shown", {"n": SHOWN, "of": month - first + 1}))
    return first, tuple(notes)


def _free(name: str, known: Mapping[str, Trace]) -> str:
    """Give a name that no place has."""
    names = chain([name], (f"{name}-{i}" for i in count(2)))
    return next(one for one in names if one not in known)


def _with_ids(view: View, ids: Sequence[str]) -> View:
    """Tell the hotspots of a map which places they are."""
    pairs = zip(view.hotspots, ids, strict=True)
    return replace(view, hotspots=tuple(replace(one, place_id=name) for one, name in pairs))


def _followed(spot: Mapping[str, Any], trace: Trace) -> Followed:
    """Tell of a place as it was last seen."""
    return Followed(
        month=trace.last,
        place_id=trace.id,
        first_seen=trace.first,
        months_running=trace.running,
        **{name: spot[name] for name in _TOLD},
    )
