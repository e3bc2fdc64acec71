"""WSGI applications (PEP 3333): each request is a call in a thread of the pool of its mount."""
