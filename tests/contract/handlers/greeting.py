"""A child of BaseHandler with a module of its own beside it, and settings in model-config.yaml."""

from typing import Any

from ts.context import Context
from ts.torch_handler.base_handler import BaseHandler
from words import counted  # type: ignore[import-not-found]  # it is in the archive


class Greeting(BaseHandler):  # type: ignore[misc]  # ts has no types
    def initialize(self, context: Context) -> None:
        self.initialized = True
        self.word = context.model_yaml_config["handler"]["word"]

    def preprocess(self, data: list[dict[str, Any]]) -> list[Any]:
        return [row.get("data") or row.get("body") for row in data]

    def inference(self, data: list[str]) -> list[int]:
        return [counted(one) for one in data]

    def postprocess(self, data: list[int]) -> list[object]:
        return [{"word": self.word, "letters": number} for number in data]

    def explain_handle(self, data: list[str], _: list[dict[str, Any]]) -> list[object]:
        return [{"explained": counted(one)} for one in data]

    def describe_handle(self) -> dict[str, str]:
        return {"greets": self.word}
