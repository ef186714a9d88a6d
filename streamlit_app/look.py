"""The picture, and over it where the model looked."""

from dataclasses import dataclass

import streamlit as st
from PIL import Image

from streamlit_app import overlay, words
from streamlit_app.answer import Prediction, Relevance
from streamlit_app.client import PredictionFailed, connected, explain
from streamlit_app.faults import show_fault
from streamlit_app.names import WORDS
from streamlit_app.picture import upright
from streamlit_app.settings import Backend

# Of UNK hardly a model has an output that could be explained.
TARGETS = (None, *(code for code in WORDS if code != words.UNKNOWN))


@dataclass(frozen=True, kw_only=True)
class Upload:
    """`key` is of this upload alone, whatever its name and bytes."""

    key: str
    name: str
    image: bytes


# A fragment, so that its slider moves without any picture being asked about again.
@st.fragment
def picture(upload: Upload, prediction: Prediction, backend: Backend) -> None:
    """`prediction` is what this backend has said of it."""
    shown = upright(upload.image)
    if shown is None:
        st.info(
            f"{words.plain(upload.name)} can't be shown, with or without an overlay:"
            f" this page can't open it, though {backend.name} can."
        )
        return
    place = st.empty()
    place.image(shown, caption=words.plain(upload.name), alt=upload.name, width="stretch")
    if st.toggle("Where the model looked", key=f"look-{upload.key}"):
        look(place, shown, upload, prediction, backend)


def look(
    place: st.delta_generator.DeltaGenerator,
    shown: Image.Image,
    upload: Upload,
    prediction: Prediction,
    backend: Backend,
) -> None:
    target = st.selectbox(
        "For which category?", TARGETS, format_func=target_name, key=f"target-{upload.key}"
    )
    strength = st.slider("Strength of the colours, in %", 0, 100, 60, key=f"strength-{upload.key}")
    try:
        with st.spinner(f"Asking {backend.name}"):
            found = explained(upload, target, prediction, backend)
    except PredictionFailed as error:
        show_fault(upload.name, error, backend)
        return
    told = words.looked(found.target, overlay.strongest(found))
    place.image(
        overlay.overlaid(shown, found, strength / 100),
        caption=words.plain(upload.name),
        alt=f"{upload.name}. {told}",
        width="stretch",
    )
    st.caption(f"{told} {words.COLOURS}")


def target_name(code: str | None) -> str:
    # Not UNK, where that is only told by a distance.
    return "The model's first choice" if code is None else f"{WORDS[code]} ({code})"


def explained(
    upload: Upload, target: str | None, prediction: Prediction, backend: Backend
) -> Relevance:
    """Asked once of a model, which is known by what it says; a failure is asked again."""
    kept: dict[tuple[object, ...], Relevance] = st.session_state.setdefault("explained", {})
    said = (prediction.model, *prediction.probabilities.values())
    key = (upload.key, target, said, backend.url)
    if key not in kept:
        with connected(backend) as client:
            kept[key] = explain(client, upload.image, target)
    return kept[key]
