"""A model's versions, and which of them gets a request that names none."""

import random
from dataclasses import dataclass, field

from serve.models.version import Version


@dataclass(kw_only=True)
class Model:
    """Its first version is the default until another is made so."""

    name: str
    default: str
    versions: dict[str, Version] = field(default_factory=dict)

    def drawn(self) -> Version:
        """By the canaries' weights; what they leave is the default's."""
        draw = random.random()
        for version in self.versions.values():
            if version.version == self.default or not version.queue.workers:
                continue
            draw -= version.weight
            if draw < 0:
                return version
        return self.versions[self.default]

    def shadows(self, chosen: Version) -> list[Version]:
        return [
            one
            for one in self.versions.values()
            if one.shadow and one is not chosen and one.queue.workers
        ]
