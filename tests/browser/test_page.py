"""The page, as a person uses it, on each backend."""

import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from streamlit_app import answer, words
from streamlit_app.names import WORDS
from tests.browser.using import NAMES, choose, drop, picture
from tests.images import encoded, lesion

DISCLAIMER = "Research use only. Not a medical device."
# Names and percentages, each from top to bottom, as a chart's elements may stand in any order; in
# one call, and not before all are there, as the page may be drawing it anew.
SHARES = """count => {
    const texts = kind => [...document.querySelectorAll(`.js-plotly-plot ${kind}`)]
        .map(element => [element.getBoundingClientRect().y, element.textContent])
        .sort((one, other) => one[0] - other[0])
        .map(([y, text]) => text);
    const [names, values] = [texts(".ytick text"), texts(".bartext")];
    return names.length == count && values.length == count
        && names.map((name, index) => [name, values[index]]);
}"""


def shares(page: Page) -> dict[str, float]:
    """What the chart shows: category in words -> percent."""
    pairs = page.wait_for_function(SHARES, arg=len(WORDS)).json_value()
    return {name: float(value.rstrip("%")) for name, value in pairs}


@pytest.mark.parametrize("backend", NAMES)
def test_a_picture_is_classified_in_words(
    page: Page, backends: dict[str, httpx.Client], backend: str, lesion_jpeg: bytes
) -> None:
    expected = backends[backend].post("/predictions/skin_vit", content=lesion_jpeg).json()

    choose(page, backend)
    drop(page, ("lesion.jpg", lesion_jpeg))

    headline = words.headline(answer.prediction(expected))
    expect(page.get_by_role("heading", name=headline)).to_be_visible()
    answered = rf"{NAMES[backend]} answered in \d+ ms with model skin_vit 1\.0\."
    expect(page.get_by_text(re.compile(answered))).to_be_visible()
    expect(picture(page)).to_be_visible()
    shown = shares(page)
    for code, name in WORDS.items():
        assert shown[f"{name} ({code})"] == pytest.approx(
            100 * expected["probabilities"][code], abs=0.051
        )


def test_both_backends_show_the_same_chart_for_a_real_lesion(
    page: Page, real_images: list[Path]
) -> None:
    drop(page, ("lesion.jpg", real_images[0].read_bytes()))
    charts = []

    for backend, name in NAMES.items():
        choose(page, backend)
        expect(page.get_by_text(f"{name} answered in")).to_be_visible()
        charts.append(shares(page))

    assert charts[0] == charts[1]


def test_several_pictures_each_get_an_answer(page: Page) -> None:
    drop(page, *((f"{seed}.png", encoded(lesion(seed), "PNG")) for seed in range(3)))

    expect(page.get_by_text(" answered in ")).to_have_count(3)


@pytest.mark.parametrize("kind", ["TIFF", "BMP", "WEBP"])
def test_a_format_that_a_browser_may_not_know_is_shown_too(page: Page, kind: str) -> None:
    drop(page, (f"lesion.{kind.lower()}", encoded(lesion(), kind)))

    expect(page.get_by_text(" answered in ")).to_be_visible()
    expect(picture(page)).to_be_visible()


@pytest.mark.parametrize("backend", NAMES)
def test_a_file_that_is_no_image_is_said_to_be_none(page: Page, backend: str) -> None:
    choose(page, backend)

    drop(page, ("notes.jpg", b"not an image"), ("lesion.png", encoded(lesion(), "PNG")))

    expect(page.get_by_text("notes.jpg: The body is not an image")).to_be_visible()
    expect(page.get_by_text(" answered in ")).to_have_count(1)


def test_the_page_says_which_backends_are_up(page: Page) -> None:
    for name in NAMES.values():
        expect(page.get_by_text(f"● {name} is up", exact=True)).to_be_visible()


def test_a_files_name_is_shown_as_it_is(page: Page) -> None:
    name = "*1* _b_ [c](d) ![e](f) $x$ $y$ `g` :red[h] <i> #.png"

    drop(page, (name, b"not an image"), (name, encoded(lesion(), "PNG")))

    expect(page.get_by_text(f"{name}: The body is not an image")).to_be_visible()
    expect(page.get_by_test_id("stImageCaption").get_by_text(name, exact=True)).to_be_visible()


def test_the_disclaimer_is_in_view_wherever_one_scrolls(page: Page) -> None:
    drop(page, *((f"{seed}.png", encoded(lesion(seed), "PNG")) for seed in range(3)))
    expect(page.get_by_text(" answered in ")).to_have_count(3)

    page.get_by_text("2.png").last.scroll_into_view_if_needed()

    expect(page.get_by_text(DISCLAIMER)).to_be_in_viewport()
