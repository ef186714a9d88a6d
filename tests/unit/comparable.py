"""What was fitted, as values that can be compared; tensors can't be."""

from train.doubt.fitted import Fitted


def comparable(fitted: Fitted | None) -> dict[str, object]:
    assert fitted is not None
    known = {name: tensor.tolist() for name, tensor in vars(fitted.known).items()}
    return fitted.as_plain() | {"known": known}
