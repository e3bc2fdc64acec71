"""A server of the Model Context Protocol, by the streamable HTTP of its SDK."""

from __future__ import annotations

from mcp.server.mcpserver import Context, MCPServer

server = MCPServer("test")


@server.tool()
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@server.tool()
async def count(to: int, context: Context) -> str:
    """Tell of each step."""
    for number in range(to):
        await context.report_progress(number + 1, to)
    return "counted"


app = server.streamable_http_app()
