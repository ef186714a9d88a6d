"""A prediction's parts -> sentences for a researcher; none of them is a diagnosis."""

import re

from streamlit_app.answer import ROUNDING, Prediction, PredictionSet, Rule, Unknown
from streamlit_app.names import WORDS

# From this probability on, and how sure that sounds.
SURENESS = ((0.7, "Probably"), (0.5, "Perhaps"), (0.0, "Unclear, at most perhaps"))
UNKNOWN = "UNK"
EQUALLY_COMMON = (
    "Probabilities are those of a population in which all categories are equally common. Where one"
    " is rare, it is less probable than this."
)
AS_IN_TRAINING = (
    "Nothing was fitted to this model's probabilities: how common they take a category to be"
    " depends on how the model was trained."
)
COLOURS = (
    "Blue is a little, red the most; where the picture keeps its own colours, next to nothing."
)


# What has a meaning in Streamlit's Markdown.
MARKUP = re.compile(r"[\\`*_{}\[\]()<>#+\-.!|$~:&]")


def plain(text: str) -> str:
    """As Markdown that shows it as it is, in one line: names of files and models are whatever
    others chose."""
    return MARKUP.sub(r"\\\g<0>", " ".join(text.split()))


def headline(prediction: Prediction) -> str:
    share = prediction.probabilities[prediction.label]
    sure = next(words for least, words in SURENESS if share >= least)
    return f"{sure} {category(prediction.label)}, {percent(share)}"


def commonness(prediction: Prediction) -> str:
    """What is fitted is fitted by this project's training alone, which takes all alike."""
    return AS_IN_TRAINING if prediction.prediction_set is None else EQUALLY_COMMON


def category(code: str) -> str:
    """Within a sentence."""
    if code == UNKNOWN:
        return f"none of the eight categories ({UNKNOWN})"
    return f"{noun(code)} ({code})"


def noun(code: str) -> str:
    return WORDS[code][0].lower() + WORDS[code][1:]


def listed(names: list[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def percent(share: float) -> str:
    """Never 0 or 100 where it is not quite that; no line ends before the sign."""
    if 0 < share < 0.01:
        return "under 1\u00a0%"
    if 0.99 < share < 1:
        return "over 99\u00a0%"
    return f"{100 * share:.0f}\u00a0%"


def apart(*numbers: float, decimals: int) -> list[str]:
    """With more than `decimals` where two would look alike that are not."""
    for places in range(decimals, 8):
        written = [f"{number:,.{places}f}" for number in numbers]
        if len(set(written)) == len(set(numbers)):
            break
    return written


def candidates(found: PredictionSet) -> str:
    codes = list(found.codes)
    if len(codes) == 1:
        return f"One candidate is left: {category(codes[0])}."
    known = [code for code in WORDS if code != UNKNOWN]
    if set(known) <= set(codes):
        return "Can't tell: none of the eight categories can be ruled out."
    return f"{len(codes)} candidates are left: {listed([category(code) for code in codes])}."


def coverage(found: PredictionSet) -> str:
    return (
        "Candidates are chosen to include the true category in"
        f" {100 * found.coverage:.0f} of 100 pictures of each of the eight categories; how often"
        " they did in pictures of the model's validation is in its card."
    )


def refer(fired: list[Rule]) -> list[str]:
    """A paragraph for each rule that fired."""
    return [f"{'Also' if index else 'Refer'}: {because(rule)}" for index, rule in enumerate(fired)]


def no_referral(rules: tuple[Rule, ...]) -> str:
    values = "".join(f"; {compared(rule)}" for rule in rules)
    return f"No referral rule fired{values}. That is no all-clear."


def because(rule: Rule) -> str:
    those = noun(rule.codes[0]) if len(rule.codes) == 1 else "these categories"
    return (
        f"{compared(rule)}. At that threshold {percent(rule.sensitivity)} of the pictures of"
        f" {those} and {percent(rule.specificity)} of the others in validation were told right"
        " (sensitivity, specificity)."
    )


def compared(rule: Rule) -> str:
    names = listed([noun(code) for code in rule.codes])
    value, threshold = apart(rule.value, rule.threshold, decimals=2)
    where = "at or above" if rule.fired else "below"
    return (
        f"the probability of {names} is {value}, {where} {threshold}"
        f" ({UNKNOWN} by distance left aside)"
    )


def unknown(found: Unknown, prediction: Prediction) -> str:
    distance, limit = apart(found.distance, found.limit, decimals=0)
    if found.distance > found.limit:
        likeness, where = "Unlike", "beyond"
    # Below one half P(UNK) may still be the largest of nine.
    elif prediction.label == UNKNOWN and not has_output_of_its_own(found, prediction):
        likeness, where = "Hardly like", "near"
    else:
        likeness, where = "Like", "within"
    told = (
        f"{likeness} other pictures of known categories: its distance to them is {distance},"
        f" {where} the limit of {limit}, which makes a probability of {percent(found.probability)}"
        f" that it is {category(UNKNOWN)}."
    )
    if likeness != "Like":
        return told
    if prediction.label == UNKNOWN:
        return f"{told} It is the model itself that calls the picture {UNKNOWN}."
    # Hardly any unseen melanoma or nevus is told by it.
    return f"{told} A lesion of another kind may look familiar too."


def has_output_of_its_own(found: Unknown, prediction: Prediction) -> bool:
    """Whether UNK's share is more than what the distance makes of it."""
    return prediction.probabilities[UNKNOWN] > found.probability + ROUNDING


def looked(target: str, strongest: str | None) -> str:
    """`strongest` is a place in the picture, None where relevance is 0 everywhere."""
    if strongest is None:
        return f"Nothing in the picture speaks for {category(target)}."
    return f"For {category(target)} the model looked most at the {strongest} of the picture."
