"""Where the model looked, over the picture, on each backend."""

import io
import time

import httpx
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from streamlit_app import client, overlay, words
from streamlit_app.names import WORDS
from tests.browser.using import NAMES, choose, choose_category, drop, picture
from tests.images import encoded, lesion

WITHIN_S = 30
# Pixels, and the mean difference of 8-bit values.
BLOCK, ALMOST = 6, 1
TOGGLE = "Where the model looked"
SLIDER = "Strength of the colours, in %"


def seen(page: Page) -> np.ndarray | None:
    """What the browser has got, in blocks; None if the page has replaced it meanwhile."""
    answer = page.request.get(picture(page).evaluate("image => image.src"))
    return in_blocks(Image.open(io.BytesIO(answer.body()))) if answer.ok else None


def in_blocks(image: Image.Image) -> np.ndarray:
    """Their mean colours, which hardly change when the page sends its picture as JPEG."""
    return np.asarray(image.convert("RGB").reduce(BLOCK), int)


def until_seen(page: Page, expected: Image.Image) -> None:
    deadline = time.monotonic() + WITHIN_S
    while (found := seen(page)) is None or apart(found, in_blocks(expected)) > ALMOST:
        assert time.monotonic() < deadline, found
        page.wait_for_timeout(200)


def apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one - other).mean())


def turned_on(page: Page, backend: str, image: bytes) -> None:
    choose(page, backend)
    drop(page, ("lesion.png", image))
    expect(page.get_by_text(f"{NAMES[backend]} answered in")).to_be_visible()
    page.get_by_text(TOGGLE).click()


@pytest.mark.parametrize("backend", NAMES)
def test_the_category_asked_about_is_explained(
    page: Page, backends: dict[str, httpx.Client], backend: str
) -> None:
    image = encoded(lesion(), "PNG")
    relevance = client.explain(backends[backend], image, "VASC")
    turned_on(page, backend, image)
    expect(page.get_by_text("the model looked most at the")).to_be_visible()

    choose_category(page, f"{WORDS['VASC']} (VASC)")

    told = words.looked("VASC", overlay.strongest(relevance))
    expect(page.get_by_text(told)).to_be_visible()
    expect(page.get_by_role("img", name=told)).to_be_visible()
    until_seen(page, overlay.overlaid(lesion(), relevance, 0.6))


@pytest.mark.parametrize("backend", NAMES)
def test_the_slider_takes_the_colours_away_and_nothing_is_asked(
    page: Page, backends: dict[str, httpx.Client], backend: str
) -> None:
    turned_on(page, backend, encoded(lesion(), "PNG"))
    expect(page.get_by_text("the model looked most at the")).to_be_visible()
    timed = page.get_by_text(f"{NAMES[backend]} answered in").text_content()

    page.get_by_role("slider", name=SLIDER).press("Home")

    until_seen(page, lesion())
    expect(page.get_by_text(f"{NAMES[backend]} answered in")).to_have_text(timed or "")


def test_a_picture_with_an_orientation_is_upright(page: Page) -> None:
    # On its side, as a phone stores it, with the word to turn it.
    image = encoded(lesion().transpose(Image.Transpose.ROTATE_90), "PNG", orientation=6)

    turned_on(page, "torchserve", image)

    expect(page.get_by_text("the model looked most at the")).to_be_visible()
    page.get_by_role("slider", name=SLIDER).press("Home")
    until_seen(page, lesion())
