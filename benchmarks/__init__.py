"""What virtiolab costs, as ratios to the parser that it stands on: `make bench`."""
