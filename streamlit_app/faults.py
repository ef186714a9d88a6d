"""What went wrong with one picture, and what to do, on the page."""

import streamlit as st

from streamlit_app.client import BackendDown, PredictionFailed
from streamlit_app.settings import Backend
from streamlit_app.words import plain


def show_fault(name: str, error: PredictionFailed, backend: Backend) -> None:
    if isinstance(error, BackendDown):
        st.error(f"{backend.name} is down: {plain(str(error))} Start it with:")
        st.code(backend.start_command, language="bash")
    else:
        st.error(plain(f"{name}: {error}"))
