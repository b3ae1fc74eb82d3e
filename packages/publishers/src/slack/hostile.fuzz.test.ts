import { route } from "@tocsin/core";
import { Simulator } from "@tocsin/simulator";
import fc from "fast-check";
import { expect, test } from "vitest";
import { hostileClassifications } from "../../test/classifications.ts";
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

  const causes = fc.constantFrom("severity" as const, "members" as const, "reminder" as const, undefined);
  await fc.assert(
    fc.asyncProperty(
      hostileAlerts,
      hostileText,
      actions,
      causes,
      hostileClassifications,
      async (alert, incidentUrl, action, cause, classification) => {
        simulator.reset();
        simulator.setLimit({ receiver: "slack_update", limit: 0 });
        for (const decision of route(alert, targets)) {
          if (!decision.send) throw new Error("told nobody");
          const publisher = publishers.get(decision.target)!;
          const outcome = await publisher.publish(
            tellingOf({ ...decision, alert, action, incidentUrl, classification }),
            signal,
          );
          expect({ outcome: outcome.kind, refused: simulator.refused() }).toEqual({ outcome: "accepted", refused: [] });
          if (outcome.kind !== "accepted" || decision.target !== "words") continue;
          // The next event of the same incident updates the bot's message, and replies in its thread.
          const next = tellingOf({
            ...decision,
            alert,
            action,
            incidentUrl,
            classification,
            actions: true,
            receipt: outcome.receipt,
            ...(cause !== undefined && { cause }),
            acknowledgedBy: { by: incidentUrl, atMs: alert.startsAtMs },
          });
          expect((await publisher.publish(next, signal)).kind).toBe("accepted");
          expect(simulator.refused()).toEqual([]);
        }
        const messages = simulator.messages();
        expect(messages).toHaveLength(action === "change" ? 3 : targets.length);
        // Slack does not show the value of a button.
        const shown = JSON.stringify(messages, (key, value: unknown) => (key === "value" ? "" : value));
        expect(shown).not.toMatch(/<[!@#](?!date\^)/);
      },
    ),
    { numRuns: 300 },
  );
});
