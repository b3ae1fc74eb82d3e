import { expect, test } from "vitest";
import { canaryProofs } from "./canary-proofs.ts";

const proofs = canaryProofs({
  callbacks: () => [{ targets: ["short"] }] as never,
  find: (name) => ({ name: name === "short" ? "team/short" : name }),
  restClientOf: (target) =>
    target === "delivery"
      ? undefined
      : {
          findIncident: async (dedupKey) =>
            dedupKey === "down"
              ? ({ ok: false, failure: {} } as never)
              : { ok: true, value: dedupKey === "known" ? { id: "P1", status: "triggered" } : null },
        },
});

test.each([
  ["team/short", "callback"],
  ["rest", "look_up"],
  ["delivery", "delivery"],
])("the best proof at %s is %s", (target, proof) => {
  expect(proofs.proofAt(target)).toBe(proof);
});

test.each([
  ["known", true],
  ["suppressed", false],
  ["down", undefined],
])("a look for the incident %s finds %s", async (dedupKey, found) => {
  expect(await proofs.lookUp?.("rest", dedupKey)).toBe(found);
});
