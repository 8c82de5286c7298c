"""The page beside folium's own ways of showing the same events: how large, how soon ready.

Makes seeded events, our page of them with every map analysed, and folium's HeatMap,
FastMarkerCluster and GeoJson of them; opens each in Chromium in turn, and prints a table a number
of events. Ends with 1 when a bar is missed. Needs the test extra, Chromium and npm.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from functools import partial
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import folium
import folium.plugins
from measure import LAGESBILD, ROOT, run
from playwright.sync_api import TimeoutError as Late
from pyproj import Transformer

sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from pages import browser  # noqa: E402 - the tests' own browser and events
from situations import many_events, million  # noqa: E402 - the same

from maps.html import write_page  # noqa: E402 - the same

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from playwright.sync_api import Browser, Page

    from layers.layer import Events

PACKAGES = (
    "leaflet@1.9.3",
    "jquery@3.7.1",
    "bootstrap@5.2.2",
    "leaflet.awesome-markers@2.0.5",
    "leaflet.markercluster@1.1.0",
)
"""What folium's pages load; the versions that it names, but for the markers (2.0.2 there)."""

FILES = {
    "leaflet.js": "leaflet/dist/leaflet.js",
    "leaflet.css": "leaflet/dist/leaflet.css",
    "jquery-3.7.1.min.js": "jquery/dist/jquery.min.js",
    "bootstrap.bundle.min.js": "bootstrap/dist/js/bootstrap.bundle.min.js",
    "bootstrap.min.css": "bootstrap/dist/css/bootstrap.min.css",
    "leaflet.awesome-markers.js": "leaflet.awesome-markers/dist/leaflet.awesome-markers.js",
    "leaflet.awesome-markers.css": "leaflet.awesome-markers/dist/leaflet.awesome-markers.css",
    "leaflet.markercluster.js": "leaflet.markercluster/dist/leaflet.markercluster.js",
    "MarkerCluster.css": "leaflet.markercluster/dist/MarkerCluster.css",
    "MarkerCluster.Default.css": "leaflet.markercluster/dist/MarkerCluster.Default.css",
}

NOT_NEEDED = ("bootstrap-glyphicons.css", "all.min.css", "leaflet.awesome.rotate.min.css")
"""Fonts of icons and turned icons: served empty."""

OURS = "lagesbild"
PATIENCE_S = 180
"""A page that is not ready by then is taken never to be."""
COMPARED_FROM = 100_000
MOST_AS_GEOJSON = 100_000
DEMO_BARS = (700_000, 1000.0)
MILLION_BARS = (2_500_000, 2000.0)
FILTER_BAR_MS = 100.0

_READY = """
  const frames = () => requestAnimationFrame(() => requestAnimationFrame(() => {
    document.documentElement.dataset.measured = performance.now();
  }));
  addEventListener("load", () => {
    const page = document.documentElement;
    if (!document.getElementById("content") || page.hasAttribute("data-ready")) return frames();
    new MutationObserver((_, observer) => {
      if (!page.hasAttribute("data-ready")) return;
      observer.disconnect();
      frames();
    }).observe(page, { attributes: true });
  });
"""
"""Ready: the second frame after folium's page is loaded, and after ours says that it is ready."""

_ZOOM = """() => setTimeout(() => {
  const shown = Object.keys(window).map((key) => window[key]).find((one) => one instanceof L.Map);
  const begin = performance.now();
  shown.setZoom(shown.getZoom() + 1, { animate: false });
  requestAnimationFrame(() => requestAnimationFrame(() => {
    document.documentElement.dataset.zoomed = performance.now() - begin;
  }));
})"""

_FILTER = """() => setTimeout(async () => {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const pause = () => new Promise((done) => setTimeout(done, 400));
  const days = document.querySelectorAll("#filters .toggles button");
  const times = [];
  for (const [i, day] of [...days].slice(0, 6).entries()) {
    const begin = performance.now();
    day.click();
    await frame();
    await frame();
    if (i) times.push(performance.now() - begin);
    await pause();
  }
  document.documentElement.dataset.filtered = times.sort((a, b) => a - b)[2];
})"""
"""Leave out a weekday, then another, until the second frame: the third of five, after a first."""


