"""Draws the guests of the last notebook: four that nobody has seen, to be read, mended and moved."""

from collections.abc import Iterable
from dataclasses import replace
from random import Random
from typing import Any

from ..data import facts
from ..document import read
from ..inference import infer
from .tasks import Choose, Option, Task, Write, wanted_rows


def cases(seed: int) -> tuple[Task, ...]:
    """The four of this number: the same every time, everywhere."""
    chance = Random(seed)
    known = facts("course/cases.toml")
    drawn = [
        {
            "name": name,
            "store": chance.choice(known["stores"]),
            "cache": chance.choice(known["caches"]),
        }
        for name in chance.sample(known["names"], 4)
    ]
    tasks = (
        _virtio(chance, drawn[0]),
        _opened(chance, drawn[1]),
        _written("mend", chance, drawn[2]),
        _written("move", chance, drawn[3]),
    )
    return tuple(replace(task, title=title) for task, title in zip(tasks, known["titles"]))


def verdict(solved: int, tries: int, hints: int) -> str:
    """What is said of so many that are solved, and of what it took."""
    kind = "none" if not solved else "some" if solved < 4 else "all"
    if (solved, tries, hints) == (4, 4, 0):
        kind = "all-alone"
    said = facts("course/cases.toml")["verdict"][kind]
    return said.format(solved=solved, tries=tries, hints=hints)


def words(name: str) -> str:
    """One of the sentences around the guests."""
    return facts("course/cases.toml")[name]


def _virtio(chance: Random, drawn: dict[str, str]) -> Task:
    """Which disks are virtio: the right ones among sets that somebody might take for it."""
    told = facts("course/cases.toml")["virtio"]
    targets = chance.sample(told["targets"], 4)
    disks = [
        told["disk"].format(image=f"{drawn['store']}/{drawn['name']}{n}.qcow2", target=target)
        for n, target in enumerate(targets, 1)
    ]
    given = _guest(drawn["name"], "pc", *disks, told["controllers"])
    found = read(given).disks
    names = [disk.target for disk in found]
    right = {disk.target for disk in found if infer(disk).virtio.value}
    by_name = {name for name in names if name.startswith("vd")}
    written = {disk.target for disk in found if disk.get("bus", "target") == "virtio"}
    other = [{*chance.sample(names, chance.randrange(1, 4))} for _ in range(9)]
    sets = list(dict.fromkeys(map(frozenset, (right, by_name, written, *other))))[:4]
    why = " ".join(f"`{disk.target}`: {infer(disk).virtio.reason}" for disk in found)
    says = [_listed(names, one) for one in sets]
    return _choose("virtio", given, chance.sample(says, 4), _listed(names, right), why)


def _listed(names: Iterable[str], some: Iterable[str]) -> str:
    shown = [f"`{name}`" for name in names if name in some]
    return ", ".join(shown) or facts("course/cases.toml")["virtio"]["none"]


def _opened(chance: Random, drawn: dict[str, str]) -> Task:
    """Of two images, which are opened as what they are."""
    told = facts("course/cases.toml")["opened"]
    places = zip(("vda", "vdb"), chance.sample(told["drivers"], 2))
    disks = [
        told["disk"].format(
            driver=driver + "\n      " * bool(driver), target=target,
            image=f"{drawn['store']}/{drawn['name']}-{target[-1]}.{ending}",
        )
        for target, (driver, ending) in places
    ]  # fmt: skip
    given = _guest(drawn["name"], "q35", *disks)
    formats = {disk.target: infer(disk).format for disk in read(given).disks}
    which = " and ".join(name for name, format in formats.items() if format.value == "qcow2")
    why = " ".join(f"`{target}`: {format.reason}" for target, format in formats.items())
    says, right = [*told["options"].values()], told["options"][which or "neither"]
    return _choose("opened", given, chance.sample(says, 4), right, why)


def _choose(kind: str, given: str, says: list[str], right: str, why: str) -> Choose:
    """A guest to be read, and what may be said of it, in this order."""
    told, wrong = facts("course/cases.toml")[kind], words("wrong")
    options = {
        letter: Option(said, why if said == right else wrong, said == right)
        for letter, said in zip("abcd", says)
    }
    return Choose(
        name=f"case-{kind}", notebook="08_your_case", title="", task=told["task"],
        hints=tuple(told["hints"]), why=why, given=given, options=options,
    )  # fmt: skip


def _written(kind: str, chance: Random, drawn: dict[str, str]) -> Task:
    """A guest with something to change, and the changes that are one answer."""
    name, told = chance.choice([*facts("course/cases.toml")[kind].items()])
    drawn = drawn | {"image": f"{drawn['store']}/{drawn['name']}.img"}
    drawn |= {"refusal": told.get("refusal", "").format(**drawn)}
    machine = told.get("given_machine", told["machine"])
    given = _guest(drawn["name"], machine, told["given"].format(**drawn))
    solution = given
    for old, new in told["mended"]:
        solution = solution.replace(old.format(**drawn), new.format(**drawn), 1)
    return Write(
        name=f"case-{name}", notebook="08_your_case", title="", task=told["task"].format(**drawn),
        hints=tuple(told["hints"]), why=told["why"], given=given, machine=told["machine"],
        disks={image.format(**drawn): wanted_rows(_filled(rows, drawn)) for image, rows in told["wanted"].items()},
        solution=solution, stays=tuple(told.get("stays", ())),
    )  # fmt: skip


def _filled(rows: dict[str, Any], drawn: dict[str, str]) -> dict[str, Any]:
    return {
        n: value.format(**drawn) if isinstance(value, str) else value for n, value in rows.items()
    }


def _guest(name: str, machine: str, *devices: str) -> str:
    inside = "\n".join(device.strip("\n") for device in devices)
    guest = facts("course/cases.toml")["guest"]
    return guest.format(name=name, machine=machine, devices=inside).strip()
