"""One connection: what comes in, responses in order, upgrades."""
