import { type Ledger, Secret } from "@tocsin/core";
import { memoryLedger } from "@tocsin/engine";
import { Transport } from "@tocsin/http";
import { firing, routeTo, targetTerms, VirtualClock, wanted } from "@tocsin/test";
import { describe, expect, test } from "vitest";
import { createLogger } from "../../telemetry/logger.ts";
import { Scrubber } from "../../telemetry/scrubber.ts";
import { FakeAlertmanager } from "./alertmanager.fixture.ts";
import type { ReaderSettings } from "./reader-settings.ts";
import { Readers } from "./readers.ts";

const minute = 60_000;

/** Readers of these instances, with a ledger in memory. Time advances poll by poll. */
class Stage implements AsyncDisposable {
  readonly clock = new VirtualClock();
  readonly ledger: Ledger = memoryLedger({ clock: this.clock });
  readonly logs: { readonly [key: string]: unknown }[] = [];
  readonly transport = new Transport();
  readonly settings: ReaderSettings;
  readonly readers: Readers;

  constructor(instances: readonly FakeAlertmanager[], settings: Partial<ReaderSettings> = {}) {
    this.settings = {
      source: "am",
      instances: instances.map(({ url, host }, n) => ({ label: `urls[${n}] (${host})`, url: new Secret(url) })),
      everyMs: minute,
      headers: {},
      tls: {},
      ...settings,
    };
    this.readers = this.another();
  }

  /** Creates another reader on the same ledger, as in another replica or after a restart. */
  another(version = "test"): Readers {
    const writeLog = (line: string): void => void this.logs.push(JSON.parse(line) as Stage["logs"][number]);
    return new Readers({
      ledger: this.ledger,
      clock: this.clock,
      log: createLogger({ level: "debug", format: "json" }, new Scrubber(), writeLog),
      transport: this.transport,
      version,
      vault: { identity: (kind, text) => `${kind} ${text}` },
      wake: () => {},
      routesOf: (alert) => [routeTo("pagerduty", alert)],
      remindMs: 4 * 60 * minute,
    });
  }

  async start(): Promise<void> {
    await this.ledger.useTargets([targetTerms("pagerduty")]);
    this.readers.use([this.settings]);
    this.readers.start();
    await this.polls(1, 0);
  }

  async fires(...names: readonly string[]): Promise<void> {
    const startsAtMs = this.clock.now();
    for (const name of names) await this.ledger.record([wanted(firing(name, { source: "am", startsAtMs }))]);
  }

