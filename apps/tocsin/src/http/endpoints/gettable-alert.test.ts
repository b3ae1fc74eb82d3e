import type { AlertView, ClaimState } from "@tocsin/core";
import { expect, test } from "vitest";
import { gettableAlert } from "./gettable-alert.ts";

const nowMs = Date.parse("2026-01-31T12:00:00Z");
const claim = (status: ClaimState["status"], expiresAtMs?: number): ClaimState => ({
  source: "a",
  status,
  startsAtMs: 0,
  effectiveStartsAtMs: 0,
  heardAtMs: 0,
  ...(expiresAtMs !== undefined && { expiresAtMs }),
});
const view = (claims: readonly ClaimState[]): AlertView => ({
  alert: { fingerprint: "a", labels: {}, annotations: {}, startsAtMs: 0, generatorURL: "" },
  sender: "a",
  claims,
  status: "firing",
  firstSeenAtMs: 0,
  confirmedAtMs: 0,
});

test.each<[string, readonly ClaimState[], string]>([
  [
    "the end of the claim that ends last",
    [claim("firing", nowMs + 1_000), claim("firing", nowMs + 2_000)],
    "2026-01-31T12:00:02.000Z",
  ],
  [
    "never the end of a resolved claim",
    [claim("firing", nowMs + 1), claim("resolved", nowMs + 9)],
    "2026-01-31T12:00:00.001Z",
  ],
  ["five minutes from now without a claim that ends", [claim("firing")], "2026-01-31T12:05:00.000Z"],
  ["five minutes from now if the end has passed", [claim("firing", nowMs)], "2026-01-31T12:05:00.000Z"],
  ["a time that Go can read", [claim("firing", 8.64e15)], "9999-12-31T23:59:59.999Z"],
])("the end is %s", (_, claims, endsAt) => {
  expect(gettableAlert(view(claims), [], nowMs).endsAt).toBe(endsAt);
});

test("an empty generatorURL is left out", () => {
  expect(gettableAlert(view([]), [], nowMs)).not.toHaveProperty("generatorURL");
});
