import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { postedAlert, webhookAlert } from "../support/alerts.ts";
import { PagerDuty } from "../support/pagerduty.ts";
import { Service } from "../support/tocsin.ts";
import { waitUntil } from "../support/wait-until.ts";

const webhook = "/api/v1/webhook/alertmanager";
const posted = "/api/v2/alerts";
const yearMs = 365 * 24 * 3_600_000;

let pagerduty: PagerDuty;
let tocsin: Service;

beforeAll(async () => {
  pagerduty = await PagerDuty.open();
  tocsin = await Service.start({ config: { targets: [pagerduty.target()] } });
});

afterAll(async () => {
  await tocsin[Symbol.asyncDispose]();
  await pagerduty[Symbol.asyncDispose]();
});

/** A number for each test, so that they do not meet in one incident. */
let nth = 0;
beforeEach(() => {
  nth++;
});

/** A firing alert that nothing is wrong with but what is put in its place. */
const alert = (more: object = {}, name = `garbage-${nth}`) => ({ ...webhookAlert(name, "firing"), ...more });

const send = (alerts: unknown) => tocsin.ask("POST", webhook, { version: "4", alerts });

/** The incident that PagerDuty shows for the alert of this test, once it was delivered. */
const told = (name = `garbage-${nth}`) => waitUntil(`${name} is delivered`, () => pagerduty.incidents(name)[0]);

describe("bodies that are not alerts", () => {
  const bodies: readonly (readonly [string, string | Uint8Array<ArrayBuffer>])[] = [
    ["nothing", ""],
    ["bad JSON", '{"alerts": ['],
    ["text", "the disk is full"],
    ["NUL", "\0\0\0"],
    ["bytes that are no UTF-8", new Uint8Array([0xff, 0xfe, 0x80, 0x00])],
    ["null", "null"],
    ["a number", "7"],
    ["a string", '"alerts"'],
    ["an object without alerts", "{}"],
    ["alerts that are no list", '{"alerts": {"0": {}}}'],
    ["alerts that are null", '{"alerts": null}'],
    ["some nesting, unfinished", '{"alerts":'.repeat(20)],
  ];
  test.for(bodies)("%s: 400 that names the expected format, on both paths", async ([, body]) => {
    const answer = await tocsin.ask("POST", webhook, body);
    expect(answer.status).toBe(400);
    expect(answer.body.error).toMatchObject({ code: expect.any(String), message: expect.any(String) });
    expect(answer.body.error.issues.length).toBeGreaterThanOrEqual(1);
    const other = await tocsin.ask("POST", posted, body);
    // Alertmanager reads null as an empty list.
    const refused = [400, expect.stringContaining("expected ")];
    expect([other.status, other.body]).toEqual(body === "null" ? [200, undefined] : refused);
  });

  test.for([
    ["deep nesting", "[".repeat(100_000) + "]".repeat(100_000)],
    ["deep nesting, unfinished", '{"alerts":'.repeat(100_000)],
    ["600,000 objects", `{"alerts":[${"{},".repeat(600_000)}{}]}`],
    ["6,000,000 values", `{"alerts":[${"1,".repeat(6_000_000)}1]}`],
  ] as const)("%s: 413", async ([, body]) => {
    for (const path of [webhook, posted]) expect((await tocsin.ask("POST", path, body)).status).toBe(413);
  });

  test("21 MiB: 413, with and without a Content-Length", async () => {
    const body = new Uint8Array(21 * 1024 * 1024).fill(0x20);
    const answer = await tocsin.ask("POST", webhook, body);
    expect([answer.status, answer.body.error.code]).toEqual([413, "body_too_large"]);
    const other = await tocsin.ask("POST", posted, body);
    expect([other.status, other.body]).toEqual([413, "the request body is too large"]);
    const response = await fetch(`${tocsin.url}${webhook}`, {
      method: "POST",
      body: new Blob([body]).stream(),
      duplex: "half",
    });
    expect(response.status).toBe(413);
    await response.body?.cancel();
  });

  test("an empty list is no mistake: nothing to record", async () => {
    const answer = await send([]);
    expect([answer.status, answer.body]).toEqual([200, { accepted: 0, duplicates: 0, rejected: 0, skewed: 0 }]);
    expect((await tocsin.ask("POST", posted, [])).status).toBe(200);
  });
});

