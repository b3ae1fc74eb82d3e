import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startService, type TestService } from "../../service.fixture.ts";

/* Tests every documented endpoint of a whole service, with a delivered incident and a dead letter. */

const token = { ingest: "ingest-token", read: "read-token", operate: "operate-token" };
const bearer = (role: keyof typeof token) => ({ authorization: `Bearer ${token[role]}` });
const basic = (password: string) => ({ authorization: `Basic ${Buffer.from(`any:${password}`).toString("base64")}` });
const unknownKey = "UNKNOWNUNKNOWNUNKNOWNUNKNOWN0000";

let service: TestService;
beforeAll(async () => {
  service = await startService((url) => ({
    server: {
      listen: "127.0.0.1:0",
      auth: {
        tokens: [
          ...Object.entries(token).map(([role, value]) => ({ name: `${role}er`, token: value, roles: [role] })),
          { name: "operator", token: "read-and-operate", roles: ["read", "operate"] },
        ],
      },
    },
    targets: [
      { name: "pager", type: "pagerduty", url, routing_key: "R0UT1NGKEY0123456789abcdefABCDEF" },
      { name: "picky", type: "pagerduty", url, routing_key: unknownKey, filters: { severity: ["info"] } },
      { name: "broken", type: "pagerduty", url, routing_key: "short" },
    ],
  }));
  await ingest("a1", "critical");
  await service.until("a1 is sent", async () => (await list("?fingerprint=a1"))[0]?.state === "told" || undefined);
});
afterAll(() => service[Symbol.asyncDispose]());

const get = (path: string) => service.ask("GET", path, undefined, bearer("read"));
const list = async (query: string) => (await get(`/api/v1/incidents${query}`)).body.incidents;
const alertOf = (fingerprint: string, severity: string) => ({
  status: "firing",
  fingerprint,
  labels: { alertname: "DiskFull", severity },
  annotations: { summary: `${fingerprint} is full` },
  startsAt: "2026-11-23T10:00:00Z",
});
const ingest = (fingerprint: string, severity: string) =>
  service.ask("POST", "/api/v1/webhook/alertmanager", { alerts: [alertOf(fingerprint, severity)] }, bearer("ingest"));

