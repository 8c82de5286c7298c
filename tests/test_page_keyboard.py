"""The page by keyboard alone: everything is reached, seen, left and closed; calm where wished."""

from __future__ import annotations

import base64
from collections import Counter
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from pages import SETTLED
from test_page_live import analysed

from layers.project import PageWish

if TYPE_CHECKING:
    from collections.abc import Callable

    from maps.situation import Situation

    Opener = Callable[..., Any]

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LATER_MS = 300
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
MONTH = "m=2021-12"


@cache
def offering() -> Situation:
    """Make the usual situation with an online map on offer, once."""
    wish = PageWish(tiles="https://kartor.example/{z}/{x}/{y}.png", attribution="© Exempel")
    return analysed(page=wish)


# --- states ---------------------------------------------------------------------------------------


def nothing(page: Any) -> None:
    """Leave the page as it opens."""
    del page


def unfolded(page: Any) -> None:
    """Unfold everything that stays open on a phone."""
    page.locator("#filters summary").click()
    for name in ("presets", "kinds"):
        page.locator(f".of-{name} .disclosure-button").click()
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")


def chosen(page: Any) -> None:
    """Open the first hotspot's panel."""
    page.locator("#spots .spot-name").first.click()


def compared(page: Any) -> None:
    """Set the month against the one before."""
    page.locator("#compare-picker [value=month]").locator("xpath=ancestor::label").click()


STATES: dict[str, tuple[Callable[[Any], None], str, dict[str, Any]]] = {
    "as it opens": (nothing, "", {}),
    "a panel, live": (chosen, "t=18-06", {}),
    "compared": (compared, MONTH, {}),
    "as it opens, dark": (nothing, "", {"color_scheme": "dark"}),
    "phone, unfolded": (unfolded, "", PHONE),
    "phone, a panel": (chosen, "", PHONE),
    "phone, compared": (compared, MONTH, PHONE),
}

# What HTML says takes the focus by keyboard: of radio buttons of one name the checked one.
_EXPECTED = """() => {
  const kinds = "a[href], button, input, select, textarea, summary, [tabindex]";
  const all = [...document.querySelectorAll(kinds)].filter((one) =>
    !one.disabled && one.tabIndex >= 0
    && one.checkVisibility({ visibilityProperty: true })
    && !(one.type === "radio" && !one.checked && one.name
      && document.querySelector(`[name="${one.name}"]:checked`)));
  scrollTo(0, 0);
  all.forEach((one, i) => (one.dataset.tabbed = i));
  return all.map((one) => {
    const shown = one.closest("label") ?? one;
    const { left, top, right, bottom } = shown.getBoundingClientRect();
    const kind = [one.localName, one.className, one.parentNode.className].join();
    const overMap = one.closest(".frame") !== null;
    return { html: one.outerHTML.slice(0, 90), kind, overMap, left, top, right, bottom };
  });
}"""


def opened(read: Opener, name: str) -> tuple[Any, list[dict[str, Any]]]:
    """Open a state; give the page and what must be reached in it, in the document's order."""
    act, at, options = STATES[name]
    page = read(offering(), at=at, **options)
    act(page)
    page.evaluate(SETTLED)
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    wanted = page.evaluate(_EXPECTED)
    # The way begins at the top, wherever the reader was.
    page.evaluate("document.body.tabIndex = -1; document.body.focus()")
    return page, wanted


def walked(page: Any, key: str, most: int) -> list[int]:
    """Press Tab until the focus leaves the page; give what had it, in that order."""
    found: list[int] = []
    for _ in range(most):
        page.keyboard.press(key)
        at = page.evaluate("document.activeElement?.dataset.tabbed ?? null")
        if at is None or (found and int(at) in found):
            return found
        found.append(int(at))
    pytest.fail(f"after {most} times {key} the focus has not left the page")


