"""`python -m virtiolab` is the command `virtiolab`."""

import sys

from .cli import main

sys.exit(main())
