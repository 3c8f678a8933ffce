"""The real thing, where it is installed: nothing in virtiolab needs it to answer."""
