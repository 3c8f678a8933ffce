"""Says what libvirt or QEMU would refuse in a guest's disks, before they are asked.

Each rule looks at one disk or at the whole guest; what it says stands in refusals.toml.
"""

import copy
from collections.abc import Callable
from operator import attrgetter

from ..document import Disk, Domain, is_elided
from . import controllers as _controllers
from . import disk as _disk
from . import driver as _driver
from . import guest as _guest
from . import habits as _habits
from . import network as _network
from . import paths as _paths
from . import pci as _pci
from . import secrets as _secrets
from . import source as _source
from .boot import keep_order
from .context import OF_BUS, OF_GUESTS, Context, Guest
from .fixes import apply
from .names import give_names, is_renamed
from .problems import SEVERITIES, Problem, codes_beyond
from .values import values

__all__ = ["SEVERITIES", "Problem", "check", "mend"]

MAX_FIXES = 10  # of one disk that are shown: those of its worst problems
_BY_NAME = attrgetter("__qualname__")
_ROUNDS = 20  # a fix can bring another problem to light


def check(domain: Domain) -> list[Problem]:
    """What is wrong with the disks of a domain, in the order of its lines."""
    contexts = [Context(disk) for disk in domain.disks]
    whole = Guest(domain, contexts)
    found = [problem for context in contexts for problem in about(context)]
    beyond = codes_beyond(domain)
    found += [p for rule in OF_GUESTS for p in rule(whole) if p.code not in beyond]
    give_names(contexts, found)
    return sorted(found, key=lambda problem: problem.line)


def about(context: Context) -> list[Problem]:
    """What is wrong with one disk in itself."""
    found, asked = values(context)
    for rule in OF_BUS.get(context.bus) or OF_BUS[None]:
        found.extend(rule(context))
    for rule in sorted(asked, key=_BY_NAME):  # a set has no order to rely on
        found.extend(rule(context))
    beyond = codes_beyond(context.domain)
    found = [problem for problem in found if problem.code not in beyond]
    if found and any(map(is_elided, context.element.iter("*"))):
        found = [problem for problem in found if problem.is_of_what_is_written]
    found = [problem for problem in found if not problem.is_of_a_template]
    if len(found) > MAX_FIXES:
        worst_first = sorted(range(len(found)), key=lambda n: SEVERITIES.index(found[n].severity))
        for number in worst_first[MAX_FIXES:]:
            found[number] = found[number]._replace(shows_fix=False)
    return found


def mend(
    domain: Domain, wanted: Callable[[Problem], bool] = lambda found: found.severity != "note"
) -> Domain:
    """A copy of the domain with every problem mended that is wanted and for which a fix is known.

    It starts from the same disk as before, whatever its disks are called now.
    """
    mended = Domain(copy.deepcopy(domain.element), domain.libvirt)
    for number in range(_ROUNDS):
        # One of each disk at a time: a fix can make the next one superfluous. But all names at once.
        first: dict[Disk, Problem] = {}
        for problem in check(mended):
            if problem.edits and wanted(problem):
                known = first.setdefault(problem.disk, problem)
                if number == 0 and is_renamed(problem) and not is_renamed(known):
                    first[problem.disk] = problem
        if not first:
            break
        for disk, problem in first.items():
            apply(problem.edits, disk, problem.place)
        mended = Domain(mended.element, domain.libvirt)
    if _named(domain) != _named(mended):
        keep_order(domain, mended)
    return mended


def _named(domain: Domain) -> list[tuple[str | None, str | None]]:
    """What decides about the order of the disks."""
    return [(disk.target, disk.get("bus", "target")) for disk in domain.disks]
