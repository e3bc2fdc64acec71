"""The drain: the orderly end of a server, step by step."""

from __future__ import annotations

from tests.kit.loops import on_both_loops
from tests.kit.raw_client import dial
from tests.kit.stage import GET, OK_CLOSE
from writehead import http
from writehead._process.drain import drain_all
from writehead._server import registry


@on_both_loops
async def test_all_servers_of_a_process_are_drained() -> None:
    """Those that have connected are answered; then it returns."""
    registry._open.clear()  # what other tests have left on loops that are gone
    servers = [http.create_server(lambda req, res: res.end("ok")) for _ in range(2)]
    for server in servers:
        await server.listen(0, "127.0.0.1")
    client = await dial(servers[0])
    client.send(GET)
    await drain_all(reason="reload")
    assert (await client.rest()).startswith(OK_CLOSE)
    assert not any(server.listening for server in servers)
