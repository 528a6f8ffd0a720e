// The state of the system: health, schema, Redis.
import { Action, Badge, CallLine, Loading, Note, ProblemNote } from "../shared/elements.js";
import { number } from "../shared/format.js";
import { html, useCallback, useState } from "../shared/html.js";
import { useLive } from "../shared/live.js";
import { curlOf } from "./model.js";
import { PAGE, SYSTEM } from "./texts.js";

const SCHEMA = "/api/admin-create-unified-schema";
const REFRESH_MS = 30_000;
const KIND = { up: "good", healthy: "good", degraded: "warn" };

async function loadSystem(api, signal) {
  const health = await api("GET", "/health", { signal, accept: [503] });
  const redis = await api("GET", "/api/debug/redis/stats", { signal }).catch(() => null);
  return { health, redis: redis?.redis_stats ?? null };
}

function Redis({ stats }) {
  if (stats === null) return html`<p class="soft">${SYSTEM.redisNone}</p>`;
  return html`<dl class="dl">
    <dt>${SYSTEM.memory}</dt><dd>${number(stats.memory_used_mb, 1)} MB</dd>
    <dt>${SYSTEM.keys}</dt><dd>${number(stats.total_keys)}</dd>
    <dt>${SYSTEM.sessions}</dt><dd>${number(stats.active_sessions)}</dd>
    <dt>${SYSTEM.hits}</dt><dd>${Math.round(100 * (stats.question_cache_hit_ratio ?? 0))} %</dd>
  </dl>`;
}

export function System({ api }) {
  const load = useCallback((signal) => loadSystem(api, signal), [api]);
  const live = useLive(load, { interval: REFRESH_MS });
  const [results, setResults] = useState(null);
  const [problem, setProblem] = useState(null);
  const renew = async () => {
    setProblem(null);
    try {
      setResults((await api("POST", SCHEMA, { body: {} })).results);
      live.reload();
    } catch (failure) {
      setProblem(failure);
    }
  };
  if (live.state === "loading") return html`<${Loading} label=${SYSTEM.loading} />`;
  if (live.data === null) return html`<${ProblemNote} problem=${live.problem} retry=${live.reload} />`;
  const { health, redis } = live.data;
  return html`<div class="split"><div class="flow">
      <section class="card flow"><div class="row"><h2>${SYSTEM.headline[health.status]}</h2><${Badge} kind=${KIND[health.status] ?? "bad"}>${health.status}<//></div>
        <dl class="dl">
          ${Object.entries(SYSTEM.services).map(([name, label]) => html`<dt key=${`t${name}`}>${label}</dt><dd key=${`d${name}`}><${Badge} kind=${KIND[health.services[name]] ?? "warn"}>${health.services[name] ?? "unreachable"}<//></dd>`)}
          <dt>${SYSTEM.version}</dt><dd>${health.version}</dd>
          ${health.schema && html`<dt>${SYSTEM.schema}</dt><dd>${health.schema.version ?? "–"}, ${health.schema.behind ? html`<${Badge} kind="warn">${SYSTEM.behind}<//>` : SYSTEM.newest}</dd>`}
          ${health.schema?.missing.length > 0 && html`<dt>${SYSTEM.missing}</dt><dd>${health.schema.missing.join(", ")}</dd>`}
        </dl>
        ${[...(health.remarks ?? []), ...(health.schema?.remarks ?? [])].map((remark) => html`<p key=${remark} class="soft small">${remark}</p>`)}
      </section>
      <section class="card flow"><h2>${SYSTEM.renew}</h2><p class="soft">${SYSTEM.renewHint}</p>
        ${problem && html`<${ProblemNote} problem=${problem} />`}
        ${results && html`<${Note} kind="good"><ul>${results.map((line) => html`<li key=${line}>${line}</li>`)}</ul><//>`}
        <div class="row"><${Action} label=${SYSTEM.renew} busyLabel=${SYSTEM.renewing} run=${renew} /></div>
      </section>
    </div>
    <aside class="flow"><section class="card flow tight"><h2>${SYSTEM.redis}</h2><${Redis} stats=${redis} /></section>
      <${CallLine} title=${PAGE.call} command=${curlOf("POST", SCHEMA, {})} /></aside></div>`;
}
