import { route } from "@tocsin/core";
import { Simulator } from "@tocsin/simulator";
import fc from "fast-check";
import { expect, test } from "vitest";
import { hostileClassifications } from "../../test/classifications.ts";
import { hostileAlerts, hostileText } from "../../test/hostile-alerts.ts";
import { tellingOf } from "../../test/pagerduty.ts";
import { rootlyTargetOf } from "../../test/rootly.ts";
import { Transport } from "@tocsin/http";
import { rootlyPublisher } from "./index.ts";

const words = {
  template: {
    summary: "{{ annotations.summary }}",
    dedup_key: "{{ labels.namespace }}",
    custom_details: { a: "{{ labels.instance }}" },
  },
  metadata: { "\u0000": { deep: ["\u0000", 1, null] } },
};

test("for any alert, Rootly accepts it, and its resolve closes it, after a restart too", async () => {
  await using simulator = new Simulator({ limit: { receiver: "rootly", limit: 0 } });
  simulator.setLimit({ receiver: "rootly_api", limit: 0 });
  await using transport = new Transport();
  const { url } = await simulator.listen();
  const targets = [
    rootlyTargetOf({ name: "plain", url }),
    rootlyTargetOf({ name: "words", url, api_key: "another-key", ...words }),
  ];
  const open = (name: string) =>
    rootlyPublisher(
      targets.find((target) => target.name === name)!,
      { transport, version: "1" },
    );
  const { signal } = new AbortController();

  await fc.assert(
    fc.asyncProperty(hostileAlerts, hostileText, hostileClassifications, async (alert, incidentUrl, classification) => {
      for (const decision of route({ ...alert, labels: { ...alert.labels, change_event: "" } }, targets)) {
        if (!decision.send) throw new Error("told nobody");
        const telling = tellingOf({ ...decision, alert, incidentUrl, classification });
        const outcome = await open(decision.target).publish(telling, signal);
        expect({ outcome: outcome.kind, refused: simulator.refused() }).toEqual({ outcome: "accepted", refused: [] });
        // Another process knows no id: the key that it looks for must have come back unchanged.
        expect((await open(decision.target).publish({ ...telling, action: "resolve" }, signal)).kind).toBe("accepted");
      }
      const statuses = simulator.incidents().map(({ status }) => status);
      expect(statuses).toEqual(["resolved", "resolved"]);
      simulator.reset();
      simulator.setLimit({ receiver: "rootly_api", limit: 0 });
    }),
    { numRuns: 200 },
  );
});
