"""Random input against oracles: `python -m fuzz --seconds 60`."""
