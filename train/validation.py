"""Validation: the weights as the checkpoint will hold them, the images as the service sees them."""

import numpy as np
import torch
import torch.distributed as dist

from train.data.loading import LesionImages, batches, to_inputs
from train.metrics import confusion_matrix


def share_statistics(model: torch.nn.Module) -> None:
    """Each worker's batch norms have seen images of its own: what is judged are those of rank 0,
    which are what the checkpoint holds."""
    for buffer in model.buffers():
        if buffer.is_floating_point():
            dist.broadcast(buffer, src=0)


def mean_over_workers(number: float, world: int, device: torch.device) -> float:
    if world == 1:
        return number
    # In 64 bits, as a number of Python's is.
    total = torch.tensor(number, dtype=torch.float64, device=device)
    dist.all_reduce(total)
    return total.item() / world


@torch.inference_mode()
def confusion_of(
    model: torch.nn.Module,
    images: LesionImages,
    rank: int,
    world: int,
    batch_size: int,
    processes: int,
) -> np.ndarray:
    """(classes, classes) counts over all workers, each of which looks at its share."""
    device = next(model.parameters()).device
    classes = len(images.config.classes)
    confusion = np.zeros((classes, classes), dtype=np.int64)
    keys = list(range(rank, len(images), world))
    for pictures, labels in batches(images, keys, batch_size, processes):
        inputs = to_inputs(pictures, images.config, device)
        predicted = model(inputs)[0].argmax(dim=1).cpu()
        confusion += confusion_matrix(labels.numpy(), predicted.numpy(), classes)
    if world > 1:
        total = torch.from_numpy(confusion).to(device)
        dist.all_reduce(total)
        confusion = total.cpu().numpy()
    return confusion
