import { epochMs as t0 } from "@tocsin/test";
import { expect, test } from "vitest";
import { MemoryStore } from "../stores/memory/store.ts";
import { type BlockChange, Blocks } from "./block.ts";

const access = "endpoint with key";
const minute = 60_000;

const blocked = (store = new MemoryStore()) => {
  const changes: BlockChange[] = [];
  const blocks = new Blocks(store, (change) => changes.push(change));
  blocks.begin(access, "unauthorized", "HTTP 401", t0);
  return { blocks, changes };
};

test("a refusal blocks the access for a minute and is reported once", () => {
  const { blocks, changes } = blocked();
  blocks.begin(access, "unauthorized", "HTTP 401", t0 + minute);
  expect(blocks.at(access)).toMatchObject({ sinceMs: t0, untilMs: t0 + 2 * minute, probe: null });
  expect(changes.map(({ kind }) => kind)).toEqual(["blocked"]);
  blocks.begin(access, "misconfigured", "HTTP 404", t0 + 2 * minute);
  expect(blocks.at(access)).toMatchObject({ sinceMs: t0 + 2 * minute });
  expect(changes).toHaveLength(2);
});

test("the end of a block is reported; a changed credential ends it without a report", () => {
  const { blocks, changes } = blocked();
  blocks.end(access, t0 + 1);
  blocks.end(access, t0 + 2);
  expect(changes.map(({ kind }) => kind)).toEqual(["blocked", "unblocked"]);
  const other = blocked();
  other.blocks.renew(access, t0 + 1);
  expect([other.blocks.at(access), other.changes.length]).toEqual([undefined, 1]);
});

test("a probe without a verdict is freed, and only by its own lease", () => {
  const { blocks } = blocked();
  blocks.setProbe(access, 7);
  blocks.freeProbe(access, 8);
  expect(blocks.at(access)?.probe).toBe(7);
  blocks.freeProbe(access, 7);
  expect(blocks.at(access)?.probe).toBeNull();
});

test("a retry now shortens the wait and never lengthens it", () => {
  const { blocks } = blocked();
  blocks.retryNow(access, t0 + 5);
  blocks.retryNow(access, t0 + 10);
  expect(blocks.at(access)?.untilMs).toBe(t0 + 5);
});

test("blocks and repairs survive a restart; an attempt from before the repair is outdated", () => {
  const store = new MemoryStore();
  blocked(store);
  const restarted = new Blocks(store, () => {});
  expect(restarted.at(access)?.state).toBe("unauthorized");
  restarted.end(access, t0 + 10);
  const again = new Blocks(store, () => {});
  expect(again.at(access)).toBeUndefined();
  expect([again.isOutdated(access, t0 + 9), again.isOutdated(access, t0 + 10)]).toEqual([true, false]);
  expect([again.blockedSince(access, t0 + 10), again.blockedSince(access, t0 + 11)]).toEqual([true, false]);
});
