import { route, type Notification } from "@tocsin/core";
import { Simulator } from "@tocsin/simulator";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Transport } from "@tocsin/http";
import { hostileClassifications } from "../../test/classifications.ts";
import { hostileAlerts, hostileText } from "../../test/hostile-alerts.ts";
import { targetOf, tellingOf } from "../../test/pagerduty.ts";
import { severityMarkOf } from "../shared/mark-summary.ts";
import { pagerdutyPublisher } from "./index.ts";

const words = {
  template: {
    summary: "{{ annotations.summary }}",
    source: "{{ labels.instance }}",
    severity: "{{ labels.severity }}",
    component: "{{ labels.service }}",
    class: "{{ alert_name }}",
    dedup_key: "{{ labels.namespace }}",
    custom_details: { a: "{{ labels.instance }}" },
  },
};

test("for any alert, PagerDuty accepts the event, and its resolve closes the incident", async () => {
  await using simulator = new Simulator({ limit: { limit: 0 } });
  await using transport = new Transport();
  const { url } = await simulator.listen();
  const targets = [targetOf({ name: "plain", url }), targetOf({ name: "words", url, ...words })];
  const publishers = new Map(
    targets.map((target) => [target.name, pagerdutyPublisher(target, { transport, version: "1" })]),
  );
  const { signal } = new AbortController();

  await fc.assert(
    fc.asyncProperty(
      hostileAlerts,
      hostileText,
      fc.constantFrom("trigger", "change"),
      hostileClassifications,
      async (alert, incidentUrl, action, classification) => {
        for (const decision of route(alert, targets)) {
          if (!decision.send) throw new Error("told nobody");
          const publisher = publishers.get(decision.target)!;
          const telling: Notification = tellingOf({
            ...decision,
            alert,
            action,
            incidentUrl,
            sender: incidentUrl,
            classification,
          });
          const outcome = await publisher.publish(telling, signal);
          expect({ outcome: outcome.kind, refused: simulator.refused() }).toEqual({ outcome: "accepted", refused: [] });
          const marks = action === "trigger" ? [severityMarkOf(telling)] : [];
          expect(simulator.incidents().slice(-1).map(markOf)).toEqual(marks);
          expect((await publisher.publish({ ...telling, action: "resolve" }, signal)).kind).toBe("accepted");
        }
        expect(simulator.incidents().filter(({ status }) => status !== "resolved")).toEqual([]);
        simulator.reset();
      },
    ),
    { numRuns: 300 },
  );
});

/** The end of an incident's title that says where its severity comes from. */
const markOf = ({ summary }: { readonly summary: string }): string =>
  / · (?:AI|Rules): \w+ \(\d+ %\)$/.exec(summary)?.[0] ?? "";
