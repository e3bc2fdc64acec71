"""TLS over a transport: handshake, certificates, contexts."""
