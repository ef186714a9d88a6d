"""What a backend answers, field by field: the one place where its form is written down."""

from typing import Annotated, TypedDict

from handlers.categories import CODES

# Raised when a field is removed or means something else; a new field leaves it as it is.
SCHEMA = 2

# What a type cannot say of its values, as JSON Schema says it.
Code = Annotated[str, {"enum": list(CODES)}]
Share = Annotated[float, {"minimum": 0, "maximum": 1}]
Shares = Annotated[dict[str, Share], {"required": list(CODES), "maxProperties": len(CODES)}]


class ModelName(TypedDict):
    name: str
    version: str


class Unknown(TypedDict):
    """How far the picture lies from all that the model knows, and what that makes of UNK.

    `distance` is Mahalanobis', squared, to the nearest category; at `limit`, `probability` is 0.5.
    """

    distance: float
    limit: float
    probability: Share


class PredictionSet(TypedDict):
    """Categories one of which is the true one for `coverage` of each category's pictures.

    UNK is among them where the picture is called that.
    """

    codes: list[Code]
    coverage: Share


class ReferralRule(TypedDict):
    """`value` is the probability of `codes` together, P(UNK) left aside.

    It fires from `threshold` on.

    Sensitivity and specificity are those of the rule on the validation images.
    """

    name: str
    codes: list[Code]
    value: float
    threshold: Share
    fired: bool
    sensitivity: Share
    specificity: Share


class Referral(TypedDict):
    """`refer` where a rule fired."""

    refer: bool
    rules: list[ReferralRule]


class Check(TypedDict):
    """`limit` is the least or the most that is ok, or both; `verdict` says it in words."""

    value: float
    limit: float | list[float]
    ok: bool
    verdict: str


class Quality(TypedDict):
    """What is to be known of the picture; it never blocks an answer.

    Sharpness is the variance of the Laplacian over the square of the mean luminance (0 to 255)
    plus 8, times 10,000; exposure the mean luminance, 0 to 1; size the shorter side in pixels;
    border the share of the picture in a black frame; skin the share that looks like skin. Neither
    sharpness nor exposure nor skin counts the frame.
    """

    sharpness: Check
    exposure: Check
    size: Check
    border: Check
    skin: Check


class Prediction(TypedDict):
    """`probabilities` are of all nine categories and sum to 1; `label` is the most probable one.

    What was not fitted for a model is null.
    """

    label: Code
    probabilities: Shares
    model: ModelName
    schema: int
    unknown: Unknown | None
    prediction_set: PredictionSet | None
    referral: Referral | None
    quality: Quality


class Region(TypedDict):
    """A part of the picture, turned upright, in shares of its width and height."""

    left: Share
    top: Share
    width: Share
    height: Share


class Relevance(TypedDict):
    """Where the model saw `target`: `grid` has a number for each patch, row by row.

    They are 0 or more and sum to 1, or are all 0 where nothing speaks for the category. `region`
    is what the grid covers.
    """

    target: Code
    grid: list[list[Share]]
    region: Region


class Explanation(Prediction):
    relevance: Relevance
