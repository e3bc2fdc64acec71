"""The parts of `writehead.testing`."""
