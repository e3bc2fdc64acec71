"""What writehead adds to an event loop: ticks, timers, readiness, shared read buffers."""
