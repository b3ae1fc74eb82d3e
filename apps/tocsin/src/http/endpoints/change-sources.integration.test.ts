import { execFileSync } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { startService, type TestService } from "../../service.fixture.ts";

const secret = "It's a Secret to Everybody";
const signingToken = `whsec_${randomBytes(24).toString("base64")}`;
const from = (name: string) => `/api/v1/changes/from/${name}`;

const sources = [
  { name: "github", type: "github", secrets: [secret] },
  { name: "gitlab", type: "gitlab", secrets: [signingToken, "plain-token"] },
  { name: "argocd", type: "argocd", secrets: ["argocd-token"] },
  { name: "flux", type: "flux", secrets: [secret] },
  { name: "generic", type: "generic", secrets: ["generic-token"], template: { summary: "{{ body.summary }}" } },
];

let service: TestService;
beforeAll(async () => {
  service = await startService((url) => ({
    // A key that begins with R takes no changes.
    targets: [{ name: "pager", type: "pagerduty", url, routing_key: "c0ffee0123456789abcdefABCDEF0123" }],
    server: {
      listen: "127.0.0.1:0",
      auth: { tokens: [{ name: "ci", token: "a-server-token", roles: ["ingest", "read", "operate"] }] },
    },
    changes: { sources },
  }));
});
afterAll(() => service[Symbol.asyncDispose]());

const hex = (body: string | Uint8Array, key = secret) => createHmac("sha256", key).update(body).digest("hex");
const ofGithub = (event: string, body: string, more = {}) => ({
  "x-github-event": event,
  "x-hub-signature-256": `sha256=${hex(body)}`,
  ...more,
});
const token = { authorization: "Bearer a-server-token" };

/** A deployment of GitHub, with blanks and a newline so that a signature of the parsed body would not match. */
const deployment = (id: number, more = {}) =>
  `${JSON.stringify(
    {
      deployment_status: { id, state: "success", environment: "production" },
      deployment: { ref: "v1.2.3", environment: "production" },
      repository: { full_name: "acme/api", name: "api" },
      ...more,
    },
    null,
    2,
  )}\n`;

async function metric(line: RegExp): Promise<number> {
  const { text } = await service.ask("GET", "/metrics", undefined, token);
  return Number(new RegExp(`^${line.source} (\\d+)$`, "m").exec(text)?.[1] ?? 0);
}

/** The changes that the simulator of PagerDuty received. */
const sentTo = (one: TestService) => one.simulator.changes().map(({ summary }) => summary);

const idOf = (id: number) => `deployment_status:acme/api:${id}`;

const sendDeployment = async (id: number) => {
  const body = deployment(id);
  return (await service.ask("POST", from("github"), body, ofGithub("deployment_status", body))).body.ids;
};

const sendToFlux = async (revision: string, timestamp: string) => {
  const body = JSON.stringify({
    involvedObject: { kind: "Kustomization", name: "web", namespace: "apps", uid: "uid-1" },
    reason: "ReconciliationSucceeded",
    metadata: { revision },
    timestamp,
  });
  const { body: answer } = await service.ask("POST", from("flux"), body, { "x-signature": `sha256=${hex(body)}` });
  return answer.ids[0] as string;
};

const sign = (body: string, hash: string, ...format: string[]) =>
  execFileSync("openssl", ["dgst", `-${hash}`, "-hmac", secret, ...format], { input: body });

const refusedCount = () => metric(/tocsin_requests_refused_total\{reason="unauthorized"\}/);

const padded = (bytes: number) => `${" ".repeat(bytes - 2)}{}`;

const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;

/** Sends a body without announcing its length. */
function chunked(path: string, body: string): Promise<{ readonly status: number | undefined }> {
  const { host, port } = service.tocsin.address;
  return new Promise((resolve, reject) => {
    const sending = request(
      { host, port, path, method: "POST", headers: { "transfer-encoding": "chunked" } },
      (answer) => {
        answer.resume();
        answer.once("end", () => resolve({ status: answer.statusCode }));
      },
    );
    sending.once("error", reject);
    sending.end(body);
  });
}

