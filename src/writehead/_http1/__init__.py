"""HTTP/1: the parser of requests, the framing of responses, and the exchange that writes a response."""