describe("alerts of wrong types are rejected with their path, and valid ones beside them are recorded", () => {
  const wrong: readonly (readonly [string, object, string])[] = [
    ["a status that is none", { status: "on fire" }, "status"],
    ["no status", { status: undefined }, "status"],
    ["labels as a list", { labels: ["severity"] }, "labels"],
    ["a label that is a number", { labels: { severity: 1 } }, "labels.severity"],
    ["an annotation that is an object", { annotations: { summary: {} } }, "annotations.summary"],
    ["a time that is a number", { startsAt: 1_700_000_000 }, "startsAt"],
    ["a word in place of a time", { startsAt: "yesterday" }, "startsAt"],
    ["the 30th of February", { startsAt: "2026-02-30T00:00:00Z" }, "startsAt"],
    ["25 o'clock", { startsAt: "2026-01-01T25:00:00Z" }, "startsAt"],
    ["a day without a time", { startsAt: "2026-01-01" }, "startsAt"],
    ["a fingerprint that is a number", { fingerprint: 7 }, "fingerprint"],
    ["a generatorURL that is a list", { generatorURL: [] }, "generatorURL"],
  ];
  test.for(wrong)("%s", async ([, more, path]) => {
    const answer = await send([alert(more), alert()]);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ accepted: 1, duplicates: 0, rejected: 1 });
    expect(answer.body.issues.map((issue: { path: string }) => issue.path)).toEqual([`alerts[0].${path}`]);
    await told();
  });

  test.for([
    ["null", null],
    ["a number", 7],
    ["a string", "an alert"],
    ["a list", []],
    ["true", true],
  ] as const)("%s in the place of an alert", async ([, input]) => {
    const answer = await send([input, alert()]);
    expect(answer.body).toMatchObject({ accepted: 1, rejected: 1 });
    await told();
  });

  test("not one valid: 400, with every issue", async () => {
    const answer = await send([alert({ status: "?" }), alert({ startsAt: "?", labels: 1 })]);
    expect(answer.status).toBe(400);
    expect(answer.body.error.issues.map((issue: { path: string }) => issue.path).toSorted()).toEqual([
      "alerts[0].status",
      "alerts[1].labels",
      "alerts[1].startsAt",
    ]);
  });

  test("posted ones: 400 after the valid ones were stored; no labels, an end before its start", async () => {
    const now = Date.now();
    const valid = postedAlert(`posted-${nth}`, { startsAtMs: now, endsAtMs: now + 60_000 });
    const backwards = { ...valid, endsAt: new Date(now - 1_000).toISOString() };
    const answer = await tocsin.ask("POST", posted, [
      { ...valid, labels: {} },
      { ...valid, labels: { a: "" } },
      backwards,
      valid,
    ]);
    expect(answer.status).toBe(400);
    for (const path of ["alerts[0].labels: ", "alerts[1].labels: ", "alerts[2].endsAt: "])
      expect(answer.body).toContain(path);
    await waitUntil("the valid one is delivered", () =>
      pagerduty.incidents().some(({ summary }) => summary === `The disk of posted-${nth} is full`),
    );
  });
});

