"""The configurations of the course: what is asked about, live and for the record."""

from dataclasses import dataclass, field
from functools import cache, cached_property

from ..data import facts
from ..document import Domain, read

_GUEST = (
    "<domain type='kvm'>\n<os><type arch='x86_64' machine='{machine}'>hvm</type></os>\n"
    "<devices>\n{disks}\n</devices>\n</domain>"
)


@dataclass(frozen=True)
class Lesson:
    """One of them: `says` what it is; `formats` are those of images that hold something else than
    the XML says, by target."""

    name: str
    says: str
    disks: str
    machine: str = "pc"
    formats: dict[str, str] = field(default_factory=dict)

    @cached_property
    def domain(self) -> Domain:
        """A guest with it, and nothing more than it needs."""
        return read(_GUEST.format(machine=self.machine, disks=self.disks))


@cache
def lessons() -> dict[str, Lesson]:
    """All, by name."""
    return {name: Lesson(name, **told) for name, told in facts("evidence/lessons.toml").items()}
