import { VirtualClock } from "@tocsin/test";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { amtool as runAmtool, amtoolBinary } from "../../amtool.fixture.ts";
import { formatAddress } from "../../config/address.ts";
import { hasTool } from "../../debian-tool.fixture.ts";
import { FakeAlertmanager } from "../../ingest/readers/alertmanager.fixture.ts";
import { routingKey, startService, type TestService } from "../../service.fixture.ts";

const minute = 60_000;
const startsAt = "2026-11-23T10:00:00Z";
const token = { ingest: "ingest-token-0123456789", read: "read-token-0123456789" };
const bearer = (value: string) => ({ authorization: `Bearer ${value}` });
const hook = "h00kh00kh00kh00kh00kh00k";
const hostile = 'a "quoted" \\ back\nline, {x="y"} 火 \u{1F525} </script>';

const clock = new VirtualClock(Date.now());
let source: FakeAlertmanager;
let service: TestService;
let url: string;

/** Polls of the source's API that have ended. */
const polled = () => service.logs.filter((line) => line.includes('"event":"alertmanager_read"')).length;

const alertOf = (fingerprint: string, labels: Record<string, string>, more: object = {}) => ({
  status: "firing",
  fingerprint,
  labels: { severity: "critical", ...labels },
  annotations: { summary: `About ${fingerprint}` },
  startsAt,
  ...more,
});

beforeAll(async () => {
  source = await FakeAlertmanager.open();
  source.alerts.set("silenced", "suppressed");
  service = await startService(
    (simulator) => ({
      server: {
        listen: "127.0.0.1:0",
        basePath: "/tocsin",
        auth: {
          tokens: [
            { name: "am", token: token.ingest, roles: ["ingest"] },
            { name: "reader", token: token.read, roles: ["read"] },
          ],
        },
      },
      sources: [{ name: "am", alertmanager: { urls: [source.url], every: "1m" } }],
      targets: [
        {
          name: "pager",
          type: "pagerduty",
          url: simulator,
          routing_key: routingKey,
          filters: { severity: ["critical"] },
        },
        {
          name: "chat",
          type: "slack",
          webhook_url: `${simulator}/services/T/B/${hook}`,
          group_by: ["alertname", "zone"],
        },
        { name: "shadow", type: "slack", webhook_url: `${simulator}/services/T/C/${hook}`, mode: "shadow" },
        { name: "broken", type: "pagerduty", url: simulator, routing_key: "short" },
      ],
    }),
    { clock },
  );
  url = `http://${formatAddress(service.tocsin.address)}/tocsin`;
  const alerts = [
    alertOf(
      "00",
      { alertname: "DiskFull", instance: "b" },
      { generatorURL: "http://prometheus.example/graph?a=1&b=2" },
    ),
    alertOf("01", { alertname: "DiskFull", instance: "a", severity: "info" }),
    alertOf(
      "02",
      { alertname: "Hostile", text: hostile, "label.with dots": "é" },
      { annotations: { summary: hostile } },
    ),
    alertOf("03", { alertname: "Over" }),
    alertOf("03", { alertname: "Over" }, { status: "resolved", endsAt: "2026-11-23T10:01:00Z" }),
    alertOf("04", { alertname: "Deployed", change_event: "true" }),
    alertOf("silenced", { alertname: "Silenced" }),
  ];
  await service.ask("POST", "/api/v1/webhook/alertmanager", { alerts }, bearer(token.ingest));
  const before = polled();
  await clock.advance(minute);
  await service.until("the source is read", () => (polled() > before ? true : undefined));
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await source[Symbol.asyncDispose]();
});

const ask = (path: string, value = token.read) => service.ask("GET", path, undefined, bearer(value));
const list = async (query = "") => (await ask(`/api/v2/alerts${query}`)).body;
const ids = async (query: string): Promise<string[]> =>
  (await list(query)).map(({ fingerprint }: { fingerprint: string }) => fingerprint);
const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

