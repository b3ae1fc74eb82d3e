import { expect, test } from "vitest";
import type { IncidentBody } from "../api/incident-body.ts";
import { isPagingUnreported } from "./is-paging-unreported.ts";

const at = "2026-05-01T10:00:00.000Z";
const told = { event: "trigger", certain: true, severity: "critical", at } as const;

test.each<[string, boolean, Pick<IncidentBody, "told" | "confirmedAt">]>([
  ["a trigger", true, { told, confirmedAt: null }],
  ["an acknowledgement", true, { told: { ...told, event: "acknowledge" }, confirmedAt: null }],
  ["a trigger that the receiver confirmed", false, { told, confirmedAt: at }],
  ["a resolve", false, { told: { ...told, event: "resolve" }, confirmedAt: null }],
  ["an uncertain trigger", false, { told: { ...told, certain: false }, confirmedAt: null }],
  ["a trigger in shadow mode", false, { told: { ...told, shadow: true }, confirmedAt: null }],
  ["nothing", false, { told: null, confirmedAt: null }],
])("after %s: %s", (_, expected, incident) => {
  expect(isPagingUnreported(incident)).toBe(expected);
});
