"""The exported graph of each kind of Vision Transformer: it answers and explains as its module."""

from io import BytesIO

import pytest
import torch
from timm.models import VisionTransformer
from torch.nn.functional import one_hot

from train.doubt.fitted import FEATURES, Known
from train.judged import Judged
from train.models import DEFAULT_MODEL, build
from train.pth_to_pt import traced
from train.served import Served
from train.views import by_view, views_of

CLASSES = 3
KINDS: dict[str, dict[str, object]] = {
    "class token": {},
    "average": {"class_token": False, "global_pool": "avg"},
    "average beside a class token": {"global_pool": "avg", "fc_norm": False},
    "normed class token": {"fc_norm": True},
    "registers": {"reg_tokens": 3},
    "registers alone": {"reg_tokens": 3, "class_token": False, "global_pool": "avg"},
    "patches of 14": {"patch_size": 14, "img_size": 56},
    "layer scale": {"init_values": 0.1},
    "normed queries": {"qk_norm": True},
    "attention pooling": {"class_token": False, "global_pool": "map"},
    "one block": {"depth": 1},
}


def vit(**changes: object) -> VisionTransformer:
    torch.manual_seed(0)
    settings: dict[str, object] = {
        "img_size": 64, "patch_size": 16, "embed_dim": 32, "depth": 4, "num_heads": 2,
    }  # fmt: skip
    model = VisionTransformer(num_classes=CLASSES, **(settings | changes)).eval()
    for parameter in model.parameters():
        if parameter.dim() > 1:
            # timm's start is too faint for one token to change another.
            torch.nn.init.normal_(parameter, std=parameter[0].numel() ** -0.5)
    return model


def judged(model: VisionTransformer, views: int) -> Judged:
    with torch.no_grad():
        _, _, direction = Served(model, 1)(torch.randn(1, 3, *model.patch_embed.img_size))
    width = direction.shape[1]
    means = torch.randn(CLASSES, width, dtype=torch.float64)
    known = Known(of=FEATURES, means=means, precision=torch.eye(width, dtype=torch.float64))
    return Judged(Served(model, views), known).eval()