describe("the list of alerts", () => {
  test("has the fields of Alertmanager's API, and the targets as receivers", async () => {
    const answer = await ask("/api/v2/alerts?filter=instance%3Db");
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "application/json; charset=utf-8"]);
    expect(answer.body).toEqual([
      {
        annotations: { summary: "About 00" },
        endsAt: time,
        fingerprint: "00",
        receivers: [{ name: "pager" }, { name: "chat" }],
        startsAt: "2026-11-23T10:00:00.000Z",
        status: { inhibitedBy: [], mutedBy: [], silencedBy: [], state: "active" },
        updatedAt: time,
        generatorURL: "http://prometheus.example/graph?a=1&b=2",
        labels: { alertname: "DiskFull", instance: "b", severity: "critical" },
      },
    ]);
    expect(Date.parse(answer.body[0].endsAt)).toBeGreaterThan(clock.now());
  });

  test.each<[string, string[]]>([
    ["", ["00", "01", "02", "silenced"]],
    ["?active=false", ["silenced"]],
    ["?active=FALSE&silenced=1&inhibited=false", ["silenced"]],
    ["?silenced=false&inhibited=false&unprocessed=false", ["00", "01", "02"]],
    ["?active=false&silenced=false&inhibited=false&unprocessed=true", []],
    ["?filter=alertname%3D~%22Disk.*%22&filter=instance!%3Db", ["01"]],
    ["?filter=%22label.with%20dots%22%3D%22%C3%A9%22", ["02"]],
    ["?filter=constructor%3D", ["00", "01", "02", "silenced"]],
    ["?receiver=pager", ["00", "02", "silenced"]],
    ["?receiver=p.*%7Cnone", ["00", "02", "silenced"]],
    ["?receiver=shadow", []],
    ["?receiver=page", []],
    ["?receiver=&filter=&active=", ["00", "01", "02", "silenced"]],
  ])("with %s", async (query, expected) => {
    expect(await ids(query)).toEqual(expected);
  });

  test("shows an alert as suppressed that its source has silenced", async () => {
    expect((await list("?filter=alertname%3DSilenced"))[0].status).toEqual({
      inhibitedBy: [],
      mutedBy: [],
      silencedBy: [],
      state: "suppressed",
    });
  });

  test.each([
    ["/api/v2/alerts?filter=x", "filter: "],
    ["/api/v2/alerts?receiver=(", "receiver: missing closing )"],
    ["/api/v2/alerts/groups?receiver=(", "receiver: missing closing )"],
    [`/api/v2/alerts?${"filter=a%3Db&".repeat(21)}`, "filter: expected at most 20"],
  ])("answers %s with 400 and one JSON string", async (path, message) => {
    const { status, body } = await ask(path);
    expect([status, body]).toEqual([400, expect.stringContaining(message)]);
  });

  test("needs a token that may read", async () => {
    const [none, other] = [await service.ask("GET", "/api/v2/alerts"), await ask("/api/v2/alerts", token.ingest)];
    expect([none.status, none.body]).toEqual([401, "a bearer token is needed"]);
    expect([other.status, other.body]).toEqual([403, 'the token lacks the role "read"']);
  });
});

/** Target, labels and alerts of each group. */
const groups = async (query = "") =>
  (await ask(`/api/v2/alerts/groups${query}`)).body.map((group: any) => [
    group.receiver.name,
    group.labels,
    group.alerts.map(({ fingerprint }: { fingerprint: string }) => fingerprint),
  ]);

describe("the list of groups", () => {
  test("has a group for each target and each set of values of its group_by", async () => {
    expect(await groups("?filter=alertname%3DDiskFull")).toEqual([
      ["pager", { alertname: "DiskFull", instance: "b", severity: "critical" }, ["00"]],
      ["chat", { alertname: "DiskFull" }, ["00", "01"]],
    ]);
  });

  test("has the groups of the receivers that are asked for, with all receivers of each alert", async () => {
    expect(await groups("?receiver=chat&silenced=false&inhibited=false")).toEqual([
      ["chat", { alertname: "DiskFull" }, ["00", "01"]],
      ["chat", { alertname: "Hostile" }, ["02"]],
    ]);
    const { body } = await ask("/api/v2/alerts/groups?receiver=chat&filter=instance%3Db");
    expect(body[0].alerts).toEqual(await list("?filter=instance%3Db").then((all: any[]) => all));
  });
});

