"""The parts of a prediction, in words, on the page."""

import streamlit as st

from streamlit_app import quality, words
from streamlit_app.answer import Check, Prediction, PredictionSet, Rule, Unknown

# So that a warning is none by its colour alone.
SIGN = "⚠️"
PARAGRAPH = "\n\n"


def show(prediction: Prediction) -> None:
    st.subheader(words.headline(prediction))
    if prediction.prediction_set is not None:
        show_candidates(prediction.prediction_set)
    if prediction.rules is not None:
        show_referral(prediction.rules)
    if prediction.unknown is not None:
        show_unknown(prediction.unknown, prediction)
    if prediction.quality is not None:
        show_quality(prediction.quality)


def show_candidates(found: PredictionSet) -> None:
    st.markdown(words.candidates(found))
    st.caption(words.coverage(found))


def show_referral(rules: tuple[Rule, ...]) -> None:
    if fired := [rule for rule in rules if rule.fired]:
        st.warning(PARAGRAPH.join(words.refer(fired)), icon=SIGN)
    else:
        st.markdown(words.no_referral(rules))


def show_unknown(found: Unknown, prediction: Prediction) -> None:
    told = words.unknown(found, prediction)
    if prediction.label == words.UNKNOWN or found.distance > found.limit:
        st.warning(told, icon=SIGN)
    else:
        st.markdown(told)


def show_quality(checks: dict[str, Check]) -> None:
    if bad := sentences(checks, ok=False):
        st.warning(PARAGRAPH.join(bad), icon=SIGN)
    if good := sentences(checks, ok=True):
        with st.expander(quality.summary(checks)):
            st.caption(PARAGRAPH.join(good))


def sentences(checks: dict[str, Check], *, ok: bool) -> list[str]:
    return [quality.sentence(name, check) for name, check in checks.items() if check.ok == ok]
