"""`python -m virtiolab.evidence`: ask everything again, and write it into `recorded.json`."""

import datetime
import json
from dataclasses import asdict

from . import Progress, experiments, no_progress
from .kernel import kernel
from .lessons import Lesson, lessons
from .record import FILE
from .rungs import RUNGS, Climber


def versions(climber: Climber) -> dict[str, str]:
    """Of libvirt, QEMU and the guest's kernel."""
    libvirt = climber.libvirt
    return libvirt.versions | {"Linux": kernel(libvirt.sandbox, no_progress).release}


def of_lesson(climber: Climber, lesson: Lesson) -> dict[str, dict]:
    """What every rung says of a lesson's configuration."""
    return {rung: climber.climb(rung, lesson.domain, lesson.formats) for rung in RUNGS}


def of_experiments(climber: Climber) -> dict:
    """What came of the experiments with a stopped QEMU."""
    libvirt = climber.libvirt
    return {
        "caches": [asdict(mode) for mode in experiments.caches(libvirt)],
        "readings": experiments.readings(libvirt),
        "snapshots": experiments.snapshots(libvirt),
        "nbd": experiments.over_nbd(libvirt),
    }


def record(progress: Progress) -> None:
    """Ask everything again, and write it down."""
    with Climber(progress) as climber:
        said: dict = {"asked": datetime.date.today().isoformat(), "versions": versions(climber)}
        said["lessons"] = {}
        for number, lesson in enumerate(lessons().values()):
            progress(number / len(lessons()), lesson.says)
            said["lessons"][lesson.name] = of_lesson(climber, lesson)
        said["experiments"] = of_experiments(climber)
    FILE.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    record(lambda part, what: print(f"{part:4.0%}  {what}"))
