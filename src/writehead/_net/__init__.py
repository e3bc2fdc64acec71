"""A socket: what it is, what it writes, how it ends."""
