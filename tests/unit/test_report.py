"""The report: one HTML file with every number in it, that needs nothing from elsewhere."""

import base64
import re
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest

from handlers.categories import CODES
from tests.measured import Measured, measured
from train.evaluation import figures
from train.evaluation.report import report


class Page(HTMLParser):
    """Tags with their attributes, and the text between them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += f" {data.strip()}"

    def links(self) -> list[str]:
        return [str(a[key]) for _, a in self.tags for key in ("src", "href") if key in a]


def page_of(one: Measured) -> Page:
    return Page(report(one.metrics, one.labels, one.probabilities))


@cache
def known() -> Measured:
    return measured()


@cache
def page() -> Page:
    return page_of(known())


def test_nothing_is_fetched_from_elsewhere() -> None:
    names = {tag for tag, _ in page().tags}

    assert {"script", "link", "iframe"} & names == set()
    assert len(page().links()) == 3
    assert all(link.startswith("data:image/svg+xml;base64,") for link in page().links())
    assert "url(" not in page().text


def test_every_picture_is_one_and_is_described() -> None:
    pictures = [attributes for tag, attributes in page().tags if tag == "img"]

    for picture in pictures:
        svg = base64.b64decode(str(picture["src"]).split(",")[1])
        assert ElementTree.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"
        assert picture["alt"]


def test_the_headline_is_balanced_accuracy_with_its_interval() -> None:
    score = known().metrics["balanced_accuracy"]

    assert f"{score['value']:.3f} 95 % interval {score['low']:.3f} to {score['high']:.3f}" in (
        re.sub(r"\s+", " ", page().text)
    )


@pytest.mark.parametrize("code", CODES)
def test_every_category_has_its_numbers(code: str) -> None:
    row = known().metrics["per_class"][code]
    text = re.sub(r"\s+", " ", page().text)

    shown = [row[key] for key in ("auc", "auc_sens_80", "average_precision", "sensitivity")]
    numbers = " ".join("–" if value is None else f"{value:.3f}" for value in shown)
    assert re.search(rf"{code} [A-Z][a-z ]+ {row['images']} {numbers}", text)


def test_groups_with_few_images_are_marked() -> None:
    text = re.sub(r"\s+", " ", page().text)

    assert "80+ 24 12 too few" in text
    assert "female 32 32 too few" not in text


def test_what_was_left_out_is_told_and_named() -> None:
    text = re.sub(r"\s+", " ", page().text)

    assert "Of 80 images in the data 64 were counted" in text
    assert "Images the model was trained on: 9." in text
    assert "2 unreadable ISIC_0000007 ISIC_0000008" in text
    assert "1 refused ISIC_0000009" in text


def test_it_is_for_research_only() -> None:
    assert "Research use only. Not a medical device." in page().text


def test_names_from_outside_are_text() -> None:
    name = '<script>alert(1)</script> & "quotes"'

    shown = page_of(measured(model=name, data=name))

    assert "script" not in {tag for tag, _ in shown.tags}
    assert name in shown.text


@pytest.mark.parametrize(
    ("trained", "told"),
    [
        ((5700, 4800, 4799), "(trained on 4799 to 4800) 5700."),
        ((5700, 4800, 4800), "(trained on 4800) 5700."),
    ],
)
def test_it_says_how_many_images_each_of_several_models_answered(
    trained: tuple[int, ...], told: str
) -> None:
    answered = (300, 1200, 4500)
    models = [
        {"checkpoint_sha256": "", "training_images": of, "images": images}
        for of, images in zip(trained, answered, strict=True)
    ]

    text = " ".join(page_of(measured(answered_by=models)).text.split())

    assert "answered by the one of 3 models of its recipe" in text
    assert f"this one (trained on 5700 images) answered 300, the others {told}" in text
    assert "Images every model was trained on" in text
    assert "answered by the one of" not in " ".join(page_of(measured()).text.split())


@pytest.mark.parametrize(
    ("formats", "told"),
    [
        (("fp32", "bf16", "bf16"), "5700; 2 of the models were trained in bf16, 1 in fp32."),
        (
            (None, "bf16", "bf16"),
            "; 2 of the models were trained in bf16, 1 in a format not recorded.",
        ),
        (("bf16", "bf16", "bf16"), "(trained on 4800) 5700."),
        ((None, None, None), "(trained on 4800) 5700."),
    ],
)
def test_it_says_in_which_formats_the_models_were_trained_if_not_in_one(
    formats: tuple[str | None, ...], told: str
) -> None:
    models = [
        {"checkpoint_sha256": "", "training_images": of, "images": images, "precision": name}
        for of, images, name in zip((5700, 4800, 4800), (300, 1200, 4500), formats, strict=True)
    ]

    text = " ".join(page_of(measured(answered_by=models)).text.split())

    assert told in text


def test_a_cross_validation_is_told() -> None:
    interval = {"value": 0.75, "low": 0.7, "high": 0.8}
    found = {"models": 5, "images": 6000, "lesions": 4519, "balanced_accuracy": interval}
    metrics = known().metrics
    doubt = metrics["doubt"] | {"cross_validation": found}

    text = page_of(replace(known(), metrics=metrics | {"doubt": doubt})).text

    assert "0.750 (0.700 to 0.800), cross-validated on 6000 images of 4519 lesions" in text
    assert "each answered by the one of 5 models of this recipe" in " ".join(text.split())
    assert "cross-validated" not in page().text


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        (
            {"left_out": known().metrics["measured"]["left_out"] | {"training_images_known": 0}},
            "It is not known which images this model was trained on.",
        ),
        (
            {"is_training_runs_validation": True, "chose_epoch": True},
            "These are the images on which a training run chose its epoch.",
        ),
        (
            {"doubt_was_fitted_to_these": True},
            "P(UNK) was fitted to these very images. Cross-fitted it calls",
        ),
    ],
    ids=["unknown training images", "validation images", "fitted to"],
)
def test_what_makes_the_numbers_too_good_is_said(facts: dict[str, object], says: str) -> None:
    assert says in page_of(measured(**facts)).text
    assert says not in page().text


def test_one_category_alone_has_no_curve() -> None:
    labels = np.zeros(len(known().labels), dtype=int)

    figure = figures.roc(labels, known().probabilities)

    assert figure.axes[0].get_legend() is None


def test_the_same_evaluation_gives_the_same_file() -> None:
    one = known()

    first, second = (report(one.metrics, one.labels, one.probabilities) for _ in range(2))

    assert first == second


def test_doubt_is_told_where_it_was_fitted() -> None:
    told = page().text
    bare = page_of(
        Measured(
            metrics=known().metrics | {"doubt": None},
            labels=known().labels,
            probabilities=known().probabilities,
        )
    ).text

    assert "Expected calibration error after 0.062" in re.sub(r"\s+", " ", told)
    served = (
        "Called UNK 3.0% of the validation images (as not found: balanced accuracy 0.719 (0.688"
    )
    assert served in re.sub(r"\s+", " ", told)
    for words in ("Referral rules", "LAC, in use", "MEL left out", "No lesion"):
        assert words in told
        assert words not in bare


@pytest.mark.parametrize(
    ("of", "in_use"), [("features", "Mahalanobis, features"), ("embedding", "Mahalanobis")]
)
def test_the_method_in_use_is_that_of_the_distance(of: str, in_use: str) -> None:
    metrics = known().metrics
    areas = {"Mahalanobis, features": 0.75, "Mahalanobis": 0.5}
    doubt = metrics["doubt"] | {"distance_of": of, "methods_unknown": areas}

    text = " ".join(page_of(replace(known(), metrics=metrics | {"doubt": doubt})).text.split())

    # A method that is younger than the comparison over left-out categories has no number there.
    for method, numbers in {
        "Mahalanobis, features": "0.750 – –",
        "Mahalanobis": "0.500 0.625 0.750",
    }.items():
        assert f"{method}{', in use' if method == in_use else ''} {numbers}" in text
