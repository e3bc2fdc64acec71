"""Servers: options, listening, accepting, time limits."""
