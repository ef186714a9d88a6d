"""The page: streamlit run streamlit_app/app.py."""

import httpx
import plotly.graph_objects as go
import streamlit as st

from streamlit_app.client import BackendDown, Prediction, PredictionFailed, is_up, predict
from streamlit_app.names import WORDS
from streamlit_app.settings import Backend, Settings, SettingsError

DISCLAIMER = "Research use only. Not a medical device."
KINDS = ["jpg", "jpeg", "png", "webp", "tif", "tiff", "bmp"]
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
        settings = Settings.from_env()
    except SettingsError as error:
        st.error(str(error))
        st.stop()
    backend = sidebar(settings)
    st.title("Which category is this lesion?")
    st.write("Drop dermoscopic pictures; the answer is one of ISIC 2019's nine categories.")
    uploads = st.file_uploader("Pictures", type=KINDS, accept_multiple_files=True)
    for upload in uploads:
        st.divider()
        show(upload.name, upload.getvalue(), backend)


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
            with httpx.Client(base_url=one.url, auth=one.keys) as client:
                up = is_up(client)
            st.write(f":{'green' if up else 'red'}[●] {one.name} is {'up' if up else 'down'}")
            st.caption(one.url)
    return backend


def show(name: str, image: bytes, backend: Backend) -> None:
    with httpx.Client(base_url=backend.url, auth=backend.keys) as client:
        try:
            with st.spinner(f"Asking {backend.name}"):
                prediction = predict(client, image)
        except BackendDown as error:
            st.error(f"{backend.name} is down: {error} Start it with:")
            st.code(backend.start_command, language="bash")
            return
        except PredictionFailed as error:
            st.error(f"{name}: {error}")
            return
    picture, answer = st.columns([1, 2])
    picture.image(image, caption=name)
    with answer:
        st.subheader(f"{WORDS[prediction.label]} ({prediction.label})")
        st.caption(
            f"{backend.name} answered in {prediction.seconds * 1000:.0f} ms"
            f" with model {prediction.model}."
        )
        st.plotly_chart(bars(prediction), key=f"bars-{backend.name}-{name}-{id(image)}")


def bars(prediction: Prediction) -> go.Figure:
    """The nine probabilities, in ISIC 2019's order from top to bottom."""
    shares = [prediction.probabilities[code] for code in WORDS]
    colours = ["#b3542e" if code == prediction.label else "#9fb3c8" for code in WORDS]
    figure = go.Figure(
        go.Bar(
            x=shares,
            y=[f"{words} ({code})" for code, words in WORDS.items()],
            orientation="h",
            marker_color=colours,
            text=[f"{share:.1%}" for share in shares],
            textposition="outside",
            cliponaxis=False,
        )
    )
    figure.update_yaxes(autorange="reversed")
    figure.update_xaxes(range=[0, 1.1], tickformat=".0%", tickvals=[0, 0.25, 0.5, 0.75, 1])
    figure.update_layout(height=360, margin={"l": 0, "r": 24, "t": 10, "b": 10})
    return figure


page()