describe("a source", () => {
  test("takes an event twice as one change, and a rollback A, B, A as three", async () => {
    const ids = [
      await sendDeployment(1001),
      await sendDeployment(1001),
      await sendDeployment(1002),
      await sendDeployment(1003),
    ];
    expect(ids).toEqual([[idOf(1001)], [idOf(1001)], [idOf(1002)], [idOf(1003)]]);
    expect(await metric(/tocsin_changes_received_total\{source="github",outcome="duplicate"\}/)).toBeGreaterThan(0);
    const count = () =>
      sentTo(service).filter((summary) => summary === "Deployed api v1.2.3 to production (acme/api)").length;
    await service.until("three changes are sent", () => (count() >= 3 ? true : undefined));
    expect(count()).toBe(3);
  });

  test("of Flux repeats its event as long as the state lasts", async () => {
    const ids = [
      await sendToFlux("a", "2026-11-30T11:00:00Z"),
      await sendToFlux("a", "2026-11-30T11:10:00Z"),
      await sendToFlux("b", "2026-11-30T11:20:00Z"),
      await sendToFlux("a", "2026-11-30T11:30:00Z"),
      await sendToFlux("a", "2026-11-30T11:40:00Z"),
    ];
    expect([ids[0] === ids[1], ids[3] === ids[4], new Set(ids).size]).toEqual([true, true, 3]);
  });

  test.each([
    ["a ping", "ping", '{"zen":"Hello"}', "ping"],
    ["an unknown event", "issues", '{"action":"opened"}', 'the event "issues" is not a change'],
    [
      "a state that is not final",
      "deployment_status",
      deployment(1, { deployment_status: { id: 1, state: "queued" } }),
      'the state "queued" is not final',
    ],
  ])("answers 202 with the reason to %s", async (_, event, body, ignored) => {
    const before = await metric(/tocsin_changes_received_total\{source="github",outcome="ignored"\}/);
    expect(await service.ask("POST", from("github"), body, ofGithub(event, body))).toMatchObject({
      status: 202,
      body: { ignored },
    });
    expect(await metric(/tocsin_changes_received_total\{source="github",outcome="ignored"\}/)).toBe(before + 1);
  });

  test("needs no token of the server, and accepts none instead of its secret", async () => {
    const body = deployment(1004);
    expect((await service.ask("POST", from("github"), body, ofGithub("deployment_status", body))).status).toBe(202);
    expect((await service.ask("POST", from("github"), body, token)).status).toBe(401);
  });

  test("accepts a form, which is the default content type of GitHub", async () => {
    const form = `payload=${encodeURIComponent(deployment(1005)).replaceAll("%20", "+")}`;
    const headers = { ...ofGithub("deployment_status", form), "content-type": "application/x-www-form-urlencoded" };
    expect((await service.ask("POST", from("github"), form, headers)).body).toEqual({ ids: [idOf(1005)] });
    const broken = "payload=%7";
    expect((await service.ask("POST", from("github"), broken, ofGithub("push", broken))).status).toBe(400);
  });

  test("of GitLab has the id that its signature covers", async () => {
    const body = JSON.stringify({
      object_kind: "deployment",
      deployment_id: 7,
      status: "failed",
      project: { path_with_namespace: "acme/api" },
    });
    const send = (id: string) =>
      service.ask("POST", from("gitlab"), body, {
        "webhook-id": id,
        "webhook-timestamp": `${Math.floor(Date.now() / 1_000)}`,
        "webhook-signature": new Webhook(signingToken).sign(id, new Date(), body),
      });
    expect((await send("msg_1")).body).toEqual({ ids: ["deployment:msg_1"] });
    const plain = await service.ask("POST", from("gitlab"), body, { "x-gitlab-token": "plain-token" });
    expect(plain.body).toEqual({ ids: ["deployment:acme/api:7:failed"] });
  });

  test("checks a compressed body as it was sent", async () => {
    const body = gzipSync(deployment(1006));
    const send = (signed: string | Uint8Array) =>
      fetch(`http://${service.tocsin.address.host}:${service.tocsin.address.port}${from("github")}`, {
        method: "POST",
        body,
        headers: {
          "content-encoding": "gzip",
          "x-github-event": "deployment_status",
          "x-hub-signature-256": `sha256=${hex(signed)}`,
        },
      });
    expect((await send(deployment(1006))).status).toBe(401);
    expect((await send(body)).status).toBe(202);
  });

  test("is listed with its changes", async () => {
    const { body } = await service.ask(
      "GET",
      `/api/v1/changes?matcher=${encodeURIComponent('repository="acme/api"')}`,
      undefined,
      token,
    );
    expect(body.changes[0]).toMatchObject({ origin: expect.stringMatching(/^git/), labels: { service: "api" } });
  });
});

