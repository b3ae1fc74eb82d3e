import { parseTarget, type Target } from "@tocsin/core";
import { answer, ScriptedReceiver } from "@tocsin/test";
import { expect, test } from "vitest";
import { tellingOf } from "../test/pagerduty.ts";
import { targetSamples } from "../test/target-samples.ts";
import { createPublisher, targetTypes } from "./registry.ts";
import { Transport } from "@tocsin/http";

const targetAt = (type: string, url: string): Target => {
  const parsed = parseTarget(
    { name: "t", type, ...targetSamples.get(type)?.target(url) },
    { types: targetTypes, readSecret: String },
  );
  if ("issues" in parsed) throw new Error(JSON.stringify(parsed.issues));
  return parsed.target;
};

/** Far from the system's clock, so that a use of that clock shows in the result. */
const nowMs = Date.UTC(2001, 0, 1);

test.each(targetTypes.flatMap(({ type }) => (["trigger", "resolve"] as const).map((action) => ({ type, action }))))(
  "a $type target counts Retry-After dates from the injected clock: $action",
  async ({ type, action }) => {
    const inAMinute = new Date(nowMs + 60_000).toUTCString();
    await using receiver = await ScriptedReceiver.open(answer(429, "", { "retry-after": inAMinute }));
    await using transport = new Transport();
    await using publisher = createPublisher(targetAt(type, receiver.url), {
      transport,
      version: "1",
      now: () => nowMs,
    });
    const outcome = await publisher.publish(tellingOf({ action }), new AbortController().signal);
    expect(outcome).toMatchObject({ kind: "retry", reason: "rate_limited", retryAfterMs: 60_000 });
  },
);