@pytest.mark.parametrize("name", STATES)
def test_tab_reaches_every_control_in_the_order_of_the_page(read: Opener, name: str) -> None:
    """Every control once, from the top down, and out of the page; and back by Shift+Tab."""
    page, wanted = opened(read, name)
    assert len(wanted) > 25
    found = walked(page, "Tab", len(wanted) + 5)
    missed = [one["html"] for i, one in enumerate(wanted) if i not in found]
    assert missed == []
    assert found == sorted(found)
    # The skip link lies above the window until it has the focus; what stands in another column
    # may lie higher, and so may what lies over the map beside something else that does.
    laid = [wanted[i] for i in found[1:]]
    upwards = [
        (one["html"], other["html"])
        for one, other in pairwise(laid)
        if not one["overMap"] and other["bottom"] <= one["top"] and other["left"] < one["right"]
        and one["left"] < other["right"]
    ]  # fmt: skip
    assert upwards == []
    back = walked(page, "Shift+Tab", len(wanted) + 5)
    assert len(back) >= len(wanted) - 1
    assert back == sorted(back, reverse=True)


# How many pixels differ by a contrast of at least 3 between two pictures of one place.
_DIFFER = """async (pictures) => {
  const read = async (text) => {
    const bytes = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const pen = new OffscreenCanvas(image.width, image.height).getContext("2d");
    pen.drawImage(image, 0, 0);
    return pen.getImageData(0, 0, image.width, image.height).data;
  };
  const [a, b] = await Promise.all(pictures.map(read));
  const light = (data, i) => {
    const [r, g, b] = [0, 1, 2].map((k) => {
      const part = data[i + k] / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  let n = 0;
  for (let i = 0; i < a.length; i += 4) {
    const [dark, pale] = [light(a, i), light(b, i)].sort((x, y) => x - y);
    n += (pale + 0.05) / (dark + 0.05) >= 3;
  }
  return n;
}"""


def clip_of(page: Any) -> dict[str, float] | None:
    """Box what has the focus and what stands around it, where it is in the window."""
    box: dict[str, float] | None = page.evaluate(
        """() => {
          const one = document.activeElement;
          const shown = one.closest("label") ?? one;
          const { left, top, right, bottom } = shown.getBoundingClientRect();
          const [x, y] = [Math.max(0, left - 8), Math.max(0, top - 8)];
          const [width, height] = [Math.min(innerWidth, right + 8) - x,
            Math.min(innerHeight, bottom + 8) - y];
          return width > 0 && height > 0 ? { x, y, width, height } : null;
        }"""
    )
    return box


LEAST_PIXELS = 120
"""A ring of one pixel around a button of 24 by 24 would be a hundred."""


@pytest.mark.parametrize("name", ["compared"])
def test_the_focus_is_seen(read: Opener, name: str) -> None:
    """Pictures with and without the focus differ around each control, by a contrast of 3."""
    page, wanted = opened(read, name)
    blank = page.context.new_page()
    unseen, kinds = [], Counter()
    for one in wanted:
        page.keyboard.press("Tab")
        kinds[one["kind"]] += 1
        if kinds[one["kind"]] > 2:  # one button of a table is as good as another
            continue
        box = clip_of(page)
        assert box is not None, one["html"]
        with_focus = page.screenshot(clip=box, animations="disabled", caret="hide")
        page.evaluate("globalThis.held = document.activeElement; held.blur()")
        without = page.screenshot(clip=box, animations="disabled", caret="hide")
        page.evaluate("held.focus({ preventScroll: true })")
        pictures = [base64.b64encode(each).decode() for each in (with_focus, without)]
        differing = blank.evaluate(_DIFFER, pictures)
        if differing < LEAST_PIXELS:
            unseen.append((one["html"], differing))
    assert unseen == []


def test_an_unseen_focus_would_be_found(read: Opener) -> None:
    """Where a button shows nothing, the pictures are the same."""
    page, _ = opened(read, "as it opens")
    page.locator("#downloads button").first.focus()
    page.evaluate("document.activeElement.style.outline = 'none'")
    box = clip_of(page)
    with_focus = page.screenshot(clip=box)
    page.evaluate("document.activeElement.blur()")
    pictures = [base64.b64encode(each).decode() for each in (with_focus, page.screenshot(clip=box))]
    blank = page.context.new_page()
    assert blank.evaluate(_DIFFER, pictures) < LEAST_PIXELS