describe("openssl signs", () => {
  test("an event of GitHub", async () => {
    const body = deployment(1007);
    const signature = String(sign(body, "sha256")).trim().replace(/.* /, "");
    const headers = { "x-github-event": "deployment_status", "x-hub-signature-256": `sha256=${signature}` };
    expect((await service.ask("POST", from("github"), body, headers)).status).toBe(202);
  });

  test.each(["sha224", "sha256", "sha384", "sha512"])("an alert of Flux with %s", async (hash) => {
    const body = JSON.stringify({
      involvedObject: { kind: "HelmRelease", name: "a", uid: hash },
      reason: "UpgradeSucceeded",
    });
    const signature = String(sign(body, hash)).trim().replace(/.* /, "");
    expect(
      (await service.ask("POST", from("flux"), body, { "x-signature": `${hash}=${signature}` })).body.ids,
    ).toHaveLength(1);
  });

  test("what the script for Jenkins in docs/changes.md sends, in hex and in base64", async () => {
    const page = readFileSync(new URL("../../../../../docs/changes.md", import.meta.url), "utf8");
    const [script = ""] = /^body='[\s\S]*?^signature=.*$/m.exec(page) ?? [];
    const blocks = [...page.matchAll(/^```yaml\n# tocsin.yaml\n([\s\S]*?)^```$/gm)].map(([, text = ""]) => parse(text));
    const [source] = blocks.flatMap(({ changes }) => changes.sources ?? []).filter(({ name }) => name === "jenkins");
    await using ci = await startService(() => ({
      changes: {
        sources: [
          { ...source, secrets: [secret] },
          { ...source, name: "base64", encoding: "base64", prefix: "", secrets: [secret] },
        ],
      },
    }));
    const key = join(ci.dir, "jenkins");
    writeFileSync(key, secret);
    const command = `${script.replace("/run/secrets/jenkins", key)}\nprintf '%s\\n%s' "$signature" "$body"`;
    const [signature = "", body = ""] = String(execFileSync("sh", ["-c", command])).split("\n");
    expect((await ci.ask("POST", from("jenkins"), body, { "x-signature": `sha256=${signature}` })).body).toEqual({
      ids: ["generic:deploy#42"],
    });
    const base64 = sign(body, "sha256", "-binary").toString("base64");
    expect((await ci.ask("POST", from("base64"), body, { "x-signature": base64 })).status).toBe(202);
  });
});

