"""HTTP as it is true in any version (RFC 9110), and the seam between messages and wires."""
