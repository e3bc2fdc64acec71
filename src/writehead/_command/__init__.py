"""The command `writehead`: its settings as one table, what it can serve, and how it serves it."""
