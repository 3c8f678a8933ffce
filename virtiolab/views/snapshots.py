"""What taking a snapshot did to the files behind a disk, as the record has it: pictures and a table."""

from collections.abc import Iterator, Mapping

from ..evidence.record import recorded
from .elements import prose, root, row, table
from .pictures import Picture
from .text import unmarked
from .view import View

_WIDTH, _COLUMN, _HEIGHT = 650, 310, 300


def after_snapshot(*cases: str) -> View:
    """What virsh made of a snapshot, for two of the recorded `cases`: "internal, qcow2", "external,
    raw" and so on. Raises KeyError for an unknown one."""
    told = {case: recorded()["experiments"]["snapshots"][case] for case in cases}

    def html() -> str:
        rows = [
            row(case, [prose("p", s) for s in _sentences(case, said)])
            for case, said in told.items()
        ]
        return root(drawn(told).image(), table("", rows))

    def text() -> str:
        lines = (f"{case}: {' '.join(_sentences(case, said))}" for case, said in told.items())
        return unmarked("\n".join(lines))

    return View(html, text)


def drawn(told: Mapping[str, Mapping]) -> Picture:
    """Each case in a column: the guest above, the files that QEMU holds open below."""
    says = " ".join(f"{case}: {' '.join(_sentences(case, s))}" for case, s in told.items())
    picture = Picture(_WIDTH, _HEIGHT, unmarked(says))
    for number, (case, said) in enumerate(told.items()):
        _column(picture, 10 + number * (_COLUMN + 10), case, said)
    return picture


def _column(picture: Picture, x: float, case: str, said: Mapping) -> None:
    picture.write(x + _COLUMN / 2, 24, case, "vl-middle vl-title")
    picture.place("guest", x, 36, _COLUMN, 56)
    picture.part(x + 100, 44, 180, 40, "the guest's disk")
    picture.place("host", x, 140, _COLUMN, 150)
    if "refusal" in said:
        picture.store(x + 100, 156, 180, 64, "the image", "as it was")
        picture.write(x + _COLUMN / 2, 120, "✗ libvirt refuses", "vl-middle")
        return
    files, step = said["files"], (_COLUMN - 30) / len(said["files"])
    places = {file["file"]: x + 15 + number * step for number, file in enumerate(files)}
    for file in files:
        left, width = places[file["file"]], min(126, step - 8)
        if len(files) == 1:
            left, width = x + 100, 180
        kept = [f"holds “{name}”" for name in file["snapshots"]]
        use = "grows" if file["writable"] else "frozen"
        picture.store(left, 174, width, 74, file["file"], *(kept or [use]))
        if file["writable"]:
            picture.way((left + width / 2, 84), (left + width / 2, 174))
            picture.write(left + width / 2 - 8, 128, "writes", "vl-small vl-end")
        if below := file["backing"]:
            picture.way((left, 220), (places[below] + width, 220))
            picture.write(left + width / 2, 270, "stands on the other", "vl-small vl-middle")


def _sentences(case: str, said: Mapping) -> Iterator[str]:
    """What was typed, and what became of the files."""
    options = " --disk-only" if case.startswith("external") else ""
    typed = f"`virsh snapshot-create-as vm before{options}`"
    if "refusal" in said:
        yield f"Asked for {typed}, libvirt refuses: {said['refusal']}."
        return
    yield f"After {typed}:"
    for file in said["files"]:
        use = "is read and written" if file["writable"] else "is only read from now on"
        holds = "".join(
            f" and holds the snapshot called `{s}` inside it" for s in file["snapshots"][:1]
        )
        below = file["backing"]
        stands = f"; what it does not hold is read from `{below}`" if below else ""
        yield f"`{file['file']}` {use}{holds}{stands}."