describe("a request without a valid secret", () => {
  const body = deployment(2001);
  const refusals: [string, string, string, Record<string, string>][] = [
    ["an unknown name", "unknown", body, ofGithub("push", body)],
    ["a name of an object's prototype", "constructor", body, ofGithub("push", body)],
    ["an encoded name", "%67ithub%00", body, ofGithub("push", body)],
    ["no signature", "github", body, {}],
    ["an empty signature", "github", body, { "x-hub-signature-256": "" }],
    ["a wrong signature", "github", body, ofGithub("push", "{}")],
    ["a signature of another source", "flux", body, { "x-signature": `sha256=${hex(body, "another")}` }],
    ["a huge header", "github", body, { "x-hub-signature-256": `sha256=${"a".repeat(12_000)}` }],
    ["no token", "argocd", body, {}],
    ["a wrong token", "generic", body, { authorization: "Bearer wrong" }],
    ["an empty body", "github", "", {}],
    ["no JSON", "github", "{", {}],
  ];

  test.each(refusals)("is answered 401 in the same words, with %s", async (_, name, text, headers) => {
    const [all, changes] = [await refusedCount(), sentTo(service).length];
    const answer = await service.ask("POST", from(name), text, headers);
    expect([answer.status, answer.body]).toEqual([
      401,
      { error: { code: "unauthorized", message: "no source of changes has this name and secret", issues: [] } },
    ]);
    expect(await refusedCount()).toBe(all + 1);
    expect(sentTo(service).length).toBe(changes);
  });

  test("has answers that do not differ in their headers", async () => {
    const answers = await Promise.all(
      refusals.slice(0, 6).map(([, name, text, headers]) => service.ask("POST", from(name), text, headers)),
    );
    const shown = answers.map(({ headers }) => [...headers].filter(([name]) => name !== "date"));
    for (const headers of shown) expect(headers).toEqual(shown[0]);
  });

  test("is counted without a series for each unknown name", async () => {
    for (const name of ["try-1", "try-2"]) await service.ask("POST", from(name), "{}");
    const { text } = await service.ask("GET", "/metrics", undefined, token);
    expect(text).not.toMatch(/try-\d/);
    expect(await metric(/tocsin_changes_received_total\{source="github",outcome="refused"\}/)).toBeGreaterThan(0);
  });

  test("is logged with its reason, and without a secret", async () => {
    await using fresh = await startService(() => ({ changes: { sources } }));
    await fresh.ask("POST", from("github"), body, ofGithub("push", "{}"));
    await fresh.ask("POST", from("unknown"), body, {});
    const lines = fresh.logs.map((line) => JSON.parse(line)).filter(({ event }) => event === "request_refused");
    expect(lines.map(({ msg, path }) => [path, msg])).toEqual([
      [from("github"), "Refused a request: the signature does not match the body; compare the secrets"],
      [from("unknown"), "Refused a request: no source has this name"],
    ]);
    for (const planted of [secret, signingToken, "plain-token", "argocd-token", "generic-token"])
      expect([...fresh.logs, ...service.logs].join("")).not.toContain(planted);
  });

  test("is answered 405 with another method", async () => {
    expect((await service.ask("GET", from("github"))).status).toBe(405);
  });
});

describe("a body", () => {
  test.each(["github", "unknown"])("of more than 1 MiB is answered 413 before it is hashed: %s", async (name) => {
    expect((await service.ask("POST", from(name), padded(1_048_577), ofGithub("push", "x"))).status).toBe(413);
    expect((await chunked(from(name), padded(2_000_000))).status).toBe(413);
  });

  test("of exactly 1 MiB is read", async () => {
    const body = padded(1_048_576);
    expect((await service.ask("POST", from("github"), body, ofGithub("push", body))).status).toBe(400);
  });

  test.each<[string, string | Buffer, number]>([
    ["empty", "", 400],
    ["no JSON", "{", 400],
    ["null", "null", 400],
    ["a list", "[]", 400],
    ["a text", '"text"', 400],
    ["nested 30 deep", nested(30), 400],
    ["nested 50,000 deep", nested(50_000), 413],
    ["a million values", `[${"1,".repeat(500_000)}1]`, 413],
    [
      "invalid UTF-8",
      Buffer.concat([Buffer.from('{"repository":"'), Buffer.from([0xff, 0xfe, 0xc0]), Buffer.from('"}')]),
      400,
    ],
    ["a lone surrogate", deployment(1, { repository: { full_name: "\ud800" } }), 202],
    ["NUL characters", deployment(3001, { repository: { full_name: "a\u0000b", name: "\u0000" } }), 202],
    [
      "duplicate keys",
      '{"ref":"refs/heads/a","ref":"refs/heads/b","before":"1","after":"2","repository":{"full_name":"acme/api"}}',
      400,
    ],
    ["an id beyond 2^53", deployment(1).replace('"id": 1', '"id": 12345678901234567890'), 400],
    ["an id that is a list", deployment(1).replace('"id": 1', '"id": [1]'), 400],
    ["prototype keys", '{"__proto__":{"repository":{"full_name":"x"}},"constructor":{"prototype":{}}}', 400],
    ["fields of other types", '{"repository":7,"deployment_status":[],"deployment":"x"}', 400],
    ["a summary of a megabyte", deployment(3002, { sender: { login: "x".repeat(1_000_000) } }), 202],
  ])("that is hostile never leads to a 5xx: %s", async (_, body, status) => {
    const { host, port } = service.tocsin.address;
    const response = await fetch(`http://${host}:${port}${from("github")}`, {
      method: "POST",
      body,
      headers: { "x-github-event": "deployment_status", "x-hub-signature-256": `sha256=${hex(body)}` },
    });
    expect([response.status, await response.text()]).toEqual([status, expect.not.stringMatching(/bug|internal/)]);
  });

  test("of a push of 2,000 commits is read, if the configuration allows its size", async () => {
    await using large = await startService(() => ({ changes: { sources, maxBodyBytes: 4_194_304 } }));
    const commit = {
      id: "a".repeat(40),
      message: "Fix",
      author: { name: "alice" },
      added: ["a"],
      modified: [],
      removed: [],
    };
    const body = JSON.stringify({
      ref: "refs/heads/main",
      before: "1",
      after: "2",
      deleted: false,
      repository: { full_name: "acme/api" },
      commits: Array.from({ length: 2_000 }, () => commit),
    });
    expect((await large.ask("POST", from("github"), body, ofGithub("push", body))).body).toEqual({
      ids: ["push:acme/api:refs/heads/main:1:2"],
    });
  });

  test("that cannot be stored is answered 503", async () => {
    await using broken = await startService(() => ({ changes: { sources } }));
    rmSync(join(broken.dir, "tocsin.db"));
    const body = deployment(4001);
    const code = await broken.until("the ledger does not commit", async () => {
      const answer = await broken.ask("POST", from("github"), body, ofGithub("deployment_status", body));
      return answer.status === 503 ? answer.body.error.code : undefined;
    });
    expect(code).toBe("ledger_unavailable");
  });
});

