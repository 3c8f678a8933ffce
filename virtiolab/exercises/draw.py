"""Draws questions for the quiz: a disk, one thing to ask about it, and what libvirt would say."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

from ..build import build
from ..document import Domain, read
from ..inference import infer
from ..refusals import Problem, check
from ..refusals.mending import apply
from ..writing import written
from .judging import UNKNOWN
from .tasks import in_guest
from .verdict import sentence

_AROUND = ("machine", "controller", "misspelt", "asks")  # what is drawn and is no choice of build()
_REFUSED = "refused"


@dataclass(frozen=True)
class Question:
    """A disk in a guest with this machine, and a question: one of its `options` is `right`.

    `asked` is the name of what is asked, `value` the answer to it: of infer(), or "refused".
    """

    xml: str
    machine: str
    asked: str
    value: str
    options: tuple[str, ...]
    right: str
    why: str

    @property
    def says(self) -> str:
        """The question."""
        return _facts()["asks"][self.asked]["question"]

    @property
    def guest(self) -> Domain:
        """The guest that it is about."""
        return in_guest(read(self.xml), self.machine)


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


def draw(seed: int) -> Question:
    """The question of this number: the same one every time, everywhere."""
    chance = Random(seed)
    kind = _facts()["kinds"][chance.choice([*_facts()["kinds"]])]
    drawn = {name: chance.choice(values) for name, values in kind.items()}
    xml, machine, asked = _xml(drawn), drawn["machine"], drawn["asks"]
    value, why = _answer(in_guest(read(xml), machine), asked)
    options = _options(asked, value, chance)
    return Question(xml, machine, asked, value, tuple(options.values()), options[value], why)


def words(name: str, **facts) -> str:
    """One of the quiz's own sentences."""
    return _facts()[name].format(**facts)


def _xml(drawn: dict) -> str:
    chosen = {name: value or None for name, value in drawn.items() if name not in _AROUND}
    [disk] = read(build(**chosen)).disks
    if drawn.get("misspelt"):
        apply([drawn["misspelt"]], disk)
    model = drawn.get("controller")
    controller = f"<controller type='scsi' index='0' model='{model}'/>\n" if model else ""
    return written(disk.element) + controller


def _answer(guest: Domain, asked: str) -> tuple[str, str]:
    """The value that is asked for, and why it is that one."""
    problems = check(guest)
    for problem in problems:
        if problem.severity == "error":
            return _REFUSED, f"{problem.message} {problem.why}"
    if asked == "accepted":
        return "yes", " ".join([sentence("accepted"), *_warnings(problems)])
    answers = infer(guest.disks[0])
    why = [getattr(answers, asked).reason, *_warnings(problems)]
    if asked != "virtio":
        return getattr(answers, asked).value, " ".join(why)
    if answers.bus.value == "scsi":
        why[1:1] = [answers.address.reason, answers.controller.reason]
    return answers.virtio_device or "no", " ".join(why)


def _warnings(problems: list[Problem]) -> list[str]:
    return [problem.message for problem in problems if problem.code in UNKNOWN]


def _options(asked: str, value: str, chance: Random) -> dict[str, str]:
    """What one can answer, by value; of the buses three, among them the right one."""
    options = _facts()["asks"][asked].get("options") or _buses(value, chance)
    return options | {_REFUSED: _facts()["refused"]}


def _buses(value: str, chance: Random) -> dict[str, str]:
    buses = [bus for bus in _facts()["buses"] if bus != value]
    shown = {*chance.sample(buses, 2 if value != _REFUSED else 3), value}
    return {bus: bus for bus in _facts()["buses"] if bus in shown}


@cache
def _facts() -> dict:
    text = Path(__file__).with_name("quiz.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
