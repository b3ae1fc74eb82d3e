import { expect, test } from "vitest";
import { webhookAlert } from "../support/alerts.ts";
import { laterVersion } from "../support/later-version.ts";
import { PagerDuty } from "../support/pagerduty.ts";
import { tempDir } from "../support/temp-dir.ts";
import { Service } from "../support/tocsin.ts";
import { waitUntil } from "../support/wait-until.ts";

const startsAt = "2026-01-01T00:00:00Z";
const expands = `{ sql: "ALTER TABLE incidents ADD COLUMN shift TEXT NOT NULL DEFAULT ''", compatibleFrom: 1 }`;
/** Nothing that this version names is gone, so only the mark refuses. */
const contracts = `{ sql: "ALTER TABLE incidents DROP COLUMN shift", compatibleFrom: known + 1 }`;

test("a SQLite ledger goes from this version to a later one and back with open incidents under load: none is lost, none is sent twice", async () => {
  using place = tempDir();
  await using pagerduty = await PagerDuty.open();
  await using service = await Service.start({ config: { targets: [pagerduty.target()] } });
  const later = (name: string, migrations: readonly string[]) =>
    laterVersion({ dir: place.path, name, store: "sqlite", migrations });

  /** As Alertmanager does, it repeats a request until one is answered. */
  const send = (alerts: readonly object[]) => waitUntil("the alerts are accepted", () => service.webhook(alerts));
  const names: string[] = [];
  const over = new AbortController();
  const storm = (async () => {
    while (!over.signal.aborted) {
      const name = names.length.toString(16).padStart(16, "0");
      await send([webhookAlert(name, "firing", { startsAt })]);
      names.push(name);
    }
  })();
  const acceptMore = async () => {
    const before = names.length;
    await waitUntil("more alerts are accepted", () => names.length >= before + 40);
  };
  await acceptMore();
  for (const [end, env] of [
    ["stop", later("newer", [expands])],
    ["kill", undefined],
    ["kill", later("again", [expands])],
    ["stop", undefined],
  ] as const) {
    await service[end]();
    await service.start(env);
    await acceptMore();
  }
  over.abort();
  await storm;
  await send(names.map((name) => webhookAlert(name, "resolved", { startsAt })));
  await service.quiet();
  // An event whose answer a SIGKILL cut off may be repeated: it is the same incident.
  expect(names.filter((name) => pagerduty.incidents(name).length !== 1)).toEqual([]);
  expect(names.filter((name) => pagerduty.incidents(name)[0]?.status !== "resolved")).toEqual([]);

  await service.stop();
  await service.start(later("newest", [expands, contracts]));
  await service.stop();
  await expect(service.start()).rejects.toThrow(/newer Tocsin/);
});
