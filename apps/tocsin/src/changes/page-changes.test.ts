import { type Alert, LedgerUnavailable, type StoredChange } from "@tocsin/core";
import { changeOf, VirtualClock } from "@tocsin/test";
import { expect, test } from "vitest";
import { pageChanges } from "./page-changes.ts";

const alert: Alert = { fingerprint: "a", labels: { service: "shop" }, annotations: {}, startsAtMs: 0 };
const found: StoredChange = { change: changeOf("v1"), fingerprint: "f", acceptedAtMs: 0 };

const page = (forPage: () => Promise<readonly StoredChange[]>, clock = new VirtualClock()) =>
  pageChanges({ related: { forPage }, clock })(alert, 3_600_000);

test("a page lists the related changes, and none if there are none", async () => {
  expect(await page(async () => [found])).toEqual([found.change]);
  expect(await page(async () => [])).toBeUndefined();
});

test("a page leaves without its changes if the ledger fails", async () => {
  expect(await page(() => Promise.reject(new LedgerUnavailable("disk full")))).toBeUndefined();
  expect(await page(() => Promise.reject(new TypeError("a bug")))).toBeUndefined();
});

test("a page leaves without its changes half a second later if the ledger does not answer", async () => {
  const clock = new VirtualClock();
  const late = Promise.withResolvers<readonly StoredChange[]>();
  const result = page(() => late.promise, clock);
  let left = false;
  void result.then(() => (left = true));
  await clock.advance(499);
  expect(left).toBe(false);
  await clock.advance(1);
  expect(await result).toBeUndefined();
  late.reject(new Error("too late to be unhandled"));
});
