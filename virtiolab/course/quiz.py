"""Draws questions for the quiz: a disk, one thing to ask about it, and what libvirt would say."""

from dataclasses import dataclass
from random import Random
from typing import Any

from ..build import build
from ..data import facts
from ..document import Disk, Domain, read
from ..evidence.guests import in_guest
from ..inference import infer
from ..refusals import check
from ..refusals.fixes import apply
from ..targets import BUS_OF_PREFIX, prefix_of
from ..xml import written
from .judging import UNKNOWN

_AROUND = ("machine", "controller", "misspelt")  # what is drawn and is no choice of build()
_SAID = ("asks", "fine")  # what is said of a kind, and not drawn
_REFUSED = "refused"


@dataclass(frozen=True)
class Question:
    """A disk in a guest with this machine, and a question: one of its `options` is `right`.

    `asked` is the name of what is asked, `value` the answer to it: of infer(), or "refused"; `libvirt`
    the one that gives it (None: the newest).
    """

    xml: str
    machine: str
    asked: str
    value: str
    options: tuple[str, ...]
    right: str
    why: str
    libvirt: str | None = None

    @property
    def says(self) -> str:
        """The question."""
        return _known()["asks"][self.asked]["question"]

    @property
    def disk(self) -> tuple[str, str]:
        """What is asked about: the same for two questions about one disk."""
        return self.machine, self.xml

    @property
    def guest(self) -> Domain:
        """The guest that it is about."""
        return in_guest(read(self.xml, self.libvirt), self.machine)


@dataclass(frozen=True)
class Score:
    """How many were right of those that were asked, and how many of the last without a fault."""

    right: int = 0
    asked: int = 0
    row: int = 0

    def after(self, is_right: bool) -> "Score":
        """The score after one more answer."""
        return Score(self.right + is_right, self.asked + 1, self.row + 1 if is_right else 0)

    @property
    def says(self) -> str:
        """It in words."""
        return words("score" if self.asked else "nobody-asked", **vars(self))


def draw(seed: int, libvirt: str | None = None) -> Question:
    """The question of this number: the same one every time, everywhere; with the answer of this
    libvirt (None: the newest)."""
    chance = Random(seed)
    asked = chance.choice([*_known()["asks"]])
    kind = chance.choice([kind for kind in _known()["kinds"].values() if asked in kind["asks"]])
    drawn = {n: chance.choice(values) for n, values in kind.items() if n not in _SAID}
    xml, machine = _xml(drawn), drawn["machine"]
    guest = in_guest(read(xml, libvirt), machine)
    bus = infer(guest.disks[0]).bus.value
    value, why = _answer(guest, asked, kind.get("fine", "").format(**drawn | {"bus": bus}))
    options = _known()["asks"][asked].get("options") or _buses(guest.disks[0], chance)
    options = {**options, _REFUSED: options.get(_REFUSED, _known()["refused"])}
    return Question(
        xml, machine, asked, value, tuple(options.values()), options[value], why, libvirt
    )


def _known() -> dict[str, Any]:
    return facts("course/quiz.toml")


def words(name: str, **said) -> str:
    """One of the quiz's own sentences."""
    return _known()[name].format(**said)


def _xml(drawn: dict) -> str:
    chosen = {name: value or None for name, value in drawn.items() if name not in _AROUND}
    [disk] = read(build(**chosen)).disks
    if drawn.get("misspelt"):
        apply([drawn["misspelt"]], disk)
    model = drawn.get("controller")
    controller = f"<controller type='scsi' index='0' model='{model}'/>\n" if model else ""
    return written(disk.element) + controller


def _answer(guest: Domain, asked: str, fine: str) -> tuple[str, str]:
    """The value that is asked for, and why it is that one."""
    problems = check(guest)
    for problem in problems:
        if problem.severity == "error":
            return _REFUSED, f"{problem.message} {problem.why}"
    if asked == "accepted":
        return "yes", fine
    answers = infer(guest.disks[0])
    value, bus = getattr(answers, asked).value, answers.bus.value
    rows = [asked]  # whose reasons tell it, in the order in which they follow
    if asked == "virtio":
        value = answers.virtio_device or "no"
        rows = ["bus", *(["address", "controller"] if bus == "scsi" else []), "virtio"]
    why = [getattr(answers, row).reason for row in rows]
    why += [problem.message for problem in problems if problem.code in UNKNOWN]
    return value, " ".join(why)


def _buses(disk: Disk, chance: Random) -> dict[str, str]:
    """Three of the buses: the one that the disk is on, or would be if it were not refused, the one
    that its name suggests, and others."""
    own, by_name = infer(disk).bus.value, BUS_OF_PREFIX.get(prefix_of(disk.target))
    known, shown = _known()["buses"], [bus for bus in dict.fromkeys([own, by_name]) if bus]
    shown += chance.sample([bus for bus in known if bus not in shown], 3 - len(shown))
    return {bus: bus for bus in dict.fromkeys([*known, *shown]) if bus in shown}
