"""The chart of all nine probabilities."""

import plotly.graph_objects as go

from streamlit_app.answer import Prediction
from streamlit_app.names import WORDS


def bars(prediction: Prediction) -> go.Figure:
    """In ISIC 2019's order from top to bottom; the label's is bold."""
    shares = [prediction.probabilities[code] for code in WORDS]
    colours = ["#b3542e" if code == prediction.label else "#9fb3c8" for code in WORDS]
    names = [f"{words} ({code})" for code, words in WORDS.items()]
    figure = go.Figure(
        go.Bar(
            x=shares,
            y=names,
            orientation="h",
            marker_color=colours,
            text=[f"{share:.1%}" for share in shares],
            textposition="outside",
            cliponaxis=False,
        )
    )
    figure.update_yaxes(
        autorange="reversed",
        tickvals=names,
        ticktext=[
            f"<b>{name}</b>" if code == prediction.label else name
            for code, name in zip(WORDS, names, strict=True)
        ],
    )
    figure.update_xaxes(range=[0, 1.1], tickformat=".0%", tickvals=[0, 0.25, 0.5, 0.75, 1])
    figure.update_layout(height=360, margin={"l": 0, "r": 24, "t": 10, "b": 10})
    return figure
