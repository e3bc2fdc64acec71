"""An application of Channels: Django behind HTTP, consumers behind WebSockets and one request that is held."""

from __future__ import annotations

from typing import Any

import django_asgi
from channels.generic.http import AsyncHttpConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.layers import get_channel_layer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.urls import path, re_path

gates = django_asgi.gates


class Echo(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        asked = self.scope["subprotocols"]
        await self.accept(asked[0] if asked else None)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if text_data is not None and text_data.startswith("close "):
            await self.close(int(text_data.split()[1]), "as asked")
        else:
            await self.send(text_data, bytes_data)

    async def disconnect(self, code: int) -> None:
        gates.open(f"closed {self.scope['url_route']['kwargs']['key']}", f"{code}")


class Refuse(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        await self.close(4003)


class Room(AsyncWebsocketConsumer):
    """What one client says, all hear."""

    async def connect(self) -> None:
        await self.channel_layer.group_add("room", self.channel_name)
        await self.accept()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        await self.channel_layer.group_send("room", {"type": "said", "text": text_data})

    async def said(self, event: dict[str, Any]) -> None:
        await self.send(event["text"])

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard("room", self.channel_name)


class LongPoll(AsyncHttpConsumer):
    """A response in pieces; the second is sent when a gate opens."""

    async def handle(self, body: bytes) -> None:
        await self.send_headers(headers=[(b"Content-Type", b"text/plain")])
        await self.send_body(b"first\n", more_body=True)
        await gates.wait(f"go {self.scope['url_route']['kwargs']['key']}")
        await self.send_body(b"second\n")


assert get_channel_layer() is not None
app = ProtocolTypeRouter(
    {
        "http": URLRouter([path("poll/<key>", LongPoll.as_asgi()), re_path("", django_asgi.app)]),
        "websocket": URLRouter(
            [
                path("ws/<key>", Echo.as_asgi()),
                path("refused", Refuse.as_asgi()),
                path("room", Room.as_asgi()),
            ]
        ),
    }
)
