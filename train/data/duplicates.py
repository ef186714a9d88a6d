"""Pictures that are nearly the same one, found by perceptual hash, and what must stay together."""

import imagehash
import numpy as np
import pandas as pd
from PIL import Image
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

# 1,024 bits: of 64, other lesions of other categories are as near as copies, as most pictures of
# dermoscopy are a dark blot on skin; finer bits tell them apart.
HASH_SIDE = 32
# Pixels; a JPEG is decoded as small as leaves the hash its 128 x 128. Always the same, so that a
# split doesn't depend on the model.
DECODED_SIZE = 128

# Bits of 1,024. Of 80 images of HAM10000, copies made smaller, brighter or compressed again are
# at most 63 away, copies cut by 1 % at each edge at most 180. Among 6,000, two pairs of two lesion
# ids show one lesion, at 78 and 266; those that merely look alike begin at 318 and soon are many.
# Within 272 nothing chains there: no group has more than two lesion ids.
NEAR = 272
ROWS = 16


def fingerprint(image: Image.Image) -> str:
    """256 hexadecimal digits: an RGB image's 32 x 32 lowest frequencies against their median.

    The pHash of imagehash, with more bits.
    """
    return str(imagehash.phash(image, hash_size=HASH_SIDE))


def words(fingerprints: pd.Series) -> np.ndarray:
    """(n,) hexadecimal -> (n, 16) uint64."""
    joined = bytes.fromhex("".join(fingerprints))
    return np.frombuffer(joined, dtype=np.uint64).reshape(len(fingerprints), -1)


def distance(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Hamming distance in bits over the last axis of two (…, 16) uint64 that broadcast."""
    bits = sum(
        np.bitwise_count(one[..., k] ^ other[..., k]).astype(np.uint16)
        for k in range(one.shape[-1])
    )
    return np.asarray(bits)


def near_pairs(prints: np.ndarray) -> np.ndarray:
    """(m, 2) rows i < j of `prints` (n, 16) that are at most NEAR bits apart."""
    found = [np.empty((0, 2), dtype=np.int64)]
    # In blocks of rows, so that 25,000 images need megabytes and not gigabytes.
    for start in range(0, len(prints), ROWS):
        block = distance(prints[start : start + ROWS, None], prints[None, start:])
        i, j = np.nonzero(block <= NEAR)
        found.append(np.stack([i, j], axis=1)[i < j] + start)
    return np.concatenate(found)


def groups(lesions: pd.Series, fingerprints: pd.Series) -> list[str]:
    """What must not be split, per image: its lesion with every lesion that has a near-duplicate.

    A lesion id doesn't protect from that: the archive has one lesion under two of them. A group
    goes by its first lesion's name, so where nothing is linked groups are lesions.
    """
    lesion, names = pd.factorize(lesions, sort=True)
    # Equal fingerprints are one node: a thousand copies are not half a million pairs.
    prints, same = np.unique(words(fingerprints), axis=0, return_inverse=True)
    links = np.concatenate(
        [np.stack([lesion, same + len(names)], axis=1), near_pairs(prints) + len(names)]
    )
    nodes = len(names) + len(prints)
    graph = coo_array((np.ones(len(links), dtype=bool), tuple(links.T)), shape=(nodes, nodes))
    _, component = connected_components(graph, directed=False)
    of_lesion = component[: len(names)]
    # The names are sorted, so the first of a component is its smallest.
    _, first, inverse = np.unique(of_lesion, return_index=True, return_inverse=True)
    return [str(names[at]) for at in first[inverse][lesion]]
