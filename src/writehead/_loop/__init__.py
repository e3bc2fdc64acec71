"""What we add to an event loop: later ticks, timers, buffers that are there already."""