  /** Waits until this many more polls have ended, with this interval between them. */
  async polls(count: number, everyMs = minute): Promise<void> {
    for (let n = 0; n < count; n++) {
      const before = this.#ended;
      await this.clock.advance(everyMs);
      while (this.#ended === before) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  get #ended(): number {
    return this.logs.filter(({ event }) => event === "alertmanager_read" || event === "alertmanager_read_failed")
      .length;
  }

  async status(name: string): Promise<string | undefined> {
    return (await this.ledger.alert(name))?.status;
  }

  said(event: string): unknown[] {
    return this.logs.filter((line) => line["event"] === event).map(({ problem }) => problem ?? null);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.readers.stop();
    await this.transport.close();
  }
}

describe("an alert that Alertmanager no longer shows", () => {
  test("ends after 20 minutes", async () => {
    await using alertmanager = await FakeAlertmanager.open();
    await using stage = new Stage([alertmanager]);
    alertmanager.alerts.set("a", "active").set("b", "active");
    await stage.fires("a", "b");
    await stage.start();
    alertmanager.alerts.delete("a");
    await stage.polls(20);
    expect([await stage.status("a"), await stage.status("b")]).toEqual(["firing", "firing"]);
    await stage.polls(1);
    expect([await stage.status("a"), await stage.status("b")]).toEqual(["resolved", "firing"]);
  });

  test("ends as well if it was silenced or inhibited when it was shown", async () => {
    await using alertmanager = await FakeAlertmanager.open();
    await using stage = new Stage([alertmanager]);
    alertmanager.alerts.set("a", "suppressed");
    await stage.fires("a");
    await stage.start();
    await stage.polls(60);
    expect(await stage.status("a")).toBe("firing");
    alertmanager.alerts.delete("a");
    await stage.polls(21);
    expect(await stage.status("a")).toBe("resolved");
  });

  test("never ends if this API has not shown it", async () => {
    await using alertmanager = await FakeAlertmanager.open();
    await using stage = new Stage([alertmanager]);
    await stage.fires("a");
    await stage.start();
    await stage.polls(60);
    expect(await stage.status("a")).toBe("firing");
  });

  test("waits 20 minutes from the last webhook", async () => {
    await using alertmanager = await FakeAlertmanager.open();
    await using stage = new Stage([alertmanager]);
    alertmanager.alerts.set("a", "active");
    await stage.fires("a");
    await stage.start();
    alertmanager.alerts.delete("a");
    await stage.polls(20);
    await stage.fires("a");
    await stage.polls(20);
    expect(await stage.status("a")).toBe("firing");
    await stage.polls(1);
    expect(await stage.status("a")).toBe("resolved");
  });

  test("ends also if this process never saw it: the ledger keeps which alerts were shown", async () => {
    await using alertmanager = await FakeAlertmanager.open();
    await using stage = new Stage([alertmanager]);
    alertmanager.alerts.set("a", "active");
    await stage.fires("a");
    await stage.start();
    await stage.polls(10);
    await stage.readers.stop();
    alertmanager.alerts.delete("a");
    const next = stage.another();
    next.use([stage.settings]);
    next.start();
    await stage.polls(1, 0);
    await stage.polls(20);
    expect(await stage.status("a")).toBe("resolved");
    await next.stop();
  });

  test("does not end while another replica sees it", async () => {
    await using alertmanager = await FakeAlertmanager.open();
    await using stage = new Stage([alertmanager]);
    alertmanager.alerts.set("a", "active");
    await stage.fires("a");
    await stage.start();
    const hidden = new Map<string, "active">();
    alertmanager.alertsFor = (request) =>
      request.headers["user-agent"] === "Tocsin/blind" ? hidden : alertmanager.alerts;
    const blind = stage.another("blind");
    blind.use([stage.settings]);
    blind.start();
    await stage.polls(1, 0);
    await stage.polls(60);
    expect(await stage.status("a")).toBe("firing");
    await stage.readers.stop();
    await stage.polls(30);
    expect(await stage.status("a")).toBe("resolved");
    await blind.stop();
  });
});

describe("while alerts do not count as absent", () => {
  test.each<[string, (instance: FakeAlertmanager) => void, string]>([
    [
      "an instance refuses",
      (instance) => (instance.spoil = (_, response) => !!response.writeHead(503).end()),
      "urls[1] (HOST): the answer to the request for /api/v2/alerts has status 503",
    ],
    [
      "an instance redirects",
      (instance) =>
        (instance.spoil = (_, response) => !!response.writeHead(302, { location: "http://127.0.0.1:9/" }).end("[]")),
      "urls[1] (HOST): the answer to the request for /api/v2/alerts has status 302",
    ],
    [
      "an answer ends too early",
      (instance) =>
        (instance.spoil = (_, response) => {
          response.writeHead(200, { "content-length": "100" }).write("[]");
          setImmediate(() => response.destroy());
          return true;
        }),
      "urls[1] (HOST): ",
    ],
    [
      "an instance says something else",
      (instance) => (instance.spoil = (_, response) => !!response.end("<html></html>")),
      "urls[1] (HOST): the response is not JSON, or is too long",
    ],
    [
      "an instance was restarted",
      (instance) => (instance.uptime = "2026-01-01T00:00:00.000Z"),
      "urls[1] has not been up for longer than its resolve_timeout",
    ],
    [
      "an instance sees a peer that is not listed",
      (instance) => (instance.peers = ["one", "two", "three"]),
      "the peers that urls[1] sees are not the listed instances",
    ],
  ])("because %s, none ends, and the log says so once", async (_why, spoil, problem) => {
    await using one = await FakeAlertmanager.open();
    await using two = await FakeAlertmanager.open();
    Object.assign(one, { name: "one", peers: ["one", "two"] });
    Object.assign(two, { name: "two", peers: ["one", "two"] });
    await using stage = new Stage([one, two]);
    one.alerts.set("a", "active");
    await stage.fires("a");
    await stage.start();
    one.alerts.clear();
    // Eighteen minutes: if the next polls counted, they would end it.
    await stage.polls(19);
    spoil(two);
    await stage.polls(4);
    expect(stage.said("alertmanager_not_counted")).toEqual([
      expect.stringContaining(problem.replace("HOST", two.host)),
    ]);
    expect(await stage.status("a")).toBe("firing");
  });

  test("earlier counts stay, and one instance that shows the alert still confirms it", async () => {
    await using one = await FakeAlertmanager.open();
    await using two = await FakeAlertmanager.open();
    await using stage = new Stage([one, two]);
    for (const name of ["a", "b"]) one.alerts.set(name, "active");
    await stage.fires("a", "b");
    await stage.start();
    one.alerts.delete("a");
    await stage.polls(16);
    two.spoil = (_, response) => !!response.writeHead(500).end();
    await stage.polls(60);
    expect(await stage.status("a")).toBe("firing");
    const confirmedMs = stage.clock.now() - ((await stage.ledger.alert("b"))?.confirmedAtMs ?? 0);
    expect(confirmedMs).toBeLessThanOrEqual(5 * minute);
    two.spoil = undefined;
    await stage.polls(5);
    expect(await stage.status("a")).toBe("firing");
    await stage.polls(1);
    expect(await stage.status("a")).toBe("resolved");
    expect(stage.said("alertmanager_readable")).toHaveLength(1);
  });

  test("a restart of Alertmanager ends no alert that its senders repeat", async () => {
    await using alertmanager = await FakeAlertmanager.open();
    await using stage = new Stage([alertmanager]);
    alertmanager.alerts.set("a", "active");
    await stage.fires("a");
    await stage.start();
    for (let restart = 1; restart < 10; restart++) {
      alertmanager.uptime = new Date(stage.clock.now()).toISOString();
      alertmanager.alerts.delete("a");
      await stage.polls(4);
      alertmanager.alerts.set("a", "active");
      await stage.polls(restart);
    }
    expect(await stage.status("a")).toBe("firing");
  });

  test("a response that takes longer than 10 seconds is discarded", async () => {
    await using alertmanager = await FakeAlertmanager.open();
    await using stage = new Stage([alertmanager]);
    await stage.start();
    alertmanager.spoil = () => true;
    const asked = alertmanager.requests.length;
    await stage.clock.advance(minute);
    while (alertmanager.requests.length === asked) await new Promise((resolve) => setImmediate(resolve));
    await stage.polls(1, 10_000);
    expect(stage.said("alertmanager_not_counted")).toEqual([
      `urls[0] (${alertmanager.host}): no answer to the request for /api/v2/alerts within 10 s`,
    ]);
  });
});

describe("an alert that a reading ended", () => {
  test("fires again when Alertmanager shows it as active, not when it is silenced there", async () => {
    await using alertmanager = await FakeAlertmanager.open();
    await using stage = new Stage([alertmanager]);
    alertmanager.alerts.set("a", "active");
    await stage.fires("a");
    await stage.start();
    alertmanager.alerts.delete("a");
    await stage.polls(21);
    expect(await stage.status("a")).toBe("resolved");
    alertmanager.alerts.set("a", "suppressed");
    await stage.polls(3);
    expect(await stage.status("a")).toBe("resolved");
    alertmanager.alerts.set("a", "active");
    await stage.polls(1);
    expect(await stage.status("a")).toBe("firing");
  });
});

test("an alert is active if any instance shows it as active, because each may notify by itself", async () => {
  await using one = await FakeAlertmanager.open();
  await using two = await FakeAlertmanager.open();
  await using stage = new Stage([one, two]);
  one.alerts.set("a", "active").set("b", "suppressed");
  two.alerts.set("a", "suppressed").set("b", "active");
  await stage.fires("a", "b", "c");
  await stage.start();
  const { alerts } = await stage.ledger.readAlerts("am", ["a", "b", "c"]);
  expect(alerts.map(({ shown }) => shown && shown.suppressed === true)).toEqual([false, false, undefined]);
});

test("a source that has sent none of the alerts shown is reported once: its name may be wrong", async () => {
  await using alertmanager = await FakeAlertmanager.open();
  await using stage = new Stage([alertmanager]);
  await stage.start();
  alertmanager.alerts.set("a", "active");
  await stage.polls(9);
  expect(stage.said("alertmanager_unknown_source")).toEqual([]);
  await stage.polls(20);
  expect(stage.said("alertmanager_unknown_source")).toHaveLength(1);
  const other = stage.another();
  other.use([{ ...stage.settings, everyMs: 2 * minute }]);
  await stage.fires("a");
  other.start();
  await stage.polls(40);
  expect(stage.said("alertmanager_unknown_source")).toHaveLength(1);
  await other.stop();
});

describe("a request", () => {
  test("asks for all alerts, with the configured headers and the credentials of the URL", async () => {
    await using alertmanager = await FakeAlertmanager.open();
    const url = new Secret(`http://us%40er:pass%3Aword@${alertmanager.host}/prefix`);
    await using stage = new Stage([], {
      instances: [{ label: "urls[0]", url }],
      headers: { "X-Scope-OrgID": new Secret("tenant") },
    });
    await stage.start();
    expect(alertmanager.requests.map(({ method, url: path }) => `${method} ${path}`)).toEqual([
      "GET /prefix/api/v2/alerts",
      "GET /prefix/api/v2/status",
    ]);
    expect(alertmanager.requests[0]?.headers).toMatchObject({
      authorization: `Basic ${Buffer.from("us@er:pass:word").toString("base64")}`,
      "x-scope-orgid": "tenant",
      "user-agent": "Tocsin/test",
    });
  });
});

describe("new settings", () => {
  test("that are equal keep the counts; a changed header discards them", async () => {
    await using alertmanager = await FakeAlertmanager.open();
    await using stage = new Stage([alertmanager]);
    for (const name of ["a", "b"]) alertmanager.alerts.set(name, "active");
    await stage.fires("a", "b");
    await stage.start();
    alertmanager.alerts.delete("a");
    await stage.polls(15);
    stage.readers.use([{ ...stage.settings }]);
    await stage.polls(6);
    expect(await stage.status("a")).toBe("resolved");
    alertmanager.alerts.delete("b");
    stage.readers.use([{ ...stage.settings, headers: { authorization: new Secret("Bearer other") } }]);
    await stage.polls(1, 0);
    await stage.polls(60);
    expect(await stage.status("b")).toBe("firing");
  });

  test("without the source stop its reader", async () => {
    await using alertmanager = await FakeAlertmanager.open();
    await using stage = new Stage([alertmanager]);
    await stage.start();
    stage.readers.use([]);
    const asked = alertmanager.requests.length;
    await stage.clock.advance(10 * minute);
    expect(alertmanager.requests).toHaveLength(asked);
  });
});