@dataclass
class Measured:
    """One page: its bytes, and of every time it was opened, milliseconds of each measure."""

    size: int
    times: dict[str, list[float]] = field(default_factory=dict)

    def median(self, name: str) -> float:
        """Give the median of a measure; infinite where the page was never ready."""
        return statistics.median(self.times.get(name) or [math.inf])


def told(page: Page, name: str) -> float:
    """Wait for a number that a page writes on its root element; it may be long unable to answer."""
    page.wait_for_selector(f"html[data-{name}]", state="attached")
    return float(page.evaluate("(name) => document.documentElement.dataset[name]", name))


def ready_ms(page: Page) -> float:
    """Take the time from the start of the navigation until the page is ready and shown."""
    return told(page, "measured")


def zoom_ms(page: Page) -> float:
    """Step one level in, until the second frame."""
    page.evaluate(_ZOOM)
    return told(page, "zoomed")


def filter_ms(page: Page) -> float:
    """Take a weekday out of the choice: count, test, name and draw anew, until the second frame."""
    page.evaluate(_FILTER)
    return told(page, "filtered")


ON_ALL: dict[str, Callable[[Page], float]] = {"ready": ready_ms, "zoom": zoom_ms}
"""What is measured on every page, in this order."""
ON_OURS: dict[str, Callable[[Page], float]] = {"filter": filter_ms}
"""What is measured on our pages besides, as only they can do it; joins the table as a column."""


def main() -> int:
    """Make the pages, open them in turn, print tables, and say which bars were missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    sizes = [10_000, 100_000, 1_000_000]
    parser.add_argument("--events", type=int, nargs="+", default=sizes)
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    missed: list[str] = []
    with tempfile.TemporaryDirectory() as made, browser() as chromium:
        folder = Path(made)
        fetch(folder)
        opened = partial(measure, chromium, repeats=asked.repeats)
        run([*LAGESBILD, "demo", "demo"], folder)
        path = next((folder / "demo" / "out").glob("*/karta.html"))
        demo = opened({"demo": path}, {"demo": path.stat().st_size})["demo"]
        missed += over("the demo", demo, DEMO_BARS)
        print(f"demo: {demo.size / 1e3:.0f} kB, ready in {demo.median('ready'):.0f} ms")
        for n in asked.events:
            found = opened(*write_pages(n, folder))
            show(n, found)
            ours = found[OURS]
            if n >= COMPARED_FROM:
                for name, peer in found.items():
                    if name != OURS:
                        missed += over(f"{n:,} / {name}", ours, (peer.size, peer.median("ready")))
            if n == max(sizes):
                missed += over(f"{n:,}", ours, MILLION_BARS)
                missed += [f"{n:,}: filter"] if ours.median("filter") > FILTER_BAR_MS else []
    print(f"\nmissed: {'; '.join(missed)}" if missed else "\nall bars kept")
    return 1 if missed else 0


def over(what: str, page: Measured, bars: tuple[float, float]) -> list[str]:
    """Say which of the bars on bytes and on milliseconds until ready a page is over."""
    size, ready = bars
    return [
        *([f"{what}: size"] if page.size > size else []),
        *([f"{what}: ready"] if not page.median("ready") <= ready else []),
    ]


def fetch(folder: Path) -> None:
    """Put what folium's pages load into ``assets`` beside them."""
    words = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), *PACKAGES]
    subprocess.run(words, check=True, capture_output=True, timeout=300)
    beside, modules = folder / "assets", folder / "node_modules"
    beside.mkdir()
    for name, path in FILES.items():
        shutil.copy(modules / path, beside / name)
    for path in ("leaflet/dist/images", "leaflet.awesome-markers/dist/images"):
        shutil.copytree(modules / path, beside / "images", dirs_exist_ok=True)
    heat = resources.files("folium").joinpath("templates", "leaflet_heat.min.js")
    (beside / "leaflet_heat.min.js").write_bytes(heat.read_bytes())
    for name in NOT_NEEDED:
        (beside / name).touch()


def from_here(path: Path) -> int:
    """Let a page of folium's load everything from beside itself; give the bytes that it had."""
    text = path.read_text("utf-8")
    local = re.sub(r'(src|href)="https://[^"]*/([^"/]+)"', r'\1="assets/\2"', text)
    path.write_text(local, "utf-8")
    return len(text.encode())


