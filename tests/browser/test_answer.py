"""Each part of an answer, in words, on each backend."""

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from streamlit_app import answer, quality, words
from streamlit_app.answer import Prediction
from tests.browser.using import NAMES, choose, drop
from tests.images import encoded, lesion

# The tiny model calls it UNK.
UNKNOWN = encoded(lesion(6), "PNG")
DARK = encoded(Image.new("RGB", (120, 90)), "PNG")


def dropped(page: Page, client: httpx.Client, backend: str, image: bytes) -> Prediction:
    """What is on the page, as the backend says it."""
    found = answer.prediction(client.post("/predictions/skin_vit", content=image).json())
    choose(page, backend)
    drop(page, ("lesion.png", image))
    expect(page.get_by_text(f"{NAMES[backend]} answered in")).to_be_visible()
    return found


@pytest.mark.parametrize("backend", NAMES)
def test_the_candidates_and_how_sure_they_are(
    page: Page, backends: dict[str, httpx.Client], backend: str
) -> None:
    found = dropped(page, backends[backend], backend, UNKNOWN).prediction_set

    assert found is not None
    assert len(found.codes) > 1
    expect(page.get_by_text(words.candidates(found))).to_be_visible()
    expect(page.get_by_text("in 90 of 100 pictures of each of the eight")).to_be_visible()
    expect(page.get_by_text("a population in which all categories are equally")).to_be_visible()


@pytest.mark.parametrize("backend", NAMES)
def test_the_rule_that_fired(
    page: Page, backends: dict[str, httpx.Client], backend: str, lesion_jpeg: bytes
) -> None:
    rules = dropped(page, backends[backend], backend, lesion_jpeg).rules

    assert rules is not None
    (fired,) = [rule for rule in rules if rule.fired]
    hint = page.get_by_role("alert").filter(has_text="Refer: ")
    expect(hint).to_contain_text(words.compared(fired))
    expect(hint).to_contain_text("told right (sensitivity, specificity)")
    expect(hint).to_contain_text("⚠️")


@pytest.mark.parametrize("backend", NAMES)
def test_a_picture_unlike_all_others(
    page: Page, backends: dict[str, httpx.Client], backend: str
) -> None:
    found = dropped(page, backends[backend], backend, UNKNOWN)

    assert found.label == "UNK"
    assert found.unknown is not None
    headline = page.get_by_role("heading", name="Probably none of the eight categories (UNK)")
    expect(headline).to_be_visible()
    warning = page.get_by_role("alert").filter(has_text="Unlike other pictures")
    expect(warning).to_contain_text(words.unknown(found.unknown, found))


@pytest.mark.parametrize("backend", NAMES)
def test_poor_quality_stands_out_and_the_rest_is_folded(
    page: Page, backends: dict[str, httpx.Client], backend: str
) -> None:
    found = dropped(page, backends[backend], backend, DARK).quality

    assert found is not None
    assert not found["exposure"].ok
    assert found["border"].ok
    warning = page.get_by_role("alert").filter(has_text="Exposure")
    for name, check in found.items():
        if not check.ok:
            expect(warning).to_contain_text(quality.sentence(name, check))
    fine = page.get_by_text(quality.sentence("border", found["border"]))
    expect(fine).not_to_be_visible()
    page.get_by_text(quality.summary(found)).click()
    expect(fine).to_be_visible()
