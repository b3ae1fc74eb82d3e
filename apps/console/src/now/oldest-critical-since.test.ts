import { expect, test } from "vitest";
import type { IncidentBody } from "../api/incident-body.ts";
import { oldestCriticalSince } from "./oldest-critical-since.ts";

const due = (severity: string, dueSince: string, wantedAt = dueSince) =>
  ({ severity, dueSince, wanted: { at: wantedAt } }) as IncidentBody;

test("names the critical that has waited longest, also if it is not the first and was acknowledged just now", () => {
  const oldestDue = [
    due("critical", "2026-05-01T10:04:00.000Z"),
    due("critical", "2026-05-01T10:01:00.000Z", "2026-05-01T10:09:00.000Z"),
    due("warning", "2026-05-01T09:00:00.000Z"),
  ];
  expect(oldestCriticalSince({ oldestDue })).toBe("2026-05-01T10:01:00.000Z");
});

test("names none while no critical is due", () => {
  expect(oldestCriticalSince({ oldestDue: [due("error", "2026-05-01T10:00:00.000Z")] })).toBeUndefined();
});
