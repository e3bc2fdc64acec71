"""One connection of each kind: its requests, its responses in order, upgrades."""