test("status and silences answer, and show no secret", async () => {
  const { body } = await ask("/api/v2/status");
  expect(body).toEqual({
    cluster: { status: "disabled", peers: [] },
    config: { original: expect.stringMatching(/^#/) },
    uptime: time,
    versionInfo: { version: expect.any(String), revision: "", branch: "", buildUser: "", buildDate: "", goVersion: "" },
  });
  expect((await ask("/api/v2/silences")).body).toEqual([]);
  const one = await ask("/api/v2/silence/7d8eb77e-00f9-4e0e-9f20-047695569296");
  expect([one.status, one.body]).toEqual([404, "no such silence"]);
});

describe.runIf(hasTool(amtoolBinary, "prometheus-alertmanager"))("Debian's amtool, below the base path", () => {
  const http = `authorization: { type: Bearer, credentials: ${token.read} }`;
  const amtool = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await runAmtool(url, ["--no-version-check", ...args], http);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return stdout;
  };
  const query = async (...args: readonly string[]): Promise<string[]> =>
    JSON.parse(await amtool("alert", "query", "-o", "json", ...args)).map(
      ({ fingerprint }: { fingerprint: string }) => fingerprint,
    );

  test.each<[string[], string[]]>([
    [[], ["00", "01", "02"]],
    [["DiskFull"], ["00", "01"]],
    [["DiskFull", "instance=a"], ["01"]],
    [["alertname=~Disk.*|Over"], ["00", "01"]],
    [["alertname!=DiskFull"], ["02"]],
    [["--receiver=pag.*"], ["00", "02"]],
    [["--silenced"], ["silenced"]],
    [
      ["--active", "--silenced", "severity=critical"],
      ["00", "02", "silenced"],
    ],
    [["--unprocessed"], []],
  ])("alert query %j", async (args, expected) => {
    expect((await query(...args)).toSorted()).toEqual(expected);
  });

  test("prints every character of labels and annotations", async () => {
    const [alert] = JSON.parse(await amtool("alert", "query", "-o", "json", "Hostile"));
    expect([alert.labels.text, alert.labels["label.with dots"], alert.annotations.summary]).toEqual([
      hostile,
      "é",
      hostile,
    ]);
    const extended = await amtool("alert", "query", "-o", "extended", "DiskFull", "instance=b");
    expect(extended).toContain('alertname="DiskFull" instance="b" severity="critical"');
    expect(extended).toContain("2026-11-23 10:00:00 UTC");
    expect(extended).toContain("http://prometheus.example/graph?a=1&b=2");
  });

  test("shows the status, and no silences", async () => {
    expect(await amtool("config", "show")).toContain("# Tocsin answers like an Alertmanager");
    expect(await amtool("cluster", "show")).toContain("disabled");
    expect((await amtool("silence", "query")).trim().split("\n")).toHaveLength(1);
    expect(JSON.parse(await amtool("silence", "query", "-o", "json", "alertname=x"))).toEqual([]);
  });

  test.each([
    ["no settings", undefined],
    ["basic authentication", `basic_auth: { username: me, password: ${token.read} }`],
    ["a token that may only send", `authorization: { credentials: ${token.ingest} }`],
  ])("fails with %s", async (_, settings) => {
    const { code, stdout, stderr } = await runAmtool(url, ["--no-version-check", "alert", "query"], settings);
    expect([code, stdout, stderr]).toEqual([1, "", expect.stringMatching(/error/)]);
  });

  test("cannot add a silence", async () => {
    const args = ["--no-version-check", "silence", "add", "alertname=x", "--comment=x", "--author=x"];
    expect(await runAmtool(url, args, http)).toMatchObject({ code: 1, stderr: expect.stringContaining("405") });
  });
});
