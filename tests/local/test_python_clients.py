"""The official Python client, sync and async, unchanged, against the gateway."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from upstash_redis import Redis
from upstash_redis.asyncio import Redis as AsyncRedis
from upstash_redis.errors import UpstashError

from local.redis_gateway.gateway import Gateway

SCRIPT = "return {KEYS[1], ARGV[1], redis.call('INCR', KEYS[1])}"


@pytest.fixture(params=["base64", None])
def redis(request: pytest.FixtureRequest, redis_gateway: Gateway) -> Iterator[Redis]:
    with Redis(
        redis_gateway.url, redis_gateway.token, rest_encoding=request.param, rest_retries=0
    ) as client:
        yield client


def test_texts_numbers_and_nulls_are_returned_as_redis_stores_them(redis: Redis) -> None:
    assert redis.set("text", "naïve ✓ 🚀", ex=60)
    assert redis.get("text") == "naïve ✓ 🚀"
    assert 0 < redis.ttl("text") <= 60
    assert not redis.set("text", "other", nx=True)
    assert redis.set("ok", "OK")
    assert redis.mget("ok", "none") == ["OK", None]
    assert redis.hset("hash", values={"ü": "é", "n": 1}) == 2
    assert redis.hgetall("hash") == {"ü": "é", "n": "1"}
    assert redis.incrbyfloat("float", 1.5) == 1.5
    assert redis.ping("hello") == "hello"


def test_pipelines_run_in_order_and_a_failure_does_not_stop_the_rest(redis: Redis) -> None:
    pipeline = redis.pipeline()
    pipeline.set("n", 1).incr("n").get("n")
    assert pipeline.exec() == [True, 2, "2"]
    redis.set("text", "x")
    pipeline = redis.pipeline()
    pipeline.incr("text").set("after", 1)
    with pytest.raises(UpstashError, match="not an integer"):
        pipeline.exec()
    assert redis.get("after") == "1"


def test_transactions_return_every_result(redis: Redis) -> None:
    transaction = redis.multi()
    transaction.incr("n").incr("n").get("n")
    assert transaction.exec() == [1, 2, "2"]


def test_scripts_run_by_text_and_by_digest(redis: Redis) -> None:
    assert redis.eval(SCRIPT, keys=["count"], args=["v"]) == ["count", "v", 1]
    digest = redis.script_load(SCRIPT)
    assert redis.evalsha(digest, keys=["count"], args=["w"]) == ["count", "w", 2]
    with pytest.raises(UpstashError, match="NOSCRIPT"):
        redis.evalsha("0" * 40)


def test_error_messages_are_those_of_redis(redis: Redis, redis_gateway: Gateway) -> None:
    redis.hset("hash", "a", "1")
    with pytest.raises(UpstashError, match=r"^WRONGTYPE Operation"):
        redis.incr("hash")
    with (
        Redis(redis_gateway.url, "wrong", rest_retries=0) as outsider,
        pytest.raises(UpstashError, match=r"^WRONGPASS"),
    ):
        outsider.get("hash")


def test_async_client_sends_many_commands_at_once(redis_gateway: Gateway) -> None:
    async def run() -> tuple[list[int], Any]:
        async with AsyncRedis(redis_gateway.url, redis_gateway.token, rest_retries=0) as redis:
            counts = await asyncio.gather(*(redis.incr("n") for _ in range(30)))
            transaction = redis.multi()
            transaction.get("n").set("text", "naïve").get("text")
            return sorted(counts), await transaction.exec()

    counts, transaction_results = asyncio.run(run())
    assert counts == list(range(1, 31))
    assert transaction_results == ["30", True, "naïve"]