describe("strange but valid alerts are sent, and PagerDuty accepts them", () => {
  test("a summary of 10,000 characters is cut to 1,024", async () => {
    await send([alert({ annotations: { summary: "🔥".repeat(5_000) + "x".repeat(5_000) } })]);
    const { summary } = await told();
    expect(Array.from(summary).length).toBe(1_024);
    expect(summary).toMatch(/^🔥+…?$/u);
  });

  test("emoji, right-to-left text and combining marks stay as they are", async () => {
    const summary = "🧑‍🚒 דיסק מלא — diske\u0301 plein";
    await send([alert({ annotations: { summary } })]);
    expect((await told()).summary).toBe(summary);
  });

  test("lone surrogates become replacement characters", async () => {
    const text = JSON.stringify({ alerts: [alert({ annotations: { summary: "half \ud83d of it" } })] });
    expect(text).toContain("\\ud83d");
    expect((await tocsin.ask("POST", webhook, text)).body).toMatchObject({ accepted: 1 });
    expect((await told()).summary).toBe("half \ufffd of it");
  });

  const hostile = "\0\u0001\u0007\u001b[31m\u007f\u0085\u2028\u202e\ufeff\uffff";
  test("control characters and NUL in every place", async () => {
    const name = `garbage-${nth}${hostile}`;
    const answer = await send([
      {
        ...alert(),
        labels: { alertname: hostile, [`label${hostile}`]: hostile, instance: hostile, severity: "critical" },
        annotations: { summary: `Full${hostile}`, [hostile]: hostile },
        fingerprint: name,
        generatorURL: `https://example.com/${hostile}`,
      },
    ]);
    expect(answer.body).toMatchObject({ accepted: 1, rejected: 0 });
    const incident = await waitUntil("it is delivered", () =>
      pagerduty.incidents().find(({ dedup_key: key }) => key.startsWith(`garbage-${nth}`)),
    );
    expect(incident.summary).toContain("Full");
    await send([{ ...alert({ status: "resolved" }), fingerprint: name }]);
    await waitUntil("it is resolved", () => pagerduty.incidents(incident.dedup_key)[0]?.status === "resolved");
  });

  test("only blanks, and nothing at all", async () => {
    await send([alert({ annotations: { summary: " \t\n " }, labels: { severity: " ", instance: " " } })]);
    expect((await told()).summary.trim()).not.toBe("");
    const bare = `bare-${nth}`;
    expect((await send([{ status: "firing", fingerprint: bare }])).body).toMatchObject({ accepted: 1 });
    expect((await told(bare)).summary.trim()).not.toBe("");
  });

  test("no labels and no fingerprint: rejected, because it has no identity", async () => {
    const answer = await send([{ status: "firing", labels: { a: "" } }]);
    expect([answer.status, answer.body.error.issues[0].path]).toEqual([400, "alerts[0].labels"]);
  });

  test("empty labels and annotations, and null in their place", async () => {
    await send([alert({ labels: { a: "", severity: "warning" }, annotations: null })]);
    expect((await told()).severity).toBe("warning");
  });

  test("1,000 labels, and 1,000 annotations of 1,000 characters: shortened to fit, and the identifying ones stay", async () => {
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`label_${index}`, "v".repeat(1_000)]));
    const answer = await send([alert({ labels: { ...many, alertname: "Many", instance: "db-1" }, annotations: many })]);
    expect(answer.body).toMatchObject({ accepted: 1 });
    const [trigger] = (await told()).events as any[];
    expect(trigger.payload.custom_details.labels).toMatchObject({ alertname: "Many", instance: "db-1" });
    expect(JSON.stringify(trigger.payload).length).toBeLessThan(512_000);
  });

  test("names of JavaScript's own properties", async () => {
    const names = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "valueOf", "then"];
    const map = `{${names.map((name) => `${JSON.stringify(name)}:"own"`).join(",")},"severity":"info"}`;
    const body = `{"alerts":[{"status":"firing","fingerprint":"garbage-${nth}","__proto__":{"status":"resolved"},"labels":${map},"annotations":${map}}]}`;
    expect((await tocsin.ask("POST", webhook, body)).body).toMatchObject({ accepted: 1, rejected: 0 });
    const incident = await told();
    expect([incident.status, incident.severity]).toEqual(["triggered", "info"]);
    const [trigger] = incident.events as any[];
    expect(Object.keys(trigger.payload.custom_details.labels)).toEqual(expect.arrayContaining(names));
    const { body: explained } = await tocsin.get(`/api/v1/explain?fingerprint=garbage-${nth}`);
    expect(explained.targets[0].state).toBe("told");
    for (const name of names) {
      expect((await tocsin.get(`/api/v1/explain?fingerprint=${name}`)).status).toBe(404);
      expect((await tocsin.get(`/api/v1/targets/${name}`)).status).toBe(404);
      expect(
        (await tocsin.ask("POST", `${webhook}?source=${name}`, { alerts: [alert({}, `from-${name}`)] })).status,
      ).toBe(200);
      await told(`from-${name}`);
    }
  });

  test("a fingerprint of 10,000 characters: one incident, opened and resolved", async () => {
    const name = `long-${nth}-${"f".repeat(10_000)}`;
    await send([alert({}, name)]);
    const summary = `The disk of ${name} is full`.slice(0, 100);
    const incident = await waitUntil("it is delivered", () =>
      pagerduty.incidents().find((row) => row.summary.startsWith(summary)),
    );
    expect(incident.dedup_key).toMatch(/^[0-9a-f]{64}$/);
    await send([alert({ status: "resolved" }, name)]);
    await waitUntil("it is resolved", () => pagerduty.incidents(incident.dedup_key)[0]?.status === "resolved");
  });

  test("duplicates in one batch are one incident, and counted", async () => {
    const one = alert();
    const answer = await send([one, one, one]);
    expect(answer.body).toMatchObject({ accepted: 1, duplicates: 2, rejected: 0 });
    await told();
    await tocsin.quiet();
    expect(pagerduty.story(`garbage-${nth}`)).toEqual([["trigger"]]);
  });

  test("a resolve and a firing of one alert in one batch: the order in which they stand", async () => {
    const firing = alert();
    await send([firing, { ...firing, status: "resolved" }]);
    await tocsin.quiet();
    expect(pagerduty.incidents(`garbage-${nth}`).filter(({ status }) => status !== "resolved")).toEqual([]);
  });

  test.for([
    ["a year ahead", yearMs, 1],
    ["a year behind", -yearMs, 0],
  ] as const)("a sender whose clock is %s is heard: told once, and resolved", async ([, skewMs, skewed]) => {
    const startsAt = new Date(Date.now() + skewMs).toISOString();
    const answer = await send([alert({ startsAt })]);
    expect(answer.body).toMatchObject({ accepted: 1, skewed });
    await told();
    await send([alert({ startsAt, status: "resolved", endsAt: new Date(Date.now() + skewMs + 1_000).toISOString() })]);
    await waitUntil("it is resolved", () => pagerduty.incidents(`garbage-${nth}`)[0]?.status === "resolved");
  });

  test("an alert of a sender whose clock is a year ahead is sent, and its end, which lies in our future, is applied", async () => {
    const name = `ahead-${nth}`;
    const startsAtMs = Date.now() + yearMs;
    const post = (endsAtMs: number) => tocsin.ask("POST", posted, [postedAlert(name, { startsAtMs, endsAtMs })]);
    const find = () => pagerduty.incidents().find(({ summary }) => summary.includes(name));
    expect((await post(startsAtMs + 240_000)).status).toBe(200);
    await waitUntil("it is delivered", find);
    expect((await post(startsAtMs + 5_000)).status).toBe(200);
    await waitUntil("it is resolved", () => find()?.status === "resolved");
  });

  test("times at the edge of time", async () => {
    for (const startsAt of [
      "0001-01-01T00:00:00Z",
      "0000-01-01T00:00:00Z",
      "9999-12-31T23:59:59.999999999Z",
      "1970-01-01T00:00:00+23:59",
    ]) {
      const name = `edge-${nth}-${startsAt}`;
      expect([startsAt, (await send([alert({ startsAt }, name)])).body.accepted]).toEqual([startsAt, 1]);
      await told(name);
    }
  });
});

