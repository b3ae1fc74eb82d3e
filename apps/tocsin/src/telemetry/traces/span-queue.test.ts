import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { VirtualClock } from "@tocsin/test/makers";
import { describe, expect, test } from "vitest";
import type { SpanDropReason } from "./span-drop-reasons.ts";
import { type Sent, SpanQueue } from "./span-queue.ts";

const span = (name: string, traceFlags = 1): ReadableSpan =>
  ({ name, spanContext: () => ({ traceId: "", spanId: "", traceFlags }) }) as ReadableSpan;

const sent: Sent = { kind: "sent", rejected: 0 };

/** A queue whose collector answers in this order, and then accepts. `hang`: until the request is aborted. */
function queueTo(...answers: readonly (Sent | "hang")[]) {
  const clock = new VirtualClock();
  const requests: string[][] = [];
  const dropped: [number, SpanDropReason][] = [];
  const problems: string[] = [];
  const queue = new SpanQueue({
    clock,
    async send(spans, signal) {
      const next = answers[requests.length] ?? sent;
      requests.push(spans.map(({ name }) => name));
      if (next !== "hang") return next;
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      return { kind: "retry", problem: "no response in time" };
    },
    dropped: (count, why) => void dropped.push([count, why]),
    failed: (problem) => void problems.push(problem),
  });
  const end = (...names: string[]) => names.forEach((name) => queue.onEnd(span(name)));
  return { clock, queue, requests, dropped, problems, end };
}

const many = (count: number): string[] => Array.from({ length: count }, (_, n) => String(n));

describe("ended spans", () => {
  test("are sent together after a second", async () => {
    const { clock, requests, end } = queueTo();
    end("a", "b");
    await clock.advance(999);
    expect(requests).toEqual([]);
    await clock.advance(1);
    expect(requests).toEqual([["a", "b"]]);
    await clock.advance(60_000);
    expect(requests).toHaveLength(1);
  });

  test("are not sent if they are not sampled", async () => {
    const { clock, queue, requests } = queueTo();
    queue.onEnd(span("a", 0));
    await clock.advance(60_000);
    expect(requests).toEqual([]);
  });

  test("are sent in several requests if there are many", async () => {
    const { clock, requests, end } = queueTo();
    end(...many(600));
    await clock.advance(3_000);
    expect(requests.map(({ length }) => length)).toEqual([256, 256, 88]);
  });

  test("wait while the collector is unavailable, and are sent in order afterwards", async () => {
    const { clock, requests, end, dropped, problems } = queueTo({ kind: "retry", problem: "HTTP 503" });
    end("a");
    await clock.advance(1_000);
    end("b");
    await clock.advance(5_000);
    expect(requests).toEqual([["a"], ["a", "b"]]);
    expect(problems).toEqual(["HTTP 503"]);
    expect(dropped).toEqual([]);
  });

  test("are dropped and counted if the collector refuses them or there is no room", async () => {
    const { clock, queue, end, dropped } = queueTo({ kind: "refused", problem: "HTTP 400" }, "hang", {
      kind: "sent",
      rejected: 3,
    });
    end("a");
    await clock.advance(1_000);
    expect(dropped.splice(0)).toEqual([[1, "export_failed"]]);
    end(...many(4_096), "one too many");
    expect(dropped.splice(0)).toEqual([[1, "queue_full"]]);
    // While a request hangs, its spans leave room for others. Those win.
    await clock.advance(5_000);
    end(...many(256));
    await clock.advance(5_000);
    expect(dropped.splice(0)).toEqual([[256, "queue_full"]]);
    await clock.advance(5_000);
    expect(dropped.splice(0)).toEqual([[3, "rejected"]]);
    await queue.shutdown();
  });
});

describe("when the service stops", () => {
  test("all spans are sent", async () => {
    const { queue, requests, end } = queueTo();
    end(...many(300));
    await queue.shutdown();
    expect(requests.flat()).toHaveLength(300);
  });

  test("a collector that hangs delays it by two seconds", async () => {
    const { clock, queue, end, dropped } = queueTo("hang");
    end("a", "b");
    const stopped = queue.shutdown().then(() => clock.monotonic());
    const sinceMs = clock.monotonic();
    await clock.advance(10_000);
    expect((await stopped) - sinceMs).toBe(2_000);
    expect(dropped).toEqual([[2, "export_failed"]]);
  });

  test("a collector that fails is tried once more", async () => {
    const { queue, requests, end, dropped } = queueTo({ kind: "retry", problem: "connection refused" });
    end("a");
    await queue.shutdown();
    expect(requests).toEqual([["a"]]);
    expect(dropped).toEqual([[1, "export_failed"]]);
  });
});