def test_escape_closes_what_opens(read: Opener) -> None:
    """Presets, kinds, downloads, search and panel, by keyboard alone; focus is where it was."""
    page = read(offering())
    active = "document.activeElement"
    for opener, inside in (
        (".of-presets .disclosure-button", ".of-presets .disclosure-panel"),
        (".of-kinds .disclosure-button", ".of-kinds .disclosure-panel"),
        ("#downloads .download-toggle", "#downloads .download-list"),
    ):
        button = page.locator(opener)
        button.focus()
        page.keyboard.press("Enter")
        assert page.locator(inside).is_visible(), opener
        assert button.get_attribute("aria-expanded") == "true"
        page.keyboard.press("Tab")
        assert page.evaluate(f"document.querySelector('{inside}').contains({active})"), opener
        page.keyboard.press("Escape")
        assert page.locator(inside).is_hidden(), opener
        assert button.get_attribute("aria-expanded") == "false"
        assert button.evaluate("(one) => one === document.activeElement"), opener
    field = page.locator("#search input")
    field.focus()
    page.keyboard.type("n")
    assert page.locator(".search-popup").is_visible()
    page.keyboard.press("Escape")
    assert page.locator(".search-popup").is_hidden()
    assert field.evaluate("(one) => one === document.activeElement")
    name = page.locator("#spots .spot-name").nth(1)
    name.focus()
    page.keyboard.press("Enter")
    assert page.locator("#panel").is_visible()
    assert page.evaluate(f"document.querySelector('#panel').contains({active})")
    page.keyboard.press("Escape")
    assert page.locator("#panel").is_hidden()
    assert name.evaluate("(one) => one === document.activeElement")


# Everything that moves by CSS or by script in any frame, and Leaflet's own moving of the map.
_MOVING = """() => {
  globalThis.moving = new Set();
  const look = () => {
    for (const one of document.getAnimations()) {
      if (one.playState === "running") moving.add(one.transitionProperty ?? one.animationName);
    }
    if (map_0._animatingZoom || map_0._panAnim?._inProgress || map_0._flyToFrame) moving.add("map");
    requestAnimationFrame(look);
  };
  look();
}"""


def tried(page: Any) -> list[str]:
    """Do what could set something in motion; give what moved."""
    page.evaluate(_MOVING)
    page.locator(".chip.evening").evaluate("(one) => one.click()")
    page.wait_for_timeout(LATER_MS)
    page.locator("#spots .spot-name").first.click()
    page.wait_for_timeout(LATER_MS)
    page.locator("#panel [data-way=next]").click()
    page.wait_for_timeout(LATER_MS)
    page.keyboard.press("Escape")
    for way in ("1", "-1", "0"):
        page.locator(f".zoom [data-zoom='{way}']").click()
        page.wait_for_timeout(LATER_MS)
    page.locator("#map_0").focus()
    for key in ("+", "ArrowLeft", "-"):
        page.keyboard.press(key)
        page.wait_for_timeout(LATER_MS)
    box = page.locator("#map_0").bounding_box()
    page.mouse.dblclick(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_timeout(LATER_MS)
    page.mouse.wheel(0, -200)
    page.wait_for_timeout(LATER_MS)
    page.locator("#downloads .download-toggle").click()
    page.keyboard.press("Escape")
    page.locator("#filters .play").click()
    page.wait_for_timeout(1600)
    return sorted(page.evaluate("[...moving]"))


def test_nothing_moves_where_calm_is_wished(read: Opener) -> None:
    """With reduced motion no animation, no transition and no gliding map, whatever is done."""
    assert tried(read(offering())) == []


def test_motion_would_be_found(read: Opener) -> None:
    """Without the wish the map glides and the months' window moves: the check above sees it."""
    page = read(offering())
    page.emulate_media(reduced_motion="no-preference")
    assert {"map", "left"} <= set(tried(page))
