"""What we add to an event loop: later turns, timers, buffers that are there already."""
