import { route } from "@tocsin/core";
import { Simulator } from "@tocsin/simulator";
import fc from "fast-check";
import { expect, test } from "vitest";
import { hostileAlerts, hostileText } from "../../test/hostile-alerts.ts";
import { tellingOf } from "../../test/pagerduty.ts";
import { botToken, slackTargetOf, webhookPath } from "../../test/slack.ts";
import { Transport } from "@tocsin/http";
import { slackPublisher } from "./index.ts";

const words = {
  template: {
    summary: "{{ annotations.summary }}",
    custom_details: { "<!here>": "{{ labels.instance }}", n: [1, null] },
  },
  metadata: { "": "x", "<!everyone>": { deep: ["<!channel>"] } },
};

test("for any alert, Slack accepts the message, and it pings no one", async () => {
  await using simulator = new Simulator({ limit: { receiver: "slack", limit: 0 } });
  await using transport = new Transport();
  const { url } = await simulator.listen();
  const targets = [
    slackTargetOf({ name: "plain", webhook_url: url + webhookPath }),
    slackTargetOf({ name: "words", url, bot_token: botToken, channel: "#ops", ...words }),
  ];
  const publishers = new Map(
    targets.map((target) => [target.name, slackPublisher(target, { transport, version: "1" })]),
  );
  const { signal } = new AbortController();
  const actions = fc.constantFrom("trigger" as const, "acknowledge" as const, "resolve" as const, "change" as const);

  await fc.assert(
    fc.asyncProperty(hostileAlerts, hostileText, actions, async (alert, incidentUrl, action) => {
      for (const decision of route(alert, targets)) {
        if (!decision.send) throw new Error("told nobody");
        const publisher = publishers.get(decision.target)!;
        const outcome = await publisher.publish(tellingOf({ ...decision, alert, action, incidentUrl }), signal);
        expect({ outcome: outcome.kind, refused: simulator.refused() }).toEqual({ outcome: "accepted", refused: [] });
      }
      const messages = simulator.messages();
      expect(messages).toHaveLength(targets.length);
      expect(JSON.stringify(messages)).not.toMatch(/<[!@#](?!date\^)/);
      simulator.reset();
    }),
    { numRuns: 300 },
  );
});
