import type { Outcome } from "@tocsin/core";
import { VirtualClock } from "@tocsin/test";
import { expect, test } from "vitest";
import { LastAttemptLog } from "./last-attempts.ts";

const accepted: Outcome = { kind: "accepted", receipt: "r" };
const failed: Outcome = { kind: "retry", reason: "server", detail: "HTTP 503" };

function logOver(values: Map<string, string>, clock: VirtualClock) {
  const writes: string[] = [];
  const ledger = {
    getValue: async (name: string) => values.get(name),
    putValue: async (name: string, text: string) => {
      writes.push(text);
      values.set(name, text);
    },
  };
  return { log: new LastAttemptLog({ ledger, clock, exists: (target) => target !== "removed" }), writes };
}

test("keeps the last success and the last error over restarts, and stores them at most once a minute", async () => {
  const [values, clock] = [new Map<string, string>(), new VirtualClock()];
  const first = logOver(values, clock);
  for (let n = 0; n < 100; n++) first.log.attempted({ target: "pager" }, n === 50 ? failed : accepted);
  const atMs = clock.now();
  expect(first.writes).toHaveLength(0);
  await clock.advance(60_000);
  expect(first.writes).toHaveLength(1);
  await clock.advance(600_000);
  expect(first.writes).toHaveLength(1);
  const second = logOver(values, clock);
  const error = { atMs, reason: "server", detail: "HTTP 503" };
  expect((await second.log.all()).get("pager")).toEqual({ successAtMs: atMs, error });
  second.log.attempted({ target: "pager" }, accepted);
  expect((await second.log.all()).get("pager")).toEqual({ successAtMs: clock.now(), error });
});

test("stores at the stop, forgets removed targets, and ignores attempts that were interrupted", async () => {
  const [values, clock] = [new Map<string, string>(), new VirtualClock()];
  const { log, writes } = logOver(values, clock);
  await log.stop();
  log.attempted({ target: "quiet" }, { kind: "interrupted", left: false, detail: "stopped" });
  await log.stop();
  expect(writes).toEqual([]);
  log.attempted({ target: "removed" }, accepted);
  log.attempted({ target: "pager" }, failed);
  await log.stop();
  expect(writes.map((text) => Object.keys(JSON.parse(text) as object))).toEqual([["pager"]]);
});
