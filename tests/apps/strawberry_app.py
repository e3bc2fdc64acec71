"""A schema of Strawberry: queries over HTTP, subscriptions over WebSockets."""

from __future__ import annotations

from collections.abc import AsyncIterator

import strawberry
from strawberry.asgi import GraphQL


@strawberry.type
class Query:
    @strawberry.field
    def hello(self, name: str = "world") -> str:
        return f"hello {name}"


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self, to: int) -> AsyncIterator[int]:
        for number in range(to):
            yield number


app = GraphQL(strawberry.Schema(Query, subscription=Subscription))
