"""The written scenarios, one module per part of the behaviour; each has a list GROUPS."""