test("wrong requests are answered with the expected format", async () => {
  const asked: readonly (readonly [string, string, number])[] = [
    ["GET", "/api/v1/incidents?state=lost", 400],
    ["GET", "/api/v1/incidents?limit=-1", 400],
    ["GET", "/api/v1/incidents?limit=many", 400],
    ["GET", "/api/v1/incidents?cursor=x", 400],
    ["GET", "/api/v1/incidents/0", 404],
    ["GET", "/api/v1/incidents/99999999999999999999", 404],
    ["GET", "/api/v1/incidents/__proto__", 404],
    ["GET", "/api/v1/incidents/%00", 404],
    ["GET", "/api/v1/incidents/%ff", 404],
    ["POST", "/api/v1/incidents/0/resolve", 404],
    ["GET", "/api/v1/explain", 400],
    ["GET", "/api/v1/explain?fingerprint=%00", 404],
    ["POST", "/api/v1/explain", 400],
    ["GET", "/api/v1/deadletters/x", 404],
    ["POST", "/api/v1/deadletters/0/replay", 404],
    ["DELETE", "/api/v1/deadletters/0", 404],
    ["GET", `/api/v1/targets/${"x".repeat(2_000)}`, 404],
    ["GET", "/api/v1/nothing", 404],
    ["PUT", "/api/v1/incidents", 405],
    ["POST", `${webhook}?source=${"x".repeat(101)}`, 400],
  ];
  for (const [method, path, status] of asked) {
    const answer = await tocsin.ask(method, path);
    expect([method, path, answer.status]).toEqual([method, path, status]);
    expect(answer.body.error).toMatchObject({ code: expect.any(String), message: expect.any(String) });
  }
});

test("after all this the process runs, counted no bug, and PagerDuty refused nothing", async () => {
  await tocsin.quiet();
  expect(tocsin.process.alive).toBe(true);
  expect(tocsin.output).not.toContain('"bug"');
  expect(pagerduty.stand.refused()).toEqual([]);
  expect((await tocsin.get("/api/v1/deadletters")).body).toEqual({ deadletters: [] });
});