describe("incidents", () => {
  test("are listed in the documented shape", async () => {
    const { status, body } = await get("/api/v1/incidents?state=told&target=pager&fingerprint=a1&limit=10");
    expect([status, body]).toEqual([
      200,
      {
        incidents: [
          {
            id: expect.any(Number),
            target: "pager",
            dedupKey: "a1",
            kind: "alert",
            members: ["a1"],
            labels: { alertname: "DiskFull", severity: "critical" },
            sources: ["ingester"],
            severity: "critical",
            state: "told",
            reason: "delivered",
            wanted: {
              status: "firing",
              acknowledged: false,
              severity: "critical",
              summary: "a1 is full",
              at: expect.stringMatching(/Z$/),
            },
            told: { event: "trigger", certain: true, severity: "critical", at: expect.stringMatching(/Z$/) },
            dueAt: expect.stringMatching(/Z$/),
            dueSince: null,
            attempts: 1,
            lastFailure: null,
            acceptedAt: expect.stringMatching(/Z$/),
            confirmedAt: null,
            sourceConfirmedAt: expect.stringMatching(/Z$/),
            updatedAt: expect.stringMatching(/Z$/),
          },
        ],
      },
    ]);
  });

  test("come in pages", async () => {
    for (const name of ["p1", "p2", "p3"]) await ingest(name, "warning");
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const { body } = await get(`/api/v1/incidents?limit=1${cursor === undefined ? "" : `&cursor=${cursor}`}`);
      expect(body.incidents.length).toBeLessThanOrEqual(1);
      seen.push(...body.incidents.map(({ dedupKey }: { dedupKey: string }) => dedupKey));
      cursor = body.nextCursor;
    } while (cursor !== undefined);
    expect(seen.toSorted()).toEqual(["a1", "p1", "p2", "p3"]);
  });

  test.each([
    ["q=A1%20is", ["a1"]],
    ["matcher=alertname%3DDiskFull&matcher=severity%3D~%22crit.*%22", ["a1"]],
    ["severity=critical&source=ingester&kind=alert&reason=delivered&since=2026-01-01T00:00:00Z", ["a1"]],
    ["q=a1&since=2999-01-01T00:00:00Z", []],
    ["q=a1&reason=waiting_limit", []],
    ["kind=change", []],
  ])("are found by ?%s", async (query, keys) => {
    const { body } = await get(`/api/v1/incidents?fingerprint=a1&${query}`);
    expect(body.incidents.map(({ dedupKey }: { dedupKey: string }) => dedupKey)).toEqual(keys);
    expect(body.searched).toEqual({ looked: expect.any(Number), stopped: false });
  });

  test("are counted by target, state and reason", async () => {
    const { status, body } = await get("/api/v1/incidents/summary");
    expect([status, body]).toEqual([
      200,
      {
        at: expect.stringMatching(/Z$/),
        rows: expect.arrayContaining([{ target: "pager", state: "told", reason: null, count: expect.any(Number) }]),
        oldestDue: expect.any(Array),
        alerts: { firing: expect.any(Number), resolved: expect.any(Number) },
        deadLetters: expect.any(Array),
        rates: { process: expect.any(String), received: expect.any(Number), sent: expect.any(Number) },
      },
    ]);
    expect(body.rates.received).toBeGreaterThan(0);
    expect(body.rates.sent).toBeGreaterThan(0);
  });

  test.each([
    ["reason=lost", "reason"],
    ["kind=event", "kind"],
    ["severity=high", "severity"],
    ["since=yesterday", "since"],
    ["matcher=%7B", "matcher"],
    [`q=${"x".repeat(1_001)}`, "q"],
    ["state=open", "state"],
    ["limit=0", "limit"],
    ["limit=1001", "limit"],
    ["limit=ten", "limit"],
    ["cursor=first", "cursor"],
    ["cursor=1%20OR%201", "cursor"],
  ])("are not listed for ?%s", async (query, path) => {
    const { status, body } = await get(`/api/v1/incidents?${query}`);
    expect([status, body.error.code, body.error.issues[0].path]).toEqual([400, "invalid_request", path]);
  });

  test("are shown individually, with their history", async () => {
    const [{ id }] = await list("?fingerprint=a1");
    const { status, body } = await get(`/api/v1/incidents/${id}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ id, dedupKey: "a1", state: "told" });
    expect(body.history.map(({ what }: { what: string }) => what)).toContain("trigger");
    expect(body.timeline).toEqual(
      expect.arrayContaining([
        { at: body.acceptedAt, what: "received", sources: ["ingester"] },
        { at: body.acceptedAt, what: "routed", target: "pager", severity: "critical", summary: "a1 is full" },
        {
          at: expect.stringMatching(/Z$/),
          what: "attempt",
          action: "trigger",
          outcome: "accepted",
          status: 202,
          startedAt: expect.stringMatching(/Z$/),
          durationMs: expect.any(Number),
        },
      ]),
    );
  });

  test("are acknowledged and resolved by operators, and the target receives it", async () => {
    await ingest("manual", "critical");
    const { id } = await service.until("it is sent", async () => (await list("?fingerprint=manual&state=told"))[0]);
    const status = () => service.simulator.incidents().find(({ dedup_key }) => dedup_key === "manual")?.status;
    for (const action of ["acknowledge", "resolve"]) {
      const answer = await service.ask("POST", `/api/v1/incidents/${id}/${action}`, undefined, bearer("operate"));
      expect([answer.status, answer.body]).toEqual([202, { id }]);
      await service.until(`it is ${action}d there`, () => status() === `${action}d` || undefined);
    }
    const { body } = await get(`/api/v1/incidents/${id}`);
    expect(body.history.map(({ what }: { what: string }) => what).join("; ")).toContain("acknowledged by operateer");
    const again = await service.ask("POST", `/api/v1/incidents/${id}/resolve`, undefined, bearer("operate"));
    expect([again.status, again.body.error.code]).toEqual([404, "not_found"]);
  });
});

describe("explain", () => {
  test("says for a received alert why each target received it or did not", async () => {
    const { status, body } = await get("/api/v1/explain?fingerprint=a1");
    expect(status).toBe(200);
    expect(body).toMatchObject({
      fingerprint: "a1",
      status: "firing",
      claims: [{ source: "ingester", status: "firing" }],
    });
    expect(body.targets).toMatchObject([
      { target: "pager", state: "told", reason: "delivered", wouldTell: true, event: { event_action: "trigger" } },
      {
        target: "picky",
        state: "not_told",
        reason: "filtered",
        wouldTell: false,
        detail: expect.stringContaining("severity"),
      },
      {
        target: "broken",
        state: "not_told",
        reason: "target_invalid",
        wouldTell: false,
        detail: expect.stringContaining("targets[2].routing_key"),
      },
    ]);
    expect(body.targets[0].history[0]).toMatchObject({ at: expect.stringMatching(/Z$/), what: expect.any(String) });
  });

  test("says for any alert what would happen, and sends nothing", async () => {
    const before = service.simulator.requests().length;
    const alert = { labels: { alertname: "Imagined", severity: "info" }, annotations: { summary: "imagined" } };
    const { status, body } = await service.ask("POST", "/api/v1/explain", alert, bearer("read"));
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: "firing", fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/) });
    expect(body.targets.map(({ target, reason, wouldTell }: any) => [target, reason, wouldTell])).toEqual([
      ["pager", "would_tell", true],
      ["picky", "would_tell", true],
      ["broken", "target_invalid", false],
    ]);
    expect(body.targets[0].event.payload).toMatchObject({ summary: "imagined", severity: "info" });
    expect(JSON.stringify(body)).not.toContain("R0UT1NGKEY");
    expect(service.simulator.requests()).toHaveLength(before);
    expect((await get(`/api/v1/explain?fingerprint=${body.fingerprint}`)).status).toBe(404);
  });

  test.each([
    [5, ""],
    [{ labels: { a: 1 } }, "labels.a"],
    [{}, "labels"],
    [{ labels: { a: "b" }, status: "maybe" }, "status"],
    [[], ""],
  ])("refuses %j with the path", async (alert, path) => {
    const { status, body } = await service.ask("POST", "/api/v1/explain", alert, bearer("read"));
    expect([status, body.error.issues[0].path]).toEqual([400, path]);
  });

  test.each([
    ["", "fingerprint", "expected a fingerprint, or a matcher"],
    ["?fingerprint=a1&matcher=a%3Db", "matcher", "not both"],
    ["?matcher=%7B%7D", "matcher", "expected a matcher such as"],
    ["?matcher=a%3D~%22(%22", "matcher", "missing closing"],
    ["?matcher=a%3Db&cursor=x", "cursor", "nextCursor"],
    ["?matcher=a%3Db&limit=0", "limit", "whole number"],
    [`?${"matcher=a%3Db&".repeat(21)}`, "matcher", "at most 20"],
  ])("refuses %j with the path", async (query, path, message) => {
    const { status, body } = await get(`/api/v1/explain${query}`);
    expect([status, body.error.issues]).toEqual([400, [{ path, message: expect.stringContaining(message) }]]);
  });

  test("tries an edited target for operators, without its secrets and without a trace", async () => {
    const alert = { labels: { alertname: "WhatIf", severity: "warning" } };
    const target = {
      name: "pager",
      type: "pagerduty",
      routing_key: { file: "/does/not/exist" },
      filters: { min_severity: "critical" },
    };
    const operator = { authorization: "Bearer read-and-operate" };
    const ask = (body: unknown, who: Record<string, string> = operator) =>
      service.ask("POST", "/api/v1/explain", body, who);
    expect((await ask({ alert, target }, bearer("read"))).body.error.message).toContain('role "operate"');
    expect((await ask({ alert, target })).body.targets).toEqual([
      {
        target: "pager",
        state: "not_told",
        reason: "filtered",
        rule: "filters.min_severity",
        detail: "severity is below critical (min_severity)",
        wouldTell: false,
      },
    ]);
    const wider = await ask({
      alert,
      target: { ...target, filters: {}, template: { summary: "{{ labels.alertname }}!" } },
    });
    expect(wider.body.targets).toMatchObject([
      { target: "pager", reason: "would_tell", wouldTell: true, event: { payload: { summary: "WhatIf!" } } },
    ]);
    const wrong = await ask({ alert, target: { ...target, filters: { severity: "loud" } } });
    expect([wrong.status, wrong.body.error.issues[0].path]).toEqual([400, "target.filters.severity[0]"]);
    expect((await get("/api/v1/targets/pager")).body).toMatchObject({ state: "ready", errors: [] });
  });

  test("finds alerts by matchers, all of which must match, and explains each like a single one", async () => {
    const query = new URLSearchParams([
      ["matcher", 'alertname=~"Disk.*"'],
      ["matcher", "{severity!=warning,missing=}"],
    ]);
    const { status, body } = await get(`/api/v1/explain?${query.toString()}`);
    expect([status, body.nextCursor]).toEqual([200, undefined]);
    const found: string[] = body.alerts.map(({ fingerprint }: { fingerprint: string }) => fingerprint);
    expect(found).toContain("a1");
    const alone = (await get("/api/v1/explain?fingerprint=a1")).body;
    expect(body.alerts[found.indexOf("a1")]).toEqual(alone);
    expect((await get("/api/v1/explain?matcher=alertname%3Dnone")).body).toEqual({ alerts: [] });
  });
});

test("lists targets, the broken one with the path of its mistake, without any key", async () => {
  const { status, body, text } = await get("/api/v1/targets");
  expect(status).toBe(200);
  expect(body.targets.map(({ name, state, source }: any) => [name, state, source])).toEqual([
    ["pager", "ready", "config"],
    ["picky", "ready", "config"],
    ["broken", "invalid", "config"],
  ]);
  expect(body.targets[0]).toMatchObject({
    type: "pagerduty",
    format: "pagerduty",
    enabled: true,
    mode: "live",
    origin: service.simulatorUrl,
    errors: [],
    limiter: { limit: 120, used: expect.any(Number), pausedUntil: null },
    breaker: { state: "closed", until: null },
  });
  expect(body.targets[2]).toMatchObject({ inForce: "nothing", errors: [{ path: "targets[2].routing_key" }] });
  expect(text).not.toMatch(/R0UT1NGKEY|UNKNOWNUNKNOWN/);
  expect((await get("/api/v1/targets/picky")).body.name).toBe("picky");
  expect((await get("/api/v1/targets/unknown")).status).toBe(404);
  const refreshed = await service.ask("POST", "/api/v1/targets/refresh", undefined, bearer("operate"));
  expect([refreshed.status, refreshed.body.targets.length]).toEqual([200, 3]);
});

test("lists, shows, replays and drops dead letters", async () => {
  service.simulator.setFaults([{ kind: "answer", status: 413 }]);
  await ingest("dies", "critical");
  const [letter] = await service.until("it is a dead letter", async () => {
    const { deadletters } = (await get("/api/v1/deadletters")).body;
    return deadletters.length > 0 ? deadletters : undefined;
  });
  expect(letter).toEqual({
    id: expect.any(Number),
    incident: expect.any(Number),
    target: "pager",
    dedupKey: "dies",
    action: "trigger",
    reason: "dead_invalid",
    answer: expect.stringContaining("413"),
    at: expect.stringMatching(/Z$/),
    replayedAt: null,
  });
  const lines = service.logs.filter((line) => line.includes('"event":"dead_letter"'));
  expect(lines).toEqual([expect.stringMatching(/"level":"error".*"dedupKey":"dies"/)]);
  const shown = await get(`/api/v1/deadletters/${letter.id}`);
  expect(shown.body.rendered).toMatchObject({ event_action: "trigger", dedup_key: "dies" });
  expect(shown.text).not.toContain("R0UT1NGKEY");

  service.simulator.setFaults([]);
  const replay = () => service.ask("POST", `/api/v1/deadletters/${letter.id}/replay`, undefined, bearer("operate"));
  expect((await replay()).status).toBe(202);
  await service.until("it is sent", async () => (await list("?fingerprint=dies&state=told"))[0]);
  const again = await replay();
  expect([again.status, again.body.error.code]).toEqual([409, "already_replayed"]);

  const drop = () => service.ask("DELETE", `/api/v1/deadletters/${letter.id}`, undefined, bearer("operate"));
  const dropped = await drop();
  expect([dropped.status, dropped.text]).toEqual([204, ""]);
  expect((await drop()).status).toBe(404);
  expect((await get("/api/v1/deadletters")).body).toEqual({ deadletters: [] });
});

test("replays all dead letters that match, each once, after a dry run", async () => {
  service.simulator.setFaults([{ kind: "answer", status: 413 }]);
  for (const name of ["all1", "all2", "all3"]) await ingest(name, name === "all3" ? "warning" : "critical");
  await service.until("they are dead letters", async () => {
    const { deadletters } = (await get("/api/v1/deadletters?target=pager&replayed=false")).body;
    return deadletters.length === 3 || undefined;
  });
  expect((await get("/api/v1/deadletters?target=picky")).body).toEqual({ deadletters: [] });
  service.simulator.setFaults([]);
  const replay = async (body: unknown, role: "read" | "operate" = "operate") =>
    service.ask("POST", "/api/v1/deadletters/replay", body, { ...bearer(role), "content-type": "application/json" });
  const some = { target: "pager", reason: "dead_invalid", matcher: "severity=critical" };
  expect((await replay(some, "read")).status).toBe(403);
  expect((await replay({ ...some, dryRun: true })).body).toEqual({
    matching: 2,
    replayable: 2,
    replayed: 0,
    refused: [],
  });
  // Two requests at once, as of two replicas.
  const both = await Promise.all([replay(some), replay(some)]);
  expect(both.reduce((sum, { body }) => sum + body.replayed, 0)).toBe(2);
  for (const name of ["all1", "all2"])
    await service.until("it is sent", async () => (await list(`?fingerprint=${name}&state=told`))[0]);
  expect((await list("?fingerprint=all3"))[0].state).toBe("dead");
  const wrong = await replay({ targets: "pager", before: "yesterday", matcher: "{" });
  expect([wrong.status, wrong.body.error.issues.map(({ path }: { path: string }) => path).toSorted()]).toEqual([
    400,
    ["before", "matcher[0]", "targets"],
  ]);
  expect((await replay({})).body).toMatchObject({ matching: 1, replayed: 1 });
  await service.until("it is sent", async () => (await list("?fingerprint=all3&state=told"))[0]);
});

test("stats match an independent count", async () => {
  const { status, body } = await get("/api/v1/stats");
  expect(status).toBe(200);
  const incidents = await list("?limit=1000");
  for (const { target, state, count } of body.incidents) {
    expect([target, state, count]).toEqual([
      target,
      state,
      incidents.filter((one: any) => one.target === target && one.state === state).length,
    ]);
  }
  const counted = body.incidents.reduce((sum: number, { count }: { count: number }) => sum + count, 0);
  expect(counted).toBe(incidents.length);
  expect(body.alerts.firing + body.alerts.resolved).toBe(new Set(incidents.flatMap((one: any) => one.members)).size);
});

test.each([
  ["GET", "/api/v1/incidents/99999"],
  ["GET", "/api/v1/incidents/abc"],
  ["POST", "/api/v1/incidents/99999/acknowledge"],
  ["POST", "/api/v1/incidents/99999999999999999999/resolve"],
  ["GET", "/api/v1/deadletters/99999"],
  ["DELETE", "/api/v1/deadletters/-1"],
  ["POST", "/api/v1/deadletters/99999/replay"],
  ["GET", "/api/v1/explain?fingerprint=unknown"],
  ["GET", "/nowhere"],
  ["GET", "/api/v1/incident"],
  ["POST", "/api/v1/webhook"],
])("%s %s responds 404 with the usual error body", async (method, path) => {
  const { status, body } = await service.ask(method, path, undefined, bearer(method === "GET" ? "read" : "operate"));
  expect([status, body]).toEqual([404, { error: { code: "not_found", message: expect.any(String), issues: [] } }]);
});

/** The endpoints as the front page lists them. */
async function endpoints() {
  const { text } = await service.ask("GET", "/");
  const lines = text.matchAll(/^(GET|POST|PUT|DELETE) +(\/\S*) .*?(?:\((ingest|read|operate)\))?$/gm);
  return Array.from(lines, ([, method, path, role]) => ({
    method: method!,
    // A token may report only the source that has its name.
    path: path!.replace("heartbeats/:name", "heartbeats/ingester").replaceAll(/:\w+/g, "0"),
    pattern: new RegExp(`^${path!.replaceAll(/:\w+/g, "[^/]+")}$`),
    role,
  }));
}

async function statusOf({ method, path }: { method: string; path: string }, headers: Record<string, string>) {
  const { host, port } = service.tocsin.address;
  const { status, body } = await fetch(`http://${host}:${port}${path}`, { method, headers });
  // The stream would never end.
  await body?.cancel();
  return status === 401 || status === 403 || status === 500 ? status : "let in";
}

async function askedFor(method: string, path: string, headers: Record<string, string>) {
  const { host, port } = service.tocsin.address;
  const answer = await fetch(`http://${host}:${port}${path}`, { method, headers });
  await answer.body?.cancel();
  return { status: answer.status, allow: answer.headers.get("allow") };
}

describe("paths and methods", () => {
  const any = bearer("operate");

  test("may have an extra slash for every endpoint", async () => {
    for (const { method, path, role } of await endpoints()) {
      const headers = bearer((role ?? "read") as keyof typeof token);
      const { status } = await askedFor(method, path, headers);
      for (const other of [`${path}/`, `/${path}`, `${path}//`, path.replaceAll("/", "//"), `${path}/?source=x`]) {
        expect({ method, other, status: (await askedFor(method, other, headers)).status }).toEqual({
          method,
          other,
          status,
        });
      }
    }
  });

  test("that do not match get 405 with the allowed methods, if the client is authenticated", async () => {
    const all = await endpoints();
    for (const path of new Set(all.map((endpoint) => endpoint.path))) {
      const here = all.filter(({ pattern }) => pattern.test(path));
      const allowed = [...new Set(here.flatMap(({ method }) => (method === "GET" ? ["GET", "HEAD"] : [method])))];
      const open = here.some(({ role }) => role === undefined);
      for (const method of ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
        if (allowed.includes(method)) continue;
        const allow = allowed.join(", ");
        for (const spelled of [path, `${path}/`]) {
          expect({ method, path, ...(await askedFor(method, spelled, any)) }).toEqual({
            method,
            path,
            status: 405,
            allow,
          });
        }
        const stranger = open ? { status: 405, allow } : { status: 401, allow: null };
        expect({ method, path, ...(await askedFor(method, path, {})) }).toEqual({ method, path, ...stranger });
      }
    }
  });
});

describe("authorization", () => {
  test("requires the role that the front page names for each endpoint", async () => {
    const all = await endpoints();
    expect(all.length).toBeGreaterThan(30);
    // A reload with an invalid target responds 500, which here would mean a bug.
    const { targets, ...rest } = service.next as { targets: readonly { name: string }[] };
    service.next = { ...rest, targets: targets.filter(({ name }) => name !== "broken") };
    for (const endpoint of all) {
      const { role, path } = endpoint;
      // The secret of the source or the callback decides there, and no token.
      const open = /^\/api\/v1\/(?:changes\/from|callbacks)\//.test(path) ? 401 : "let in";
      const outsider = role === undefined ? open : 401;
      const holder = (other: string) => (role === undefined ? open : role === other ? "let in" : 403);
      expect({
        ...endpoint,
        anonymous: await statusOf(endpoint, {}),
        stranger: await statusOf(endpoint, { authorization: "Bearer wrong" }),
        ingest: await statusOf(endpoint, bearer("ingest")),
        read: await statusOf(endpoint, bearer("read")),
        operate: await statusOf(endpoint, bearer("operate")),
      }).toEqual({
        ...endpoint,
        anonymous: outsider,
        stranger: outsider,
        ingest: holder("ingest"),
        read: holder("read"),
        operate: holder("operate"),
      });
    }
  });

  test("takes a token as the password of basic authentication for sending alerts only", async () => {
    for (const path of ["/api/v1/webhook/alertmanager", "/api/v2/alerts"]) {
      // The body has no alert, so an authenticated request is answered with another error than 401.
      expect((await service.ask("POST", path, "{}", basic(token.ingest))).status).toBe(400);
      expect((await service.ask("POST", path, "{}", basic("wrong"))).status).toBe(401);
    }
    const { status, body } = await service.ask("GET", "/api/v1/incidents", undefined, basic(token.read));
    expect([status, body.error.message]).toEqual([
      401,
      "a bearer token is needed; basic authentication is accepted only for sending alerts",
    ]);
  });

  test("happens before a body is read", async () => {
    const { status, headers, body } = await service.ask("POST", "/api/v2/alerts", "not JSON");
    expect([status, headers.get("www-authenticate"), body]).toEqual([
      401,
      'Bearer realm="tocsin"',
      "a bearer token is needed, or basic authentication with a token as the password",
    ]);
  });
});

test("probes report the state, also for HEAD", async () => {
  for (const path of ["/healthz", "/-/healthy"])
    expect((await service.ask("GET", path)).body).toEqual({ status: "ok" });
  for (const path of ["/readyz", "/-/ready"])
    expect((await service.ask("GET", path)).body).toMatchObject({ status: "ready" });
  expect((await service.ask("HEAD", "/-/ready")).status).toBe(200);
});
