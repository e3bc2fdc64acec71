"""What the tests share.

- `loops`: which loop a test runs on, and for how long
- `stage`: a server in memory with a log; `request_stage` and `response_stage` are for one message
- `readable_stage`: a stream in play beside Node's, by `readable_peer.js`
- `raw_client`: clients that show every byte: on the loop, or blocking
- `tls_client`: clients that speak TLS: over a port, record by record, in memory
- `certificates`: an authority and what it issues
- `programs`: processes that end with their test
- `node`: Node.js, for the comparisons
- `masks`: what differs from run to run
- `exchanges`: random exchanges over real sockets; `response_programs` are random handlers
- `check_exchange`: the promises of the seam between a message and its wire
- `record_exchange`: a second wire, of records; `wire_programs` are run on it and on HTTP/1
- `received`: what a reader gets of a response; h11 is the reader of HTTP/1
- `framing_table`: the rules of framing as data
- `parser_reading`: what a parser made of bytes, however they were cut
- `response_reader`: a strict reader of responses
- `faulty_transport`: a transport that fails where it is told to
"""
