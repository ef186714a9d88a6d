"""What can be wrong with a request or a model, and how a fault looks as JSON."""


class Fault(Exception):
    """Something the caller can mend; its text says how. A door answers it with `code`."""

    code: int
    type: str

    def as_json(self) -> dict[str, object]:
        return {"code": self.code, "type": self.type, "message": str(self)}


class BadRequest(Fault):
    code = 400
    type = "BadRequestException"


class BodyTooLarge(Fault):
    code = 413
    type = "BodyTooLargeException"


class UnusableModel(Exception):
    """A model or model config that must not be served; its text says what to do."""
