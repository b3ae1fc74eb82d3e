import { VirtualClock } from "@tocsin/test";
import { expect, test } from "vitest";
import { startService, type TestService } from "../../apps/tocsin/src/service.fixture.ts";
import { postedAlert } from "../support/alerts.ts";
import { Alertmanager, hasPrometheus } from "../support/debian.ts";
import { freePort } from "../support/free-port.ts";
import { waitUntil } from "../support/wait-until.ts";

const minute = 60_000;
const hour = 60 * minute;

/** Real requests to real Alertmanagers, by a service whose minutes a test lets pass. The ledger keeps its own time. */
class Stage implements AsyncDisposable {
  readonly clock: VirtualClock;
  readonly service: TestService;
  readonly alertmanagers: readonly Alertmanager[];

  private constructor(clock: VirtualClock, service: TestService, alertmanagers: readonly Alertmanager[]) {
    this.clock = clock;
    this.service = service;
    this.alertmanagers = alertmanagers;
  }

  static async open(o: { readonly read: boolean; readonly instances?: 1 | 2 }): Promise<Stage> {
    const clock = new VirtualClock(Date.now());
    const [first, second, firstOfCluster, secondOfCluster, listen] = [
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
    ];
    const ports = o.instances === 2 ? [first, second] : [first];
    const urls = ports.map((port) => `http://127.0.0.1:${port}`);
    const service = await startService(
      () => ({
        server: { listen: `127.0.0.1:${listen}` },
        ...(o.read && { sources: [{ name: "am", alertmanager: { urls, every: "1m" } }] }),
      }),
      { clock },
    );
    const webhook = `http://127.0.0.1:${listen}/api/v1/webhook/alertmanager?source=am`;
    const cluster = [firstOfCluster, secondOfCluster];
    const alertmanagers = await Promise.all(
      ports.map((port, n) =>
        Alertmanager.start({
          webhook,
          port,
          repeatInterval: "1h",
          ...(o.instances === 2 && { cluster: { port: cluster[n]!, peers: cluster.filter((_, m) => m !== n) } }),
        }),
      ),
    );
    return new Stage(clock, service, alertmanagers);
  }

