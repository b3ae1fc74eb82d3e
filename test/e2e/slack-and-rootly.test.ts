import { expect, test } from "vitest";
import { webhookAlert } from "../support/alerts.ts";
import { PagerDuty } from "../support/pagerduty.ts";
import { Service } from "../support/tocsin.ts";
import { waitUntil } from "../support/wait-until.ts";

test("one alert at PagerDuty, Slack and Rootly: each in its own form, opened and resolved, with a SIGKILL between", async () => {
  // The simulator is all three of them.
  await using receivers = await PagerDuty.open();
  const { stand, url } = receivers;
  await using tocsin = await Service.start({
    config: {
      targets: [
        receivers.target(),
        { name: "slack", type: "slack", webhook_url: `${url}/services/T0001/B0001/abcdefghijklmnop` },
        {
          name: "rootly",
          type: "rootly",
          url,
          api_key: "rootly-api-key-of-a-team",
          notification_targets: [{ type: "Service", id: "service-1" }],
        },
      ],
    },
  });
  await tocsin.webhook([webhookAlert("db-1", "firing"), webhookAlert("db-2", "firing")]);
  await waitUntil("all are delivered", () => stand.incidents().length === 4 && stand.messages().length === 2);

  await tocsin.quiet();
  await tocsin.restart();
  await tocsin.webhook([webhookAlert("db-1", "resolved")]);
  const ofOne = () => stand.incidents().filter(({ dedup_key }) => dedup_key === "db-1");
  await waitUntil("one is resolved everywhere", () => ofOne().every(({ status }) => status === "resolved"));
  await waitUntil("the channel knows", () => stand.messages().length === 3);
  await tocsin.quiet();

  expect(ofOne().map(({ receiver, events }) => [receiver, events.map(({ action }) => action)])).toEqual(
    expect.arrayContaining([
      ["pagerduty", ["trigger", "resolve"]],
      ["rootly", ["trigger", "resolve"]],
    ]),
  );
  expect(receivers.story("db-2")).toEqual([["trigger"], ["trigger"]]);
  expect(stand.messages().at(-1)!.text).toMatch(/^✅ RESOLVED /);
  for (const { blocks } of stand.messages()) expect(blocks).toEqual(expect.any(Array));
  expect([stand.refused(), stand.overLimit()]).toEqual([[], []]);
});
