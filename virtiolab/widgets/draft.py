"""A disk in the making: what is chosen, its XML, and the guest that it stands in. No widget yet."""

import copy
from collections.abc import Mapping
from functools import lru_cache

from ..build import Choice, build, choices
from ..document import Domain, read
from ..evidence.guests import in_guest
from ..inference import infer
from ..refusals import Problem, check
from ..refusals.context import Context
from ..refusals.values import only_elsewhere
from ..rewriting.choices import choices_of
from ..rewriting.resolution import names_in
from ..syntax import shape_of
from ..views.fields import Filled
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
        self.chosen = chosen
        self.move(machine)

    def choose(self, chosen: Mapping) -> None:
        """Build the disk anew. Raises ValueError, one sentence, for what cannot be written."""
        xml = build(**chosen)
        element, guest = read(xml).disks[0].element, copy.deepcopy(self._guest)
        next(guest.iter("devices")).insert(0, element)
        self.chosen, self.xml, self.domain = dict(chosen), xml, Domain(guest)
        self.disk = self.domain.disks[0]
        self.answers, self.problems = infer(self.disk), check(self.domain)
        self._context = Context(self.disk)

    def move(self, machine: str | None) -> None:
        """Put the disk into another guest, without what was mended in the last one."""
        guest = read("<devices/>")
        if machine is not FRAGMENT:
            guest = in_guest(guest, machine, "x86_64" if machine in _X86 else None)
        self._guest = guest.element
        self.choose(self.chosen)

    def mend(self, problem: Problem) -> None:
        """Do what would mend one of the problems, in the disk and in the guest around it."""
        disk = problem.mended()
        chosen = choices_of(disk)
        disk.element.getparent().remove(disk.element)
        self._guest = disk.domain.element
        self.choose(chosen)

    @property
    def text(self) -> str:
        """The XML of the disk, and of what had to be added beside it."""
        around = next(self._guest.iter("devices")).iterchildren("*")
        above = self._guest.iterchildren("*") if self.domain.complete else ()
        beside = [part for part in above if part.tag not in ("os", "devices")]
        return self.xml + "".join(written(part) for part in [*around, *beside])

    @property
    def whole(self) -> str:
        """The XML that the answers are about: the guest's, or of a fragment what there is of it."""
        return written(self.domain.element) if self.domain.complete else self.text

    def filled(self, name: str) -> Filled:
        """A choice as it stands here, with the answer that says what it is where nobody wrote it."""
        choice, kind = choices()[name], "backing_type" if name == "backing" else "type"
        kind, answer = self.chosen.get(kind), self.answers._asdict().get(name)
        place, (prefix, _, part) = self.answers.address, name.partition("_")
        if prefix == "address" and place.origin != "stated" and part in (place.value or ()):
            answer = place._replace(value=str(place.value[part]))
        path = path_of(choice, kind if isinstance(kind, str) else None)
        known = ((one, self.chosen.get(one)) for one in _DECIDERS if one != name)
        deciders = tuple((one, value) for one, value in known if isinstance(value, str))
        is_read, only = _is_read(name, deciders), only_elsewhere(self._context, path)
        return Filled(choice, path, self.chosen.get(name), answer, is_read, only)


@lru_cache(maxsize=4096)
def _is_read(name: str, deciders: tuple[tuple[str, str], ...]) -> bool:
    """Whether libvirt looks at all that this choice adds to a disk of this kind."""
    choice, chosen = choices()[name], dict(deciders)
    some = True if choice.flag else next(iter(choice.values), "1")
    try:
        xml = build(**chosen), build(**chosen | {name: some})
    except ValueError:
        return False
    disks = (read(one).disks[0].element for one in xml)
    before, after = ([counts for *_, counts in names_in(disk, shape_of(disk))] for disk in disks)
    return after.count(False) <= before.count(False) and after.count(True) > before.count(True)


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
