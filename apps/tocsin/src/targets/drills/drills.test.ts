import { VirtualClock } from "@tocsin/test";
import { expect, test } from "vitest";
import { drillAlert } from "./drill-alert.ts";
import { Drills } from "./drills.ts";

const vault = { identity: (_purpose: string, text: string) => text.length.toString() };

/** A ledger with one drill that ends after a minute. It counts the looks at the drills. */
function started() {
  const clock = new VirtualClock();
  const nowMs = clock.now();
  const drill = { target: "pager", severity: "critical" } as const;
  const alert = drillAlert(drill, { nonce: "n", vault, nowMs, endsAtMs: nowMs + 60_000 });
  const looks: number[] = [];
  const ledger = {
    firing: async () => (looks.push(clock.now()), [alert]),
    alert: async () => undefined,
    record: async () => [],
  };
  const drills = new Drills({ ledger, vault, clock, wake: () => {} });
  return { clock, drills, looks };
}

test("a stop cancels every timer, and no later look begins", async () => {
  const { clock, drills, looks } = started();
  await Promise.all([drills.endOverdue(), drills.endOverdue()]);
  drills.stop();
  await clock.advance(600_000);
  await drills.endOverdue();
  expect(looks).toHaveLength(2);
});
