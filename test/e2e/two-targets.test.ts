import { expect, test } from "vitest";
import { webhookAlert } from "../support/alerts.ts";
import { PagerDuty, routingKey } from "../support/pagerduty.ts";
import { Service } from "../support/tocsin.ts";
import { waitUntil } from "../support/wait-until.ts";

const otherKey = "0THERKEY0THERKEY0THERKEY0THERKEY";

test("one alert at two PagerDuty targets is triggered at both and resolved at both, each under its own key", async () => {
  await using pagerduty = await PagerDuty.open();
  await using tocsin = await Service.start({
    config: {
      targets: [
        pagerduty.target({ name: "production" }),
        pagerduty.target({ name: "platform", routing_key: otherKey }),
      ],
    },
  });
  await tocsin.webhook([webhookAlert("db-1", "firing")]);
  await waitUntil("both are delivered", () => pagerduty.incidents().length === 2);
  const keys = new Set(pagerduty.incidents().map(({ key }) => key));
  expect(keys.size).toBe(2);

  await tocsin.quiet();
  await tocsin.restart();
  await tocsin.webhook([webhookAlert("db-1", "resolved")]);
  await waitUntil("both are resolved", () => pagerduty.incidents().every(({ status }) => status === "resolved"));
  expect(pagerduty.story("db-1")).toEqual([
    ["trigger", "resolve"],
    ["trigger", "resolve"],
  ]);
  expect(pagerduty.stand.refused()).toEqual([]);
});

test("one key at the hosts of both regions: each region hears the trigger and the resolve", async () => {
  await using pagerduty = await PagerDuty.open();
  await using tocsin = await Service.start({
    config: {
      targets: [pagerduty.target({ name: "us" }), pagerduty.target({ name: "eu", url: pagerduty.euUrl })],
    },
  });
  await tocsin.webhook([webhookAlert("db-1", "firing")]);
  await waitUntil("both are delivered", () => pagerduty.incidents().length === 2);
  await tocsin.webhook([webhookAlert("db-1", "resolved")]);
  await waitUntil("both are resolved", () => pagerduty.incidents().every(({ status }) => status === "resolved"));
  expect(new Set(pagerduty.incidents().map(({ region }) => region))).toEqual(new Set(["us", "eu"]));
});

test("a URL may come with or without its path, and with a slash at its end", async () => {
  await using pagerduty = await PagerDuty.open();
  const urls = ["", "/", "/v2/enqueue", "/v2/enqueue/", "/v2", "/v2/"].map((path) => `${pagerduty.url}${path}`);
  await using tocsin = await Service.start({
    config: {
      targets: urls.map((url, index) =>
        pagerduty.target({ name: `target-${index}`, url, routing_key: `${routingKey.slice(0, -1)}${index}` }),
      ),
    },
  });
  await tocsin.webhook([webhookAlert("db-1", "firing")]);
  await waitUntil("all are delivered", () => pagerduty.incidents().length === urls.length);
  await tocsin.webhook([webhookAlert("db-1", "resolved")]);
  await waitUntil("all are resolved", () => pagerduty.incidents().every(({ status }) => status === "resolved"));
  expect(pagerduty.incidents()).toHaveLength(urls.length);
  expect(pagerduty.stand.refused()).toEqual([]);
});