  /** Posts the alert as Prometheus does. */
  async posts(name: string, says: "firing" | "resolved", to = this.alertmanagers): Promise<void> {
    const nowMs = Date.now();
    const endsAtMs = says === "firing" ? nowMs + hour : nowMs;
    const alert = postedAlert(name, { startsAtMs: nowMs - minute, endsAtMs });
    for (const { address } of to) {
      const answer = await fetch(`http://${address}/api/v2/alerts`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify([alert]),
      });
      if (!answer.ok) throw new Error(`Alertmanager refuses the alert: ${answer.status}`);
    }
  }

  /** How an instance shows the alert; undefined: not at all. */
  async there(name: string, { address } = this.alertmanagers[0]!): Promise<string | undefined> {
    const answer = await fetch(`http://${address}/api/v2/alerts`);
    const alerts = (await answer.json()) as readonly { labels: Record<string, string>; status: { state: string } }[];
    return alerts.find(({ labels }) => labels["instance"] === name)?.status.state;
  }

  /** Silences the alert everywhere. Returns what ends the silence. */
  async silence(name: string): Promise<() => Promise<void>> {
    const [{ address } = { address: "" }] = this.alertmanagers;
    const answer = await fetch(`http://${address}/api/v2/silences`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        matchers: [{ name: "instance", value: name, isRegex: false, isEqual: true }],
        startsAt: new Date().toISOString(),
        endsAt: new Date(Date.now() + hour).toISOString(),
        createdBy: "test",
        comment: "test",
      }),
    });
    const { silenceID } = (await answer.json()) as { silenceID: string };
    for (const one of this.alertmanagers)
      await waitUntil("the alert is silenced", async () => (await this.there(name, one)) === "suppressed");
    return async () => {
      await fetch(`http://${address}/api/v2/silence/${silenceID}`, { method: "DELETE" });
    };
  }

  /**
   * Another alert fires and ends: every group that existed before has been flushed since, so whatever Alertmanager has to say
   * about other alerts has been said.
   */
  async flush(marker: string): Promise<void> {
    await this.posts(marker, "firing");
    await waitUntil("the marker is paged", () => this.story(marker).flat().length === 1);
    await this.posts(marker, "resolved");
    await waitUntil("the marker is resolved", () => this.story(marker).flat().length === 2);
  }

  /** Lets minutes pass, one poll of all instances in each. */
  async polls(count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      const before = this.#polled();
      await this.clock.advance(minute);
      await waitUntil("the instances were polled", () => this.#polled() > before, { everyMs: 2 });
    }
  }

  #polled(): number {
    return this.service.logs.filter((line) => /"event":"alertmanager_read(_failed)?"/.test(line)).length;
  }

  /** The actions on each incident of the alert, in order. */
  story(name: string): string[][] {
    const rows = this.service.simulator.incidents();
    return rows
      .filter(({ summary }) => summary.includes(` ${name} `))
      .map(({ events }) => events.map(({ action }) => action));
  }

  /** State and reason of the newest incident of the alert. */
  async stands(name: string): Promise<string> {
    const { body } = await this.service.ask("GET", "/api/v1/incidents?limit=100");
    const incidents = (body as { incidents: { state: string; reason: string; wanted: { summary: string } }[] })
      .incidents;
    const newest = incidents.find(({ wanted }) => wanted.summary.includes(` ${name} `));
    return `${newest?.state} ${newest?.reason}`;
  }

  /** Polls until the alert is resolved. Returns the number of polls. */
  async pollsUntilResolved(name: string, most: number): Promise<number> {
    for (let polls = 1; polls <= most; polls++) {
      await this.polls(1);
      const ended = await this.stands(name);
      if (ended === "told silenced" || ended === "told delivered") continue;
      await waitUntil("the end is sent", () => this.story(name).at(-1)?.at(-1) === "resolve");
      return polls;
    }
    throw new Error(`${name} did not end within ${most} polls: ${await this.stands(name)}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.service[Symbol.asyncDispose]();
    for (const alertmanager of this.alertmanagers) await alertmanager[Symbol.asyncDispose]();
  }
}

/** It fires and is paged, it is silenced, it ends, the silence ends: Alertmanager says nothing about the end. */
async function endsWhileSilenced(stage: Stage, meanwhile = async (): Promise<void> => {}): Promise<void> {
  await stage.posts("db-1", "firing");
  await waitUntil("it is paged", () => stage.story("db-1").length === 1);
  const expire = await stage.silence("db-1");
  await meanwhile();
  await stage.posts("db-1", "resolved");
  await waitUntil("Alertmanager shows it no longer", async () => (await stage.there("db-1")) === undefined);
  await stage.flush("marker-1");
  await expire();
  await stage.flush("marker-2");
  expect(stage.story("db-1")).toEqual([["trigger"]]);
}

test.runIf(hasPrometheus())("an alert that ends while it is silenced stays open without a reader", async () => {
  await using stage = await Stage.open({ read: false });
  await endsWhileSilenced(stage);
  await stage.clock.advance(hour);
  expect(stage.story("db-1")).toEqual([["trigger"]]);
  expect(await stage.stands("db-1")).toBe("told delivered");
});

test.runIf(hasPrometheus())(
  "an alert that ends while it is silenced is resolved by reading, and paged when it fires again",
  async () => {
    await using stage = await Stage.open({ read: true });
    await stage.polls(1);
    await endsWhileSilenced(stage, async () => {
      // A poll that began before the silence may end after it.
      await waitUntil("it is shown as silenced", async () => {
        await stage.polls(1);
        return (await stage.stands("db-1")) === "told silenced";
      });
    });
    // Twenty minutes; before that, Alertmanager was not yet up for its resolve_timeout of five.
    const polls = await stage.pollsUntilResolved("db-1", 40);
    expect(polls).toBeGreaterThanOrEqual(20);
    expect(polls).toBeLessThanOrEqual(27);
    expect(stage.story("db-1")).toEqual([["trigger", "resolve"]]);
    await stage.posts("db-1", "firing");
    await waitUntil("Alertmanager shows it", async () => (await stage.there("db-1")) === "active");
    await stage.flush("marker-3");
    // For Alertmanager it has fired all the time: it says nothing before its repeat_interval.
    expect(stage.story("db-1")).toEqual([["trigger", "resolve"]]);
    await stage.polls(1);
    await waitUntil("it is paged again", () => stage.story("db-1").length === 2);
    expect(stage.story("db-1")).toEqual([["trigger", "resolve"], ["trigger"]]);
  },
);

test.runIf(hasPrometheus())("reading ends no alert that one Prometheus of an HA pair still sends", async () => {
  await using stage = await Stage.open({ read: true, instances: 2 });
  const [one, other] = stage.alertmanagers as [Alertmanager, Alertmanager];
  await stage.posts("db-1", "firing");
  await waitUntil("it is paged", () => stage.story("db-1").length === 1);
  await stage.silence("db-1");
  await stage.polls(10);
  // The Prometheus that reaches the first instance sees it end; the other one, which reaches the second, does not.
  await stage.posts("db-1", "resolved", [one]);
  await waitUntil("the first shows it no longer", async () => (await stage.there("db-1", one)) === undefined);
  for (let polls = 0; polls < 40; polls++) {
    await stage.posts("db-1", "firing", [other]);
    await stage.polls(1);
  }
  expect(await stage.stands("db-1")).toBe("told silenced");
  expect(stage.story("db-1")).toEqual([["trigger"]]);
  await stage.posts("db-1", "resolved", [other]);
  await waitUntil("the second shows it no longer", async () => (await stage.there("db-1", other)) === undefined);
  const polls = await stage.pollsUntilResolved("db-1", 30);
  expect(polls).toBeGreaterThanOrEqual(20);
});

test.runIf(hasPrometheus())("a restart of Alertmanager ends nothing", async () => {
  await using stage = await Stage.open({ read: true });
  const [alertmanager] = stage.alertmanagers as [Alertmanager];
  await stage.posts("db-1", "firing");
  await waitUntil("it is paged", () => stage.story("db-1").length === 1);
  await stage.polls(10);
  await alertmanager.stop();
  await stage.polls(60);
  expect(await stage.stands("db-1")).toBe("told delivered");
  await alertmanager.start();
  // It knows no alert until Prometheus sends it again.
  expect(await stage.there("db-1")).toBeUndefined();
  await stage.polls(4);
  await stage.posts("db-1", "firing");
  await waitUntil("it is shown again", async () => (await stage.there("db-1")) === "active");
  await stage.polls(60);
  expect(await stage.stands("db-1")).toBe("told delivered");
  expect(stage.story("db-1")).toEqual([["trigger"]]);
});
