import { type Alert, type Ledger, LedgerUnavailable } from "@tocsin/core";
import { settled, VirtualClock } from "@tocsin/test";
import { expect, test } from "vitest";
import { reroute, type Rerouting } from "./reroute.ts";

const alerts = Array.from({ length: 1_200 }, (_, n): Alert => {
  const fingerprint = String(n).padStart(4, "0");
  return { fingerprint, labels: { n: fingerprint }, annotations: {}, startsAtMs: 0 };
});

function stage(more: Partial<Rerouting> = {}) {
  const pages: string[][] = [];
  const clock = new VirtualClock();
  const rerouting: Rerouting = {
    clock,
    wake: () => {},
    outdated: () => false,
    concerns: () => true,
    routesOf: () => [],
    ledger: {
      firing: async ({ after = "", limit }) => alerts.filter(({ fingerprint }) => fingerprint > after).slice(0, limit),
      reroute: async (routed) => {
        pages.push(routed.map(({ fingerprint }) => fingerprint));
        return [];
      },
    },
    ...more,
  };
  return { rerouting, pages, clock };
}

test("routes all firing alerts again, page by page", async () => {
  const { rerouting, pages } = stage();
  expect(await reroute(rerouting)).toBe(true);
  expect(pages.map(({ length }) => length)).toEqual([500, 500, 200]);
  expect(new Set(pages.flat()).size).toBe(alerts.length);
});

test("does not record alerts that a change cannot affect", async () => {
  const { rerouting, pages } = stage({ concerns: ({ fingerprint }) => fingerprint === "0700" });
  expect(await reroute(rerouting)).toBe(true);
  expect(pages).toEqual([["0700"]]);
});

test("routes held firings again, too", async () => {
  const asked: unknown[] = [];
  const firing: Ledger["firing"] = async ({ held }) => (asked.push(held), []);
  const { rerouting } = stage();
  expect(await reroute({ ...rerouting, ledger: { ...rerouting.ledger, firing } })).toBe(true);
  expect(asked).toEqual([true]);
});

test("stops when it is outdated, and returns false", async () => {
  let pagesRead = 0;
  const { rerouting, pages } = stage({ outdated: () => pagesRead++ === 1 });
  expect(await reroute(rerouting)).toBe(false);
  expect(pages).toHaveLength(1);
});

test("routes an alert once more that got another verdict meanwhile", async () => {
  const { rerouting, pages } = stage();
  const other = { fingerprint: "f0", labels: {}, annotations: {}, startsAtMs: 0, classification: { atMs: 5 } };
  const record = rerouting.ledger.reroute;
  let first = true;
  const ledger: Rerouting["ledger"] = {
    ...rerouting.ledger,
    async reroute(routed) {
      await record(routed);
      const again = first;
      first = false;
      return again ? [other] : [];
    },
  };
  expect(await reroute({ ...rerouting, ledger })).toBe(true);
  expect(pages.map((page) => page.length)).toContain(1);
  expect(pages.filter((page) => page.length === 1)).toEqual([["f0"]]);
});

test("continues when the ledger is available again", async () => {
  let failures = 2;
  const { rerouting, pages, clock } = stage();
  const record = rerouting.ledger.reroute;
  const ledger: Rerouting["ledger"] = {
    ...rerouting.ledger,
    reroute: async (routed) => {
      if (failures-- > 0) throw new LedgerUnavailable("no space");
      return record(routed);
    },
  };
  const done = reroute({ ...rerouting, ledger });
  await settled();
  expect(pages).toEqual([]);
  await clock.advance(5_000);
  expect(await done).toBe(true);
  expect(pages.flat()).toHaveLength(alerts.length);
});
