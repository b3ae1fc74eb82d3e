import { expect, test } from "vitest";
import { webhookAlert } from "../support/alerts.ts";
import { Fleet } from "../support/fleet.ts";
import { laterVersion } from "../support/later-version.ts";
import { PagerDuty } from "../support/pagerduty.ts";
import { tempDir } from "../support/temp-dir.ts";
import { Service } from "../support/tocsin.ts";
import { waitUntil } from "../support/wait-until.ts";

const expands = `{ sql: "ALTER TABLE incidents ADD COLUMN shift text NOT NULL DEFAULT ''; ALTER TABLE alerts ADD COLUMN shift text", compatibleFrom: 1 }`;
/** Drops a column that no statement of this version names, so that the mark alone refuses, and the newest version can continue. */
const contracts = `{ sql: "ALTER TABLE alerts DROP COLUMN shift", compatibleFrom: known + 1 }`;

test("replicas of the previous version continue with tables that a newer one expanded, and stop with one clear message at contracted ones", async () => {
  using place = tempDir();
  await using pagerduty = await PagerDuty.open();
  const config = { targets: [pagerduty.target()] };
  await using fleet = await Fleet.start({ replicas: 2, config });
  const [one, two] = fleet.replicas;
  if (!one || !two) throw new Error("a fleet of two has two");
  const startLater = (name: string, migrations: readonly string[]) =>
    Service.start({
      config: { ...config, ledger: fleet.ledger },
      env: laterVersion({ dir: place.path, name, store: "postgres", migrations }),
    });

  const names: string[] = [];
  const fire = async (at: Service): Promise<void> => {
    const name = names.length.toString(16).padStart(16, "0");
    names.push(name);
    await at.webhook([webhookAlert(name, "firing", { startsAt: "2026-01-01T00:00:00Z" })]);
  };
  // Alerts come all the while.
  let replicas: readonly Service[] = [one, two];
  const over = new AbortController();
  const storm = (async () => {
    while (!over.signal.aborted) await fire(replicas[names.length % replicas.length] as Service);
  })();
  await waitUntil("alerts come", () => names.length >= 20);
  await using newer = await startLater("newer", [expands]);
  replicas = [one, two, newer];
  const before = names.length;
  await waitUntil("all three take alerts", () => names.length >= before + 30);
  // Its node goes, say: it comes back to tables that are newer than itself.
  replicas = [two, newer];
  await one.stop();
  await one.start();
  replicas = [one, two, newer];
  await waitUntil("they go on", () => names.length >= before + 60);
  over.abort();
  await storm;
  await Promise.all(
    names.map((name, n) =>
      (replicas[n % 3] as Service).webhook([webhookAlert(name, "resolved", { startsAt: "2026-01-01T00:00:00Z" })]),
    ),
  );
  await fleet.quiet();
  expect(names.map((name) => pagerduty.story(name))).toEqual(names.map(() => [["trigger", "resolve"]]));

  await two.stop();
  await using newest = await startLater("newest", [expands, contracts]);
  const refused = "the ledger's tables are a newer Tocsin's (for schema";
  await waitUntil("the running replicas state why they stopped", async () => {
    const { status, body } = await one.get("/readyz");
    return status === 503 && JSON.stringify(body).includes(refused);
  });
  expect(
    (await one.ask("POST", "/api/v1/webhook/alertmanager", { alerts: [webhookAlert("x", "firing")] })).status,
  ).toBe(503);
  await expect(two.start()).rejects.toThrow(refused);
  await newest.webhook([webhookAlert("y", "firing")]);
  await waitUntil("the newest goes on", () => pagerduty.incidents("y").length === 1);
});
