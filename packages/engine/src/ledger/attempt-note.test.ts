import type { Flight, Outcome } from "@tocsin/core/decisions";
import { expect, test } from "vitest";
import { attemptNote, readAttemptNote } from "./attempt-note.ts";

const flight = { action: "trigger" } as Flight;
const unavailable: Outcome = { kind: "retry", reason: "server", detail: "HTTP 503", status: 503 };
const lost: Outcome = { kind: "ambiguous", reason: "timeout", detail: "no answer" };
const taken: Outcome = { kind: "accepted", receipt: "r", status: 202 };

test.each<[string, Flight, Outcome, number | undefined, object]>([
  ["a failure", flight, unavailable, 1_203.6, { what: "trigger server", status: 503, durationMs: 1_204 }],
  ["a failure without an answer", flight, lost, 0, { what: "trigger timeout", durationMs: 0 }],
  ["a success", flight, taken, 12, { what: "trigger", status: 202, durationMs: 12 }],
  [
    "a shadow's success",
    { ...flight, shadow: true },
    { ...taken, receipt: "shadow" },
    undefined,
    { what: "shadow trigger" },
  ],
  ["an unknown duration", flight, unavailable, undefined, { what: "trigger server" }],
])("keeps status and duration of %s", (_, of, outcome, durationMs, shown) => {
  const what = attemptNote(of, outcome, durationMs);
  expect(readAttemptNote({ incident: 1, atMs: 5, what })).toEqual({ incident: 1, atMs: 5, ...shown });
});

test.each(["trigger server", "acknowledged by a@b,1", "acknowledged by @ops", "firing"])(
  "leaves the line %j as it is",
  (what) => expect(readAttemptNote({ incident: 1, atMs: 5, what })).toEqual({ incident: 1, atMs: 5, what }),
);
