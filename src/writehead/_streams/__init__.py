"""Node's readable streams."""
