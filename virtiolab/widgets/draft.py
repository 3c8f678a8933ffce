"""A disk in the making: what is chosen, its XML, and the guest that it stands in. No widget yet."""

import copy
from collections.abc import Mapping
from functools import lru_cache

from lxml import etree

from ..build import Choice, build, choices, choices_of
from ..document import Disk, Domain, read
from ..inference import infer
from ..refusals import Problem, check
from ..refusals.fixes import apply
from ..syntax import names_in
from ..xml import written

FRAGMENT = None  # a machine that is not known, because only a part of the guest is there
_X86 = ("pc", "q35")  # the machines whose architecture goes without saying
# On these it depends what libvirt looks at in a disk.
_DECIDERS = ("type", "protocol", "slice_type", "backing_type", "address_type")


class Draft:
    """The disk that the choices make, in a guest with this machine, and what is wrong with it.

    `chosen` and all that follows from it are those of the last choices that could be written.
    """

    def __init__(self, machine: str | None, chosen: Mapping):
        self._guest = _guest(machine)
        self.choose(chosen)

    def choose(self, chosen: Mapping) -> None:
        """Build the disk anew. Raises ValueError, one sentence, for what cannot be written."""
        xml = build(**chosen)
        element, guest = read(xml).disks[0].element, copy.deepcopy(self._guest)
        _devices(guest).insert(0, element)
        self.chosen, self.xml = dict(chosen), xml
        self._look_at(Domain(guest))

    def move(self, machine: str | None) -> None:
        """Put the disk into another guest, without what was mended in the last one."""
        self._guest = _guest(machine)
        self.choose(self.chosen)

    def mend(self, problem: Problem) -> None:
        """Do what would mend one of the problems, in the disk and in the guest around it."""
        guest = copy.deepcopy(self.domain.element)
        disk = Domain(guest).disks[0]
        apply(problem.edits, disk)
        chosen = choices_of(Disk(disk.element, disk.domain))
        disk.element.getparent().remove(disk.element)
        self._guest = guest
        self.choose(chosen)

    def _look_at(self, domain: Domain) -> None:
        self.domain, self.disk = domain, domain.disks[0]
        self.answers, self.problems = infer(self.disk), check(domain)

    @property
    def text(self) -> str:
        """The XML of the disk, and of what had to be added beside it."""
        around = _devices(self._guest).iterchildren("*")
        above = self._guest.iterchildren("*") if self.domain.complete else ()
        beside = [part for part in above if part.tag not in ("os", "devices")]
        return self.xml + "".join(written(part) for part in [*around, *beside])

    @property
    def whole(self) -> str:
        """The XML that the answers are about: the guest's, or of a fragment what there is of it."""
        return written(self.domain.element) if self.domain.complete else self.text

    def is_read(self, choice: Choice) -> bool:
        """Whether libvirt would look at this choice in a disk of this kind."""
        known = ((name, self.chosen.get(name)) for name in _DECIDERS if name != choice.name)
        deciders = ((name, value) for name, value in known if isinstance(value, str))
        return _is_read(choice.name, tuple(deciders))


def _guest(machine: str | None) -> etree._Element:
    """A guest without disks; of a machine that is not known, only its devices."""
    if machine is FRAGMENT:
        return etree.Element("devices")
    guest = etree.Element("domain", type="kvm")
    arch = {"arch": "x86_64"} if machine in _X86 else {}
    etree.SubElement(
        etree.SubElement(guest, "os"), "type", arch | {"machine": machine}
    ).text = "hvm"
    etree.SubElement(guest, "devices")
    return guest


def _devices(guest: etree._Element) -> etree._Element:
    return guest if guest.tag == "devices" else guest.find("devices")


@lru_cache(maxsize=4096)
def _is_read(name: str, deciders: tuple[tuple[str, str], ...]) -> bool:
    """Whether libvirt looks at all that this choice adds to a disk."""
    choice, chosen = choices()[name], dict(deciders)
    some = True if choice.flag else next(iter(choice.values), "1")
    try:
        before, after = _looked_at(chosen), _looked_at(chosen | {name: some})
    except ValueError:
        return False
    return after.count(False) <= before.count(False) and after.count(True) > before.count(True)


def _looked_at(chosen: Mapping) -> list[bool]:
    return [name.counts for name in names_in(read(build(**chosen)).disks[0].element)]


@lru_cache(maxsize=1024)
def path_of(choice: Choice, kind: str | None) -> str:
    """The path of a choice as it stands in XML, where the type of its disk or image is this."""
    path = choice.path.replace("*", "")
    if "{type}" not in path:
        return path
    try:
        source = read(build(source="x", type=kind)).disks[0].child("source")
    except ValueError:
        return path.removesuffix("/@{type}")
    return path.replace("{type}", source.keys()[0])
