// Runs the official JavaScript client against the gateway and prints its results as a JSON object.
import { Redis } from "@upstash/redis";

const [url, token] = process.argv.slice(2);
const redis = new Redis({ url, token, retry: false, enableTelemetry: false });
const plain = new Redis({ url, token, retry: false, responseEncoding: false });
const outsider = new Redis({ url, token: "wrong", retry: false });

const failure = (promise) => promise.then((value) => ({ value }), (error) => error.message);
const script = "return {KEYS[1], ARGV[1], redis.call('INCR', KEYS[1])}";

const results = {
  set: await redis.set("js:text", "naïve ✓ 🚀", { ex: 60 }),
  get: await redis.get("js:text"),
  plain: await plain.get("js:text"),
  object: (await redis.set("js:object", { deep: [1, "two", null] }), await redis.get("js:object")),
  missing: await redis.get("js:none"),
  hash: (await redis.hset("js:hash", { a: 1, b: "x" }), await redis.hgetall("js:hash")),
  float: await redis.incrbyfloat("js:float", 1.25),
  pipeline: await redis.pipeline().set("js:n", 1).incr("js:n").get("js:n").exec(),
  automatic: await Promise.all([redis.incr("js:n"), redis.incr("js:n")]),
  multi: await redis.multi().incr("js:n").get("js:n").exec(),
  eval: await redis.eval(script, ["js:count"], ["v"]),
  sha: await redis.scriptLoad(script),
  script: await redis.createScript(script).exec(["js:count"], ["w"]),
  scan: (await redis.scan("0", { match: "js:ha*", count: 1000 }))[1],
  wrongType: await failure(redis.incr("js:hash")),
  failedScript: await failure(redis.multi().set("js:before", 1).eval("no lua", [], []).exec()),
  setBefore: await redis.get("js:before"),
  unauthorized: await failure(outsider.get("js:text")),
};
process.stdout.write(JSON.stringify(results));
