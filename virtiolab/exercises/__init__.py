"""The exercises of the notebooks, and `submit()`, which says of an answer what libvirt would."""

from .judging import belonging, right_names, submit
from .tasks import Choose, Mark, Option, Task, Wanted, Write, exercise, exercises
from .verdict import Feedback, Point

__all__ = [
    "Choose", "Feedback", "Mark", "Option", "Point", "Task", "Wanted", "Write", "belonging",
    "exercise", "exercises", "right_names", "submit",
]  # fmt: skip
