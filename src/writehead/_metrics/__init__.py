"""Metrics: counted by each process in its part of the shared block, summed and rendered by the one that is asked."""
