"""Fails when it is loaded."""


def handle(data: object, context: object) -> None:
    raise RuntimeError("this model can't be loaded")
