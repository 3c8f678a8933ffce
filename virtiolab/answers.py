"""What an answer is: a value, who decided it, and the sentence that says why."""

import os
from functools import cache
from typing import Any, NamedTuple

from .parsing import one_line

ORIGINS = ("stated", "inferred", "default", "unknown")  # from the surest to the least sure


class Inference(NamedTuple):
    """One answer: the value, who decided it (one of ORIGINS), by which rule, from which facts."""

    value: Any
    origin: str
    rule: str
    facts: dict[str, Any]

    @property
    def reason(self) -> str:
        """Why, in plain words about this disk."""
        facts = {"value": self.value} | self.facts
        shown = {name: one_line(str(fact), 80) for name, fact in facts.items()}
        return rules()[self.rule]["reason"].format(**shown)

    @property
    def source(self) -> str:
        """Where the rule comes from: a function of libvirt, or a manual."""
        return rules()[self.rule]["source"]

    def as_dict(self) -> dict[str, Any]:
        """What the JSON of the command line says of it."""
        names = ("value", "origin", "reason", "rule", "source")
        return {name: getattr(self, name) for name in names}

    def __repr__(self) -> str:
        said = (f"{name}={value!r}" for name, value in self.as_dict().items())
        return f"Inference({', '.join(said)})"


class Inferences(NamedTuple):
    """All answers about one disk. `address` and `controller` have a dict or None as their value."""

    type: Inference
    device: Inference
    bus: Inference
    driver: Inference
    format: Inference
    cache: Inference
    readonly: Inference
    snapshot: Inference
    address: Inference
    controller: Inference
    qemu_device: Inference
    virtio: Inference

    @property
    def virtio_device(self) -> str | None:
        """`virtio-blk`, `vhost-user-blk` or `virtio-scsi` where the disk is virtio, else None."""
        return self.virtio.rule if self.virtio.value else None  # the rules are named after them


@cache
def rules() -> dict[str, dict[str, str]]:
    """What the rules say; read when first asked for, because an import should cost little."""
    import tomllib

    with open(os.path.join(os.path.dirname(__file__), "rules.toml"), "rb") as file:
        return tomllib.load(file)


def say(rule: str, value, origin: str | None = None, **facts) -> Inference:
    """The answer that a rule gives. Its sentence is put together only when somebody reads it."""
    return Inference(value, origin or rules()[rule]["origin"], rule, facts)