def reloaded(graph: torch.jit.ScriptModule) -> torch.jit.ScriptModule:
    buffer = BytesIO()
    torch.jit.save(graph, buffer)
    buffer.seek(0)
    loaded: torch.jit.ScriptModule = torch.jit.load(buffer)
    return loaded


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("views", [1, 2])
def test_a_graph_answers_and_explains_as_its_module(kind: dict[str, object], views: int) -> None:
    model = vit(**kind)
    module = judged(model, views)
    size = model.patch_embed.img_size[0]
    graph = reloaded(traced(module, size))

    for count in (1, 5):
        inputs = torch.randn(count, 3, size, size)
        wanted = torch.eye(count, CLASSES + 1)[:, 1:]
        with torch.inference_mode():
            answer, explained = graph(inputs), graph.explain(inputs, wanted)

        torch.testing.assert_close(answer, module(inputs), rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(explained, module.explain(inputs, wanted), rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(explained[:2], answer, rtol=1e-5, atol=1e-5)
        assert answer[1].shape == (count,)
        assert explained[2].shape == (count, 4, 4)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_one_views_answer_is_the_plain_models(kind: dict[str, object]) -> None:
    model = vit(**kind)
    inputs = torch.randn(2, 3, *model.patch_embed.img_size)

    with torch.no_grad():
        logits, embedding, _ = Served(model, 1)(inputs)
        expected = model(inputs)

    torch.testing.assert_close(logits, expected)
    torch.testing.assert_close(model.head(embedding), expected)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_direction_is_of_the_patches_mean_before_the_last_blocks(kind: dict[str, object]) -> None:
    model = vit(**kind)
    inputs = torch.randn(2, 3, *model.patch_embed.img_size)
    entered: list[torch.Tensor] = []
    model.blocks[-1].register_forward_pre_hook(lambda _, given: entered.append(given[0]))

    with torch.no_grad():
        _, _, direction = Served(model, 1)(inputs)

    mean = entered[0][:, model.num_prefix_tokens :].mean(dim=1)
    torch.testing.assert_close(direction, mean / mean.norm(dim=1, keepdim=True))


def test_the_default_models_direction_is_of_its_convolutions_mean() -> None:
    model = build(DEFAULT_MODEL, CLASSES)
    inputs = torch.randn(2, 3, 224, 224)

    with torch.no_grad():
        _, _, direction = Served(model, 2).eval()(inputs)
        views = [model.patch_embed.backbone(view) for view in views_of(inputs, 2)]

    mean = torch.stack(views).mean(dim=(0, 3, 4))
    torch.testing.assert_close(direction, mean / mean.norm(dim=1, keepdim=True))


def test_the_default_model_is_explained_on_its_grid() -> None:
    torch.manual_seed(0)
    module = judged(build(DEFAULT_MODEL, CLASSES), 2)
    inputs, wanted = torch.randn(3, 3, 224, 224), torch.eye(3)
    graph = reloaded(traced(module, 224))

    with torch.inference_mode():
        explained = graph.explain(inputs, wanted)

    torch.testing.assert_close(explained, module.explain(inputs, wanted), rtol=1e-5, atol=1e-5)
    assert explained[2].shape == (3, 7, 7)


def test_the_default_models_views_are_joined_upright() -> None:
    torch.manual_seed(0)
    module = Served(build(DEFAULT_MODEL, CLASSES), 2).eval()
    image = torch.randn(1, 3, 224, 224)

    with torch.no_grad():
        straight, mirrored = (
            module.halves.joined(by_view(module.hidden(one), 2))
            for one in (image, image.flip((2, 3)))
        )

    torch.testing.assert_close(mirrored.flip((-2, -1)), straight, rtol=0, atol=1e-5)
    assert (mirrored - straight).abs().max() > 1e-2


def test_the_default_model_is_explained_for_its_answers_top_output() -> None:
    """Which is not always that of the joined views, of which the map is."""
    torch.manual_seed(0)
    module = Served(build(DEFAULT_MODEL, CLASSES), 2).eval()
    inputs, zeros = torch.randn(1, 3, 224, 224), torch.zeros(1, CLASSES)
    bias = module.model.head.bias
    with torch.no_grad():
        bias[0] -= 9
        # So far that the second output's lead over the third lies on both sides of 0.
        bias[1] -= (lead(answered(module, inputs)) + lead(joined(module, inputs))) / 2
        top = answered(module, inputs).argmax(dim=1)
        assert top != joined(module, inputs).argmax(dim=1)

    *_, expected = module.explain(inputs, one_hot(top, CLASSES).float())
    *_, found = module.explain(inputs, zeros)

    assert torch.equal(found, expected)


def answered(module: Served, inputs: torch.Tensor) -> torch.Tensor:
    logits: torch.Tensor = module(inputs)[0]
    return logits


def joined(module: Served, inputs: torch.Tensor) -> torch.Tensor:
    views = module.halves.joined(by_view(module.hidden(inputs), module.views))
    return module.halves.answer(views.flatten(0, 1))[0]


def lead(logits: torch.Tensor) -> torch.Tensor:
    return logits[0, 1] - logits[0, 2]


def test_a_graph_holds_its_weights_once() -> None:
    model = vit(embed_dim=128)
    buffer = BytesIO()

    torch.jit.save(traced(judged(model, 1), 64), buffer)

    weights = sum(tensor.numel() * tensor.element_size() for tensor in model.parameters())
    assert weights < buffer.tell() < 1.2 * weights


def test_a_graph_names_no_device() -> None:
    graph = traced(judged(vit(reg_tokens=1), 2), 64)

    assert "device(" not in graph.code
    assert "device(" not in graph.explain.code
