"""What was fitted, as values that can be compared; tensors can't be."""

from train.doubt.fitted import Fitted


def comparable(fitted: Fitted | None) -> dict[str, object]:
    assert fitted is not None
    known = fitted.known
    values = {"of": known.of, "means": known.means.tolist(), "precision": known.precision.tolist()}
    return fitted.as_plain() | {"known": values}
