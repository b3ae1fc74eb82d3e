import { epochMs as t0 } from "@tocsin/test";
import { expect, test } from "vitest";
import type { ClaimState } from "../alerts/claim.ts";
import { confirmClaim } from "./confirm-claim.ts";

const firing: ClaimState = {
  source: "am",
  status: "firing",
  startsAtMs: t0,
  effectiveStartsAtMs: t0,
  lastEndMs: t0 - 1,
  heardAtMs: t0,
};

test.each<[string, ClaimState, ClaimState]>([
  ["that fires stays unchanged", firing, firing],
  ["with a pending doubtful end keeps firing", { ...firing, doubtfulEndAtMs: t0 + 1 }, firing],
  ["that was ended by a reading fires again", { ...firing, status: "resolved", ended: "read" }, firing],
  ...(["explicit", "inferred", "doubtful"] as const).map((ended): [string, ClaimState, ClaimState] => {
    const over = { ...firing, status: "resolved", ended } as const;
    return [`with the end ${ended} stays unchanged`, over, over];
  }),
  [
    "that is held stays unchanged",
    { ...firing, status: "resolved", heldUntilMs: t0 + 1 },
    { ...firing, status: "resolved", heldUntilMs: t0 + 1 },
  ],
])("a claim %s when its alert is shown as active", (_says, before, after) => {
  expect(confirmClaim(before)).toEqual(after);
});
