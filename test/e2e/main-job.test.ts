import { describe, expect, test } from "vitest";
import { postedAlert } from "../support/alerts.ts";
import { hasPrometheus, Monitored, startAlertmanager, startPrometheus } from "../support/debian.ts";
import { PagerDuty } from "../support/pagerduty.ts";
import { Service } from "../support/tocsin.ts";
import { waitUntil } from "../support/wait-until.ts";

/*
 * A real Prometheus watches two disks. They are full, then not any more; in between Tocsin is killed. Real time: rules are
 * evaluated twice a second, alerts sent again each second, and each firing one ends four seconds later unless sent again.
 * Most of it is waiting, so all run at once.
 */
describe.skipIf(!hasPrometheus()).concurrent("alerts of a real Prometheus", () => {
  const paths = [
    ["through Alertmanager", { alertmanager: true, direct: false }],
    ["straight from Prometheus", { alertmanager: false, direct: true }],
    ["on both paths at once", { alertmanager: true, direct: true }],
  ] as const;

  test.for(paths)("%s: one incident for each, opened and resolved, with a SIGKILL between", async ([, by]) => {
    await using pagerduty = await PagerDuty.open();
    await using tocsin = await Service.start({ config: { targets: [pagerduty.target()] } });
    await using disks = await Monitored.open({ a: 1, b: 1 });
    await using alertmanager = await startAlertmanager({ webhook: `${tocsin.url}/api/v1/webhook/alertmanager` });
    const direct = { address: `127.0.0.1:${tocsin.port}` };
    await using prometheus = await startPrometheus({
      scrapes: disks,
      tells: [...(by.alertmanager ? [alertmanager] : []), ...(by.direct ? [direct] : [])],
    });

    await waitUntil("both disks are delivered", () => pagerduty.incidents().length === 2);
    await tocsin.quiet();
    await tocsin.restart();
    disks.set("a", 0);
    await waitUntil("the first is resolved", () => statusOf(pagerduty, "a") === "resolved");
    expect(statusOf(pagerduty, "b")).toBe("triggered");
    await tocsin.restart();
    disks.set("b", 0);
    await waitUntil("the second is resolved", () => statusOf(pagerduty, "b") === "resolved");
    // Prometheus says the end again and again; Alertmanager once.
    if (by.direct) await waitUntil("the ends were repeated", async () => (await received(tocsin, "resolved")) >= 6);
    await tocsin.quiet();

    expect(pagerduty.incidents().map(({ summary }) => summary)).toEqual(
      expect.arrayContaining(["The disk a is full", "The disk b is full"]),
    );
    expect(pagerduty.incidents().map(({ events }) => events.map(({ action }) => action))).toEqual([
      ["trigger", "resolve"],
      ["trigger", "resolve"],
    ]);
    expect(pagerduty.stand.refused()).toEqual([]);
    expect(prometheus.process.alive).toBe(true);
  });

  test("Tocsin is away for longer than `endsAt`: its return ends nothing that still fires", async () => {
    await using pagerduty = await PagerDuty.open();
    await using tocsin = await Service.start({ config: { targets: [pagerduty.target()] } });
    await using disks = await Monitored.open({ a: 1 });
    await using prometheus = await startPrometheus({
      scrapes: disks,
      tells: [{ address: `127.0.0.1:${tocsin.port}` }],
    });
    const [incident] = await waitUntil("the disk is delivered", () => nonEmpty(pagerduty.incidents()));
    const fingerprint = incident?.dedup_key ?? "";
    await tocsin.quiet();
    const endsAtMs = await claimEndsAtMs(tocsin, fingerprint);
    await tocsin.kill();
    await waitUntil("the alert has ended, by what is known of it", () => Date.now() > endsAtMs + 1_000);
    await tocsin.start();
    await waitUntil("Prometheus has spoken again", async () => (await received(tocsin, "firing")) >= 2);
    await tocsin.quiet();
    expect(pagerduty.story(fingerprint)).toEqual([["trigger"]]);

    disks.set("a", 0);
    await waitUntil("it is resolved", () => statusOf(pagerduty, "a") === "resolved");
    expect(pagerduty.story(fingerprint)).toEqual([["trigger", "resolve"]]);
    expect(prometheus.process.alive).toBe(true);
  });

  test("Prometheus is silent past `endsAt` and returns: the alert ends when its source sends again, then pages again", async () => {
    await using pagerduty = await PagerDuty.open();
    await using tocsin = await Service.start({
      config: { targets: [pagerduty.target()], delivery: { expiryGrace: "1s" } },
    });
    await using disks = await Monitored.open({ a: 1 });
    await using prometheus = await startPrometheus({
      scrapes: disks,
      tells: [{ address: `127.0.0.1:${tocsin.port}` }],
    });
    const [incident] = await waitUntil("the disk is delivered", () => nonEmpty(pagerduty.incidents()));
    const fingerprint = incident?.dedup_key ?? "";
    await tocsin.quiet();

    prometheus.process.signal("SIGSTOP");
    const endsAtMs = await claimEndsAtMs(tocsin, fingerprint);
    await waitUntil("the alert has ended, by what it said", () => Date.now() > endsAtMs + 500);
    await waitUntil("it is called silent", async () => {
      const { targets } = (await tocsin.get(`/api/v1/explain?fingerprint=${fingerprint}`)).body;
      return targets[0].reason === "source_silent";
    });
    // Silence alone ends nothing: it may be Prometheus, or the way to it, that is away.
    expect(pagerduty.story(fingerprint)).toEqual([["trigger"]]);
    const now = Date.now();
    await tocsin.post([postedAlert("other", { startsAtMs: now, endsAtMs: now + 60_000 })]);
    await waitUntil("it is resolved", () => statusOf(pagerduty, "a") === "resolved");

    prometheus.process.signal("SIGCONT");
    await waitUntil("it is paged again", () => pagerduty.story(fingerprint).length === 2);
    disks.set("a", 0);
    await waitUntil("the second incident is resolved", () =>
      pagerduty.incidents(fingerprint).every(({ status }) => status === "resolved"),
    );
    expect(pagerduty.story(fingerprint)).toEqual([
      ["trigger", "resolve"],
      ["trigger", "resolve"],
    ]);
  });
});

const nonEmpty = <T>(list: readonly T[]): readonly T[] | undefined => (list.length > 0 ? list : undefined);

const statusOf = (pagerduty: PagerDuty, disk: string): string | undefined =>
  pagerduty.incidents().findLast(({ summary }) => summary === `The disk ${disk} is full`)?.status;

/** When an alert that came straight from Prometheus ends, unless it is said again. */
async function claimEndsAtMs(tocsin: Service, fingerprint: string): Promise<number> {
  const { claims } = (await tocsin.get(`/api/v1/explain?fingerprint=${fingerprint}`)).body;
  return Date.parse(claims[0].expiresAt);
}

/** How many alerts came in this state since the last start, repeats and all. */
async function received(tocsin: Service, status: "firing" | "resolved"): Promise<number> {
  const { text } = await tocsin.get("/metrics");
  const counts = text.matchAll(new RegExp(`^tocsin_alerts_received_total\\{.*status="${status}".*\\} (\\d+)$`, "gm"));
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}