def write_pages(n: int, folder: Path) -> tuple[dict[str, Path], dict[str, int]]:
    """Write all pages of so many events; give their paths and bytes."""
    events = many_events(n)
    to_degrees = Transformer.from_crs(3006, 4326, always_xy=True)
    lon, lat = (values.round(6).tolist() for values in to_degrees.transform(events.x, events.y))
    pairs = list(zip(lat, lon, strict=True))
    layers: dict[str, Any] = {
        "HeatMap": lambda: folium.plugins.HeatMap(pairs),
        "FastMarkerCluster": lambda: folium.plugins.FastMarkerCluster(pairs),
    }
    if n <= MOST_AS_GEOJSON:
        layers["GeoJson"] = lambda: folium.GeoJson(
            collection(events, pairs), marker=folium.CircleMarker(radius=3)
        )
    paths = {OURS: folder / f"{OURS}-{n}.html"}
    write_page(million(n), paths[OURS], "sv")
    sizes = {OURS: paths[OURS].stat().st_size}
    centre = [statistics.fmean(lat), statistics.fmean(lon)]
    for name, layer in layers.items():
        paths[name] = folder / f"{name}-{n}.html"
        shown = folium.Map(location=centre, zoom_start=11, tiles=None)
        shown.options["maxZoom"] = 18  # without tiles nobody else says it, and clusters need it
        layer().add_to(shown)
        shown.save(paths[name])
        sizes[name] = from_here(paths[name])
    return paths, sizes


def collection(events: Events, pairs: Sequence[tuple[float, float]]) -> str:
    """Write the events as GeoJSON, each with its category."""
    features = [
        {
            "type": "Feature",
            "properties": {"category": events.categories[category]},
            "geometry": {"type": "Point", "coordinates": [lon, lat]},
        }
        for (lat, lon), category in zip(pairs, events.category.tolist(), strict=True)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features})


def measure(
    chromium: Browser, paths: dict[str, Path], sizes: dict[str, int], *, repeats: int
) -> dict[str, Measured]:
    """Open every page so many times, in turn, each in a context of its own, without a network.

    A page that fails stops the benchmark: what does not work is no peer.
    """
    found = {name: Measured(sizes[name]) for name in paths}
    for _ in range(repeats):
        for name, path in paths.items():
            one = found[name]
            if "ready" not in one.times or math.isfinite(one.median("ready")):
                once(chromium, path, one)
    return found


def once(chromium: Browser, path: Path, one: Measured) -> None:
    """Open a page once, and note how long everything took."""
    context = chromium.new_context(offline=True, viewport={"width": 1280, "height": 800})
    failures: list[str] = []
    context.add_init_script(_READY)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_S * 1000)
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.on("requestfailed", lambda request: failures.append(f"lacks {request.url}"))
    try:
        page.goto(path.as_uri())
        ours = page.query_selector("#content") is not None
        times = {name: take(page) for name, take in {**ON_ALL, **(ON_OURS if ours else {})}.items()}
    except Late:
        times = {"ready": math.inf}
    context.close()
    if failures:
        sys.exit(f"{path.name}: {failures[0]}")
    for name, value in times.items():
        one.times.setdefault(name, []).append(value)


def show(n: int, found: dict[str, Measured]) -> None:
    """Print a table: ours first, and the others in parts of it."""
    columns = [*ON_ALL, *ON_OURS]
    ours = found[OURS]
    print(f"\n{n:,} events, medians\n")
    heads = ["", "MB", "times ours", *(f"{name}, ms" for name in columns), "ready, times ours"]
    print("| " + " | ".join(heads) + " |")
    print("|---|" + "---:|" * (len(heads) - 1))
    for name, page in found.items():
        times = [written(page.median(column)) for column in columns]
        size = [f"{page.size / 1e6:.2f}", f"{page.size / ours.size:.1f}"]
        ratio = page.median("ready") / ours.median("ready")
        print("| " + " | ".join([name, *size, *times, f"{ratio:.1f}"]) + " |", flush=True)


def written(milliseconds: float) -> str:
    """Write a time; a dash for one that was not taken."""
    return f"{milliseconds:.0f}" if math.isfinite(milliseconds) else "–"


if __name__ == "__main__":
    sys.exit(main())
