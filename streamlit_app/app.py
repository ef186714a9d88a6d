"""The page: streamlit run streamlit_app/app.py."""

import streamlit as st

from streamlit_app import look, parts, words
from streamlit_app.chart import bars
from streamlit_app.client import PredictionFailed, State, connected, predict, state
from streamlit_app.faults import show_fault
from streamlit_app.look import Upload
from streamlit_app.settings import Backend, Settings, SettingsError

DISCLAIMER = "Research use only. Not a medical device."
KINDS = ["jpg", "jpeg", "png", "webp", "tif", "tiff", "bmp"]
COLOURS = {State.UP: "green", State.UNWELL: "orange", State.REFUSING: "orange", State.DOWN: "red"}
# Below the page's own parts, so that it is seen wherever one has scrolled to.
FOOTER = f"""
<div style="position: fixed; bottom: 0; left: 0; right: 0; z-index: 999999; padding: 0.4rem;
            text-align: center; font-weight: 600; color: #5c1a1a; background: #fbe9e7;">
{DISCLAIMER}
</div>
"""


def page() -> None:
    st.set_page_config(page_title="Skin lesion categories", layout="wide")
    st.html(FOOTER)
    try:
        backend = sidebar(Settings.from_env())
    except SettingsError as error:
        st.error(str(error))
        st.stop()
    st.title("Which category is this lesion?")
    st.write("Drop dermoscopic pictures; the answer is one of ISIC 2019's nine categories.")
    uploads = st.file_uploader("Pictures", type=KINDS, accept_multiple_files=True)
    for upload in uploads:
        st.divider()
        show(Upload(key=upload.file_id, name=upload.name, image=upload.getvalue()), backend)


def sidebar(settings: Settings) -> Backend:
    with st.sidebar:
        st.header("Backend")
        backend = st.radio(
            "Which one answers?",
            settings.backends,
            index=settings.chosen,
            format_func=lambda one: one.name,
        )
        for one in settings.backends:
            with connected(one) as client:
                found = state(client)
            st.write(f":{COLOURS[found]}[●] {one.name} is {found.value}")
            st.caption(one.url)
    return backend


def show(upload: Upload, backend: Backend) -> None:
    with connected(backend) as client:
        try:
            with st.spinner(f"Asking {backend.name}"):
                found = predict(client, upload.image)
        except PredictionFailed as error:
            show_fault(upload.name, error, backend)
            return
    prediction = found.prediction
    picture, answer = st.columns([1, 2])
    with picture:
        look.picture(upload, prediction, backend)
    with answer:
        parts.show(prediction)
        st.plotly_chart(bars(prediction), key=f"bars-{backend.name}-{upload.key}")
        st.caption(words.commonness(prediction))
        st.caption(
            f"{backend.name} answered in {found.seconds * 1000:.0f} ms"
            f" with model {words.plain(prediction.model)}."
        )


page()
