import { Pool } from "undici";
import { postedAlert, webhookBody } from "./alerts.ts";
import type { Contestant } from "./contestants.ts";
import { quantile } from "./machine.ts";
import { directBody } from "./shapes.ts";
import type { Sink } from "./sink.ts";

/** From the moment an alert was due to be posted until its event arrived. */
export interface Latencies {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const warmUp = 100;

/**
 * Posts one alert a request at a steady rate, in turn to those who share the work, after a hundred that are not counted. Counted
 * from when each was due, not from when the generator got round to it.
 */
export async function steadily(
  contestants: readonly Contestant[],
  sink: Sink,
  {
    perSecond,
    seconds,
    warm,
    severity,
  }: {
    readonly perSecond: number;
    readonly seconds: number;
    readonly warm?: () => void;
    readonly severity?: string;
  },
): Promise<Latencies> {
  const [{ shape }] = contestants as readonly [Contestant];
  const pools = contestants.map(({ url, path }) => ({ pool: new Pool(url, { connections: 16 }), path }));
  const count = perSecond * seconds;
  const post = async (n: number): Promise<void> => {
    const { pool, path } = pools[n % pools.length]!;
    const alert = postedAlert(n, "firing", severity);
    const { body } = await pool.request({
      path,
      method: "POST",
      headers: { "content-type": "application/json" },
      body: shape === "webhook" ? webhookBody([alert]) : directBody([alert]),
    });
    await body.dump();
  };
  for (let n = 0; n < warmUp; n++) await post(count + n);
  await sink.until(warmUp);
  warm?.();
  const startAtMs = performance.timeOrigin + performance.now() + 50;
  const dueAtMs: number[] = [];
  const posts: Promise<void>[] = [];
  for (let n = 0; n < count; n++) {
    const atMs = startAtMs + (n * 1000) / perSecond;
    for (;;) {
      const waitMs = atMs - (performance.timeOrigin + performance.now());
      if (waitMs <= 0) break;
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
    dueAtMs.push(atMs);
    posts.push(post(n));
  }
  await Promise.all(posts);
  await sink.until(count + warmUp);
  await Promise.all(pools.map(({ pool }) => pool.close()));
  const { arrivals } = await sink.seen();
  // Alertmanager's dedup key is a hash of its own: matched by order, which at a steady rate is the order of posting.
  const inOrder = Object.values(arrivals)
    .toSorted((a, b) => a - b)
    .slice(warmUp);
  const times = dueAtMs.map(
    (dueMs, n) =>
      ((shape === "webhook" ? arrivals[postedAlert(n, "firing").fingerprint] : inOrder[n]) ?? Number.NaN) - dueMs,
  );
  return { p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99) };
}
