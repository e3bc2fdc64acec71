"""Requests and responses, whatever the HTTP version they are sent in."""
