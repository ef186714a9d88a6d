"""Answers of a backend, as its JSON, for tests of the page."""

from typing import Any

from streamlit_app.names import WORDS


def check(**changes: Any) -> dict[str, Any]:  # noqa: ANN401  # any field of it
    return {"value": 1.0, "limit": 0.5, "ok": True, "verdict": "fine"} | changes


def rule(**changes: Any) -> dict[str, Any]:  # noqa: ANN401
    return {
        "name": "melanoma",
        "codes": ["MEL"],
        "value": 0.31,
        "threshold": 0.12,
        "fired": True,
        "sensitivity": 0.95,
        "specificity": 0.63,
    } | changes


def prediction(**changes: Any) -> dict[str, Any]:  # noqa: ANN401
    return {
        "label": "NV",
        "probabilities": dict.fromkeys(WORDS, 0.0) | {"NV": 0.83, "MEL": 0.17},
        "model": {"name": "skin_vit", "version": "1.0"},
        "schema": 2,
        "unknown": {"distance": 60.0, "limit": 115.2, "probability": 0.03},
        "prediction_set": {"codes": ["NV", "MEL"], "coverage": 0.9},
        "referral": {"refer": True, "rules": [rule()]},
        "quality": {name: check() for name in ("sharpness", "exposure", "size", "border", "skin")},
    } | changes


def explanation(**changes: Any) -> dict[str, Any]:  # noqa: ANN401
    relevance = {
        "target": "NV",
        "grid": [[0.0, 0.75], [0.25, 0.0]],
        "region": {"left": 0.125, "top": 0.0, "width": 0.75, "height": 1.0},
    }
    return prediction() | {"relevance": relevance | changes}
