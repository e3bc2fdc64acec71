"""A process: the loop that waits for its servers, and its end."""
