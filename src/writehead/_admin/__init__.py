"""The admin listener and the control socket: health, metrics, status, and the operations on what serves."""
