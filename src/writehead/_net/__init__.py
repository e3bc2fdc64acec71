"""Sockets: their properties, what they write, and how they are closed."""
