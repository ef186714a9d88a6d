"""The checks of a picture's quality -> sentences."""

from dataclasses import dataclass

from streamlit_app.answer import Check
from streamlit_app.words import apart


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A value times `scale` is told with `decimals` and `unit`; `bound` is what one limit is."""

    name: str
    unit: str = ""
    scale: float = 1
    decimals: int = 0
    bound: str = "at least"


MEASURES = {
    "sharpness": Measure(name="Sharpness", decimals=1),
    "exposure": Measure(name="Exposure", decimals=2),
    "size": Measure(name="Shorter side", unit=" pixels"),
    "border": Measure(name="Black border", unit="\u00a0%", scale=100, bound="at most"),
    "skin": Measure(name="Skin", unit="\u00a0%", scale=100),
}


def summary(quality: dict[str, Check]) -> str:
    good = sum(check.ok for check in quality.values())
    return f"Picture quality: {good} of {len(quality)} checks are fine"


def sentence(name: str, check: Check) -> str:
    measure = MEASURES[name]
    scaled = [measure.scale * number for number in (check.value, *check.limit)]
    value, *limits = apart(*scaled, decimals=measure.decimals)
    good = " to ".join(limits) if len(limits) > 1 else f"{measure.bound} {limits[0]}"
    return f"{measure.name}: {check.verdict} ({value}{measure.unit}; fine is {good}{measure.unit})."
