import { expect, test } from "vitest";
import { webhookAlert } from "../support/alerts.ts";
import { Fleet } from "../support/fleet.ts";
import { PagerDuty } from "../support/pagerduty.ts";
import { waitUntil } from "../support/wait-until.ts";

/** Longer than a replica stands still without noticing it, and than a second word may be out of order. */
const stoppedMs = 8_000;
const startsAt = "2026-01-01T00:00:00Z";

test("alerts that reached a replica while it was stopped do not open incidents that have ended since", async () => {
  await using pagerduty = await PagerDuty.open();
  const config = { targets: [pagerduty.target()], delivery: { reorderWindow: "1s" } };
  await using fleet = await Fleet.start({ replicas: 2, config });
  const [one, two] = fleet.replicas;
  if (!one || !two) throw new Error("a fleet of two has two");
  const firing = webhookAlert("a", "firing", { startsAt });

  one.process.signal("SIGSTOP");
  const stoppedAtMs = performance.now();
  // Its sender waits for a while in vain, and says the same to the other one.
  const late = one.ask("POST", "/api/v1/webhook/alertmanager", { alerts: [firing] });
  await two.webhook([firing]);
  await waitUntil("it is delivered", () => pagerduty.incidents().length === 1);
  await two.webhook([webhookAlert("a", "resolved", { startsAt })]);
  await waitUntil("its resolve is delivered", () => pagerduty.incidents().every(({ status }) => status === "resolved"));
  await waitUntil("it is long ago", () => performance.now() - stoppedAtMs > stoppedMs);
  one.process.signal("SIGCONT");

  expect((await late).status).toBe(503);
  await waitUntil("it takes alerts again", () => one.webhook([webhookAlert("b", "firing", { startsAt })]));
  await waitUntil("the next is delivered", () => pagerduty.incidents("b").length === 1);
  await fleet.quiet();
  expect(pagerduty.story("a")).toEqual([["trigger", "resolve"]]);
  expect((await two.get("/api/v1/stats")).body.alerts).toEqual({ firing: 1, resolved: 1 });
});
