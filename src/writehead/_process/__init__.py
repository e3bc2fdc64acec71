"""A process: running the loop until the servers have closed, signals, shutdown."""
