import type { SimulatorRequest } from "../src/index.ts";

export const routingKey = "e93facc04764012d7bfb002500d5d1a6";
export const otherRoutingKey = "737ea619db564d41bd9824063e1f6b08";

export const post = (
  path: string,
  body: unknown,
  headers: Record<string, string> = { "content-type": "application/json" },
): SimulatorRequest & { readonly body: string } => ({
  method: "POST",
  path,
  headers,
  body: typeof body === "string" ? body : JSON.stringify(body),
});

export const get = (path: string, headers: Record<string, string> = {}): SimulatorRequest => ({
  method: "GET",
  path,
  headers,
  body: "",
});

export interface EventOptions {
  readonly key?: string;
  readonly severity?: string;
  readonly summary?: string;
}

export const trigger = (dedupKey: string, options: EventOptions = {}) =>
  post("/v2/enqueue", {
    routing_key: options.key ?? routingKey,
    event_action: "trigger",
    dedup_key: dedupKey,
    payload: { summary: options.summary ?? "disk full", source: "web-1", severity: options.severity ?? "critical" },
  });

export const acknowledge = (dedupKey: string, key = routingKey) =>
  post("/v2/enqueue", { routing_key: key, event_action: "acknowledge", dedup_key: dedupKey });

export const resolve = (dedupKey: string, key = routingKey) =>
  post("/v2/enqueue", { routing_key: key, event_action: "resolve", dedup_key: dedupKey });

export const change = (summary: string, key = routingKey) =>
  post("/v2/change/enqueue", { routing_key: key, payload: { summary } });

/** A clock that stands still until the test advances it. */
export class TestClock {
  nowMs = Date.parse("2026-01-01T00:00:00Z");

  now(): number {
    return this.nowMs;
  }

  advance(ms: number): void {
    this.nowMs += ms;
  }
}
