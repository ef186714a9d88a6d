"""The number format a step computes in."""

import torch

FORMATS = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
CHOICES = ("auto", *FORMATS)


class Precision:
    """Autocast for a device, and the loss scaling that fp16 needs (Micikevicius 2017)."""

    def __init__(self, choice: str, device: torch.device) -> None:
        self.kind = device.type
        self.name = automatic(device) if choice == "auto" else choice
        self.format = FORMATS[self.name]
        self.scaler = torch.amp.GradScaler(self.kind, enabled=self.format is torch.float16)

    def autocast(self) -> torch.autocast:
        return torch.autocast(self.kind, self.format, enabled=self.format is not torch.float32)


def automatic(device: torch.device) -> str:
    """16 bits on a GPU. A CPU that has instructions for bf16 is faster with it too, but the default
    model so trained found less of the rare categories (README): there it must be asked for."""
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
    return "fp32"
