"""What the page says of each part of an answer."""

import pytest

from streamlit_app import words
from streamlit_app.answer import PredictionSet, Rule, Unknown, prediction
from streamlit_app.names import WORDS
from tests.unit import page_answers

# As it stands before a percent sign.
NO_BREAK = "\u00a0"


def plain(text: str) -> str:
    return text.replace(NO_BREAK, " ")


@pytest.mark.parametrize(
    ("label", "share", "expected"),
    [
        ("NV", 0.83, "Probably melanocytic nevus (NV), 83 %"),
        ("NV", 0.7, "Probably melanocytic nevus (NV), 70 %"),
        ("MEL", 0.62, "Perhaps melanoma (MEL), 62 %"),
        ("AK", 0.34, "Unclear, at most perhaps actinic keratosis (AK), 34 %"),
        ("UNK", 0.91, "Probably none of the eight categories (UNK), 91 %"),
        ("VASC", 0.9997, "Probably vascular lesion (VASC), over 99 %"),
        ("VASC", 1.0, "Probably vascular lesion (VASC), 100 %"),
    ],
)
def test_the_headline_is_as_sure_as_the_model(label: str, share: float, expected: str) -> None:
    body = page_answers.prediction(label=label)
    body["probabilities"][label] = share

    assert plain(words.headline(prediction(body))) == expected


@pytest.mark.parametrize(
    ("share", "expected"), [(0, "0 %"), (0.002, "under 1 %"), (0.01, "1 %"), (0.994, "over 99 %")]
)
def test_no_share_is_told_as_nothing_or_all_unless_it_is(share: float, expected: str) -> None:
    assert plain(words.percent(share)) == expected


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (["NV"], "One candidate is left: melanocytic nevus (NV)."),
        (["MEL", "NV"], "2 candidates are left: melanoma (MEL) or melanocytic nevus (NV)."),
        (
            ["UNK", "MEL", "DF"],
            "3 candidates are left: none of the eight categories (UNK), melanoma (MEL) or"
            " dermatofibroma (DF).",
        ),
        (list(WORDS)[:-1], "Can't tell: none of the eight categories can be ruled out."),
    ],
)
def test_the_prediction_set_says_what_is_left(codes: list[str], expected: str) -> None:
    assert words.candidates(PredictionSet(codes=tuple(codes), coverage=0.9)) == expected


def test_the_coverage_is_that_of_each_categorys_pictures() -> None:
    assert words.coverage(PredictionSet(codes=("NV",), coverage=0.9)) == (
        "Candidates are chosen to include the true category in 90 of 100 pictures of each of the"
        " eight categories; how often they did in pictures of the model's validation is in its"
        " card."
    )


def rule(**changes: object) -> Rule:
    fields = page_answers.rule(**changes)
    del fields["name"]
    return Rule(**fields)


def test_a_rule_that_fired_says_why_and_how_good_it_is() -> None:
    (text,) = words.refer([rule()])

    assert plain(text) == (
        "Refer: the probability of melanoma is 0.31, at or above 0.12 (UNK by distance left"
        " aside). At that threshold 95 % of the pictures of melanoma and 63 % of the others in"
        " validation were told right (sensitivity, specificity)."
    )


def test_each_rule_that_fired_has_its_paragraph() -> None:
    several = rule(codes=["MEL", "BCC", "SCC"])

    first, second = words.refer([rule(), several])

    assert first.startswith("Refer: the probability of melanoma is 0.31")
    assert second.startswith(
        "Also: the probability of melanoma, basal cell carcinoma or squamous cell carcinoma is"
    )
    assert "of the pictures of these categories" in second


def test_where_no_rule_fired_that_is_no_all_clear() -> None:
    assert words.no_referral((rule(value=0.03, fired=False),)) == (
        "No referral rule fired; the probability of melanoma is 0.03, below 0.12 (UNK by distance"
        " left aside). That is no all-clear."
    )


def test_a_value_just_below_its_threshold_does_not_look_like_it() -> None:
    text = words.no_referral((rule(value=0.1196, fired=False),))

    assert "is 0.1196, below 0.1200" in text


@pytest.mark.parametrize(
    ("label", "share", "distance", "probability", "expected"),
    [
        (
            "NV",
            0.03,
            60.0,
            0.03,
            "Like other pictures of known categories: its distance to them is 60, within the limit"
            " of 115, which makes a probability of 3 % that it is none of the eight categories"
            " (UNK). A lesion of another kind may look familiar too.",
        ),
        (
            "UNK",
            0.40,
            110.0,
            0.40,
            "Hardly like other pictures of known categories: its distance to them is 110, near the"
            " limit of 115, which makes a probability of 40 % that it is none of the eight"
            " categories (UNK).",
        ),
        (
            "UNK",
            0.92,
            60.0,
            0.03,
            "Like other pictures of known categories: its distance to them is 60, within the limit"
            " of 115, which makes a probability of 3 % that it is none of the eight categories"
            " (UNK). It is the model itself that calls the picture UNK.",
        ),
        (
            "UNK",
            0.99999,
            4120.0,
            0.99999,
            "Unlike other pictures of known categories: its distance to them is 4,120, beyond the"
            " limit of 115, which makes a probability of over 99 % that it is none of the eight"
            " categories (UNK).",
        ),
    ],
)
def test_the_distance_is_told_against_its_limit(
    label: str, share: float, distance: float, probability: float, expected: str
) -> None:
    found = Unknown(distance=distance, limit=115.2, probability=probability)
    body = page_answers.prediction(label=label)
    body["probabilities"]["UNK"] = share

    assert plain(words.unknown(found, prediction(body))) == expected


def test_only_what_was_fitted_here_is_of_equally_common_categories() -> None:
    fitted, bare = page_answers.prediction(), page_answers.prediction(prediction_set=None)

    assert words.commonness(prediction(fitted)) == words.EQUALLY_COMMON
    assert words.commonness(prediction(bare)) == words.AS_IN_TRAINING


def test_relevance_is_told_in_words_too() -> None:
    assert words.looked("MEL", "top left") == (
        "For melanoma (MEL) the model looked most at the top left of the picture."
    )
    assert words.looked("MEL", None) == "Nothing in the picture speaks for melanoma (MEL)."


def test_what_others_chose_is_no_markup() -> None:
    assert words.plain("    a\n===\nb") == "a === b"
    assert words.plain("a*1*.png, [x](y) $z$ é") == r"a\*1\*\.png, \[x\]\(y\) \$z\$ é"
