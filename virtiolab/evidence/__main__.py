"""`python -m virtiolab.evidence`: ask everything again, and write it into `recorded.json`."""

from .record import record

record(lambda part, what: print(f"{part:4.0%}  {what}"))
