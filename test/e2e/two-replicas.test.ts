import { postgresPrograms, TestPostgres } from "@tocsin/test";
import { expect, test } from "vitest";
import { webhookAlert } from "../support/alerts.ts";
import { Fleet } from "../support/fleet.ts";
import { PagerDuty } from "../support/pagerduty.ts";
import { Service } from "../support/tocsin.ts";
import { waitUntil } from "../support/wait-until.ts";

test("two replicas share desired and delivered state, also if one is killed in between", async () => {
  await using pagerduty = await PagerDuty.open();
  await using fleet = await Fleet.start({ replicas: 2, config: { targets: [pagerduty.target()] } });
  const [one, two] = fleet.replicas;
  if (!one || !two) throw new Error("a fleet of two has two");

  const names = Array.from({ length: 60 }, (_, n) => n.toString(16).padStart(16, "0"));
  await Promise.all(
    names.map((name, n) =>
      (n % 2 ? one : two).webhook([webhookAlert(name, "firing", { startsAt: "2026-01-01T00:00:00Z" })]),
    ),
  );
  await waitUntil("all are delivered", () => pagerduty.incidents().length === names.length);
  await fleet.quiet();
  const [first = ""] = names;
  const explained = await Promise.all([one, two].map((replica) => replica.get(`/api/v1/explain/${first}`)));
  expect(explained[0]?.body).toEqual(explained[1]?.body);

  await one.kill();
  await Promise.all(
    names.map((name) => two.webhook([webhookAlert(name, "resolved", { startsAt: "2026-01-01T00:00:00Z" })])),
  );
  await fleet.quiet();
  await one.start();
  expect(names.map((name) => pagerduty.story(name))).toEqual(names.map(() => [["trigger", "resolve"]]));
  const stats = await Promise.all([one, two].map((replica) => replica.get("/api/v1/stats")));
  expect(stats.map(({ body }) => body.alerts)).toEqual([
    { firing: 0, resolved: names.length },
    { firing: 0, resolved: names.length },
  ]);
  expect(stats[0]?.body.incidents).toEqual(stats[1]?.body.incidents);
});

test("a replica with another key stops and states the reason", async () => {
  await using pagerduty = await PagerDuty.open();
  await using fleet = await Fleet.start({ replicas: 1, config: { targets: [pagerduty.target()] } });
  const [one] = fleet.replicas;
  const ledger = {
    url: `${fleet.postgres.url}?sslmode=disable`,
    encryptionKey: Buffer.alloc(32, 8).toString("base64"),
  };
  one?.configure({ ledger, targets: [pagerduty.target()] });
  await one?.stop();
  await expect(one?.start()).rejects.toThrow(/written with another `ledger.encryptionKey`/);
});

test("one replica is ready if several with different keys start at one instant on an empty database", async () => {
  const [programs] = postgresPrograms();
  if (!programs) throw new Error("no PostgreSQL: npm brings one for this platform");
  await using stack = new AsyncDisposableStack();
  const postgres = stack.use(await TestPostgres.open({ programs }));
  const url = `${postgres.url}?sslmode=disable`;
  const started = await Promise.allSettled(
    [1, 2, 3].map((byte) =>
      Service.start({ config: { ledger: { url, encryptionKey: Buffer.alloc(32, byte).toString("base64") } } }),
    ),
  );
  for (const one of started) if (one.status === "fulfilled") stack.use(one.value);
  const refused = started.flatMap((one) => (one.status === "rejected" ? [String(one.reason)] : []));
  expect(refused).toEqual(Array.from({ length: 2 }, () => expect.stringContaining("another `ledger.encryptionKey`")));
});
