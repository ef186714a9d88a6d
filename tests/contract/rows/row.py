"""One line of the table: what is asked, and what is looked at in the answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx

from tests.contract.rows import views

Port = Literal["inference", "management", "metrics"]
Envelope = Literal["", "body", "json", "kserve", "kservev2"]


@dataclass(frozen=True, kw_only=True)
class Step:
    """No `status` is: cleans up, whatever the answer. `also` is the status where timing decides;
    `sent` is httpx's (content, json, data, files, params); `raw` is a request target that no
    URL can have; `bodies` are requests that are under way together; of what `shaped`, a
    pattern of places in the JSON, fits, only the type is compared.
    """

    status: int | tuple[int, ...] | None
    method: str
    path: str
    port: Port = "inference"
    headers: Mapping[str, str] = field(default_factory=dict)
    sent: Mapping[str, Any] = field(default_factory=dict)
    raw: str | None = None
    bodies: tuple[bytes, ...] = ()
    view: Callable[[httpx.Response], object] = views.body
    shaped: str | None = None
    also: int | None = None

    @property
    def statuses(self) -> tuple[int, ...] | None:
        """Of all that are under way together, in order of size."""
        return (self.status,) if isinstance(self.status, int) else self.status


@dataclass(frozen=True, kw_only=True)
class Row:
    """`needs` is the service_envelope of both servers."""

    id: str
    steps: tuple[Step, ...]
    needs: Envelope = ""

    def __str__(self) -> str:
        return self.id

    def key(self, number: int) -> str:
        """The name of a step, by which a deviation may name it."""
        return self.id if len(self.steps) == 1 else f"{self.id}.{number + 1}"


def step(
    status: int | tuple[int, ...] | None,
    line: str,
    *,
    headers: Mapping[str, str] | None = None,
    **options: Any,  # noqa: ANN401
) -> Step:
    """`line` is a method and a path; options that Step does not have are httpx's."""
    method, path = line.split(" ", 1)
    own = {name: options.pop(name) for name in list(options) if name in Step.__annotations__}
    return Step(status=status, method=method, path=path, headers=headers or {}, sent=options, **own)


def row(id: str, status: int, line: str, **options: Any) -> Row:  # noqa: ANN401
    return Row(id=id, steps=(step(status, line, **options),))


def sequence(id: str, *steps: Step) -> Row:
    return Row(id=id, steps=steps)
