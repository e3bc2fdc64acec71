"""What HTTP means in any version (RFC 9110), and the interface between messages and HTTP versions."""
