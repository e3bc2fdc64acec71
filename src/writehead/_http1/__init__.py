"""HTTP/1: how a response is framed, how a request is parsed, how both meet in one exchange."""
