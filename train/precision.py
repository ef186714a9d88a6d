"""The number format a step computes in: 16 bits where the hardware has them, else 32."""

import torch

FORMATS = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
CHOICES = ("auto", *FORMATS)


class Precision:
    """Autocast for a device, and the loss scaling that fp16 needs (Micikevicius 2017)."""

    def __init__(self, choice: str, device: torch.device) -> None:
        self.kind = device.type
        self.name = automatic(device) if choice == "auto" else choice
        self.format = FORMATS[self.name]
        self.scaler = torch.amp.GradScaler(
            self.kind, enabled=self.format is torch.float16 and self.kind == "cuda"
        )

    def autocast(self) -> torch.autocast:
        return torch.autocast(self.kind, self.format, enabled=self.format is not torch.float32)


def automatic(device: torch.device) -> str:
    """16 bits where they are faster: a CPU without instructions for them loses time by casting."""
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
    has_bf16 = torch.cpu.get_capabilities().get("avx512_bf16", False)
    return "bf16" if device.type == "cpu" and has_bf16 else "fp32"
