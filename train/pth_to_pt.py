"""Checkpoint -> model and model config: python -m train.pth_to_pt --help."""

import argparse
import hashlib
import io
import logging
import sys
import warnings
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import torch

from handlers.classifier import CONFIG_HASH
from handlers.errors import UnusableModel
from handlers.model_config import ModelConfig
from handlers.url_part import UNSPEAKABLE
from train import checkpoint
from train.checkpoint import Checkpoint
from train.data.layouts import DataError, code_of
from train.judged import Judged
from train.models import InitError, build, read_tensors
from train.origin import ROOT
from train.relevance import unrolled
from train.served import Served
from train.views import by_view
from train.writable import OutError, writable_file, write_whole

log = logging.getLogger(__name__)

NAME = "skin_vit"
TOLERANCE = 1e-5


class ExportError(Exception):
    """The exported graph does not compute what the module does."""


def export(source: Checkpoint, source_sha256: str, version: str, model: Path, config: Path) -> None:
    """Writes `model` and `config`; neither if the graph computes anything over 1e-5 otherwise."""
    fitted = source.fitted
    served = Served(source.model(), source.views)
    module = Judged(served, None if fitted is None else fitted.known).eval()
    size = source.image_size
    graph = traced(module, size)
    verify(graph, module, size)
    settings = ModelConfig(
        name=NAME,
        version=version,
        architecture=source.architecture,
        checkpoint_sha256=source_sha256,
        classes=source.classes,
        image_size=size,
        interpolation=source.interpolation,
        mean=source.mean,
        std=source.std,
        temperature=1.0,
    )
    if fitted is not None:
        settings = fitted.within(settings)
    buffer = io.BytesIO()
    torch.jit.save(graph, buffer, _extra_files={CONFIG_HASH: settings.sha256})
    # The model last: as long as it is older than its checkpoint, make exports again.
    write_whole(config, settings.as_json().encode())
    write_whole(model, buffer.getvalue())


def traced(module: Judged, size: int) -> torch.jit.ScriptModule:
    """`forward` and `explain` of the module, which needs no gradients any more."""
    inputs = torch.rand(2, 3, size, size)
    wanted = torch.zeros(2, module.served.model.num_classes)
    plain = Served(module.served.model, module.served.views)
    judged = Judged(plain, None)
    judged.distance, judged.by_embedding = module.distance, module.by_embedding
    judged.eval().requires_grad_(False)
    with warnings.catch_warnings():
        # TorchScript is what TorchServe's archives hold; the tracer warns of timm's size checks.
        warnings.simplefilter("ignore")
        joined = plain.halves.joined(by_view(plain.hidden(inputs), plain.views))
        plain.relevance = unrolled(plain.halves, joined, wanted)
        methods = {"forward": inputs, "explain": (inputs, wanted)}
        graph = torch.jit.trace_module(judged, methods, check_trace=False)
        frozen: torch.jit.ScriptModule = torch.jit.freeze(graph, preserved_attrs=["explain"])
    return frozen


@torch.inference_mode()
def verify(graph: torch.jit.ScriptModule, module: Judged, size: int) -> None:
    """On other images, and another number of them, than the graph was traced with."""
    generator = torch.Generator().manual_seed(0)
    for count in (1, 5):
        inputs = torch.randn(count, 3, size, size, generator=generator)
        # The top output of the first, and another output of each further one.
        wanted = torch.eye(count, module.served.model.num_classes + 1)[:, 1:]
        compare("answer", graph(inputs), module(inputs))
        compare("explanation", graph.explain(inputs, wanted), module.explain(inputs, wanted))


def compare(what: str, found: Sequence[torch.Tensor], expected: Sequence[torch.Tensor]) -> None:
    # A distance is far above 1, and as exact in proportion.
    differences = [
        ((a - b).abs() / b.abs().clamp(min=1)).max().double()
        for a, b in zip(found, expected, strict=True)
    ]
    difference = torch.stack(differences).max().item()
    # Also false for nan.
    if not difference <= TOLERANCE:
        raise ExportError(
            f"The exported graph's {what} differs from the module's by {difference:.1e}"
            f" (at most {TOLERANCE:.0e}): nothing was written."
        )


def bare(file: Path, architecture: str, classes: tuple[str, ...]) -> Checkpoint:
    """A state_dict of a timm ViT; its preprocessing is the one timm gives the architecture.

    Raises InitError for a checkpoint that says itself what its outputs are.
    """
    if checkpoint.is_own(file):
        raise InitError(
            f"{file} is a checkpoint of train.run, which says its architecture and classes itself:"
            " leave out --model and --classes."
        )
    model = build(architecture, len(classes))
    config = checkpoint.config_of(architecture, classes, model)
    return Checkpoint(
        architecture=architecture,
        classes=classes,
        image_size=config.image_size,
        interpolation=config.interpolation,
        mean=config.mean,
        std=config.std,
        views=1,
        trained_on=(),
        training={},
        state_dict=read_tensors(file),
    )


def check_files(given: argparse.Namespace) -> None:
    """Raises OutError where a result can't be written, or would take the place of another file."""
    files = {"--checkpoint": given.checkpoint, "--out": given.out, "--config": given.config}
    for flag in ("--out", "--config"):
        writable_file(files[flag], flag)
    for one, other in combinations(files, 2):
        if files[one].resolve() == files[other].resolve():
            raise OutError(f"{one} and {other} are both {files[other]}: name another {other}.")


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m train.pth_to_pt", description=__doc__)
    store = ROOT / "model_store"
    parser.add_argument(
        "--checkpoint",
        type=Path,
        default=store / "best_model.pth",
        help="what is exported (model_store/best_model.pth)",
    )
    parser.add_argument("--model", help="timm name, where the checkpoint is a bare state_dict")
    parser.add_argument(
        "--classes", help="its outputs in order, with commas: codes or names; one may stand twice"
    )
    parser.add_argument("--version", default="1.0", help="the version the service states (1.0)")
    parser.add_argument(
        "--out", type=Path, default=store / f"{NAME}.pt", help=f"the model (model_store/{NAME}.pt)"
    )
    parser.add_argument(
        "--config",
        type=Path,
        default=ROOT / "mar_config" / "skin_lesion_model_config.json",
        help="its config (mar_config/skin_lesion_model_config.json)",
    )
    given = parser.parse_args(arguments)
    if (given.model is None) != (given.classes is None):
        parser.error("--model and --classes go together, for a bare state_dict")
    if UNSPEAKABLE.search(given.version):
        parser.error(f"--version is a part of URLs, which {given.version!r} can't be")
    return given


def main(arguments: list[str] | None = None) -> int:
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    given = parsed(arguments)
    try:
        check_files(given)
        if given.model is None:
            source = checkpoint.read(given.checkpoint)
        else:
            classes = tuple(code_of(name) for name in given.classes.split(","))
            source = bare(given.checkpoint, given.model, classes)
        sha256 = hashlib.sha256(given.checkpoint.read_bytes()).hexdigest()
        export(source, sha256, given.version, given.out, given.config)
    except (InitError, DataError, ExportError, UnusableModel, OutError) as error:
        log.error("%s", error)
        return 2
    log.info("%s and %s", given.out, given.config)
    return 0


if __name__ == "__main__":
    sys.exit(main())
