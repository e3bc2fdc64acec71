"""Applications that a server hosts: each takes the requests below its path."""