test("POST /api/v1/changes takes 1,000 changes with many values each", async () => {
  const changes = Array.from({ length: 1_000 }, (_, n) => ({
    id: `batch-${n}`,
    summary: "Deployed",
    labels: { service: "api", app: "api", namespace: "shop", team: "a", region: "eu", cluster: "b" },
    customDetails: { steps: [1, 2, 3, 4] },
    targets: ["pager"],
  }));
  await using fresh = await startService();
  const { status, body } = await fresh.ask("POST", "/api/v1/changes", { changes });
  expect([status, body.ids?.length]).toEqual([202, 1_000]);
});

describe("a reload", () => {
  test("uses new contents of a secret's file, new sources, and a new limit of the body", async () => {
    const dir = mkdtempSync(join(tmpdir(), "tocsin-secret-"));
    const file = join(dir, "secret");
    writeFileSync(file, "old-secret");
    await using rotated = await startService(() => ({
      changes: { sources: [{ name: "github", type: "github", secrets: [{ file }] }] },
    }));
    const statusOf = async (key: string, name = "github") => {
      const body = deployment(5001);
      const headers = { "x-github-event": "deployment_status", "x-hub-signature-256": `sha256=${hex(body, key)}` };
      return (await rotated.ask("POST", from(name), body, headers)).status;
    };
    expect([await statusOf("old-secret"), await statusOf("new-secret")]).toEqual([202, 401]);
    writeFileSync(file, "new-secret\n");
    await rotated.tocsin.reload();
    expect([await statusOf("old-secret"), await statusOf("new-secret")]).toEqual([401, 202]);
    rotated.next = {
      ...(rotated.next as object),
      changes: {
        maxBodyBytes: 1_024,
        sources: [{ name: "hub", type: "github", secrets: ["new-secret", "old-secret"] }],
      },
    };
    await rotated.tocsin.reload();
    expect([
      await statusOf("old-secret", "hub"),
      await statusOf("new-secret", "hub"),
      await statusOf("new-secret"),
    ]).toEqual([202, 202, 401]);
    expect((await rotated.ask("POST", from("hub"), " ".repeat(1_025))).status).toBe(413);
    expect(rotated.logs.join("")).not.toMatch(/old-secret|new-secret/);
    rmSync(dir, { recursive: true });
  });
});
