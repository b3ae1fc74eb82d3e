import { mkdirSync, renameSync, symlinkSync } from "node:fs";
import { Agent } from "node:https";
import { connect as connectPlain, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type SelfSigned, selfSigned } from "../../../../packages/http/test/self-signed.ts";
import { ServiceWithFiles, until } from "../service-with-files.fixture.ts";

const dayMs = 86_400_000;

/** The error of a client whose connection ends without an answer. */
const ended = /ECONNRESET|socket hang up|disconnected before secure TLS/;

const files = { cert: { file: "certs/tls.crt" }, key: { file: "certs/tls.key" } };

describe("with a certificate", () => {
  const service = new ServiceWithFiles();
  const [first, second, third, fourth] = [selfSigned(), selfSigned(), selfSigned(), selfSigned()] as const;
  const rotatedTo = async ({ cert }: SelfSigned) => {
    await until("the new certificate is shown", async () => (await service.shown()) === cert);
    await until("no warning is left", async () => !(await service.ask("/readyz")).text.includes("reload"));
  };

  beforeAll(async () => {
    // Kubernetes mounts a Secret like this.
    mkdirSync(join(service.dir, "certs/v1"), { recursive: true });
    service.write("certs/v1/tls.crt", first.cert);
    service.write("certs/v1/tls.key", first.key);
    symlinkSync("v1", join(service.dir, "certs/..data"));
    symlinkSync("..data/tls.crt", join(service.dir, "certs/tls.crt"));
    symlinkSync("..data/tls.key", join(service.dir, "certs/tls.key"));
    await service.start({ server: { tls: files } });
  });
  afterAll(() => service.stop());

  test("speaks HTTPS with it, at TLS 1.2 and 1.3", async () => {
    expect(await service.shown()).toBe(first.cert);
    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      const answer = await service.ask("/healthz", { ca: first.cert, rejectUnauthorized: true, maxVersion: version });
      expect([version, answer.status]).toEqual([version, 200]);
    }
  });

  test("refuses TLS 1.1, and plain HTTP, with a reason in the log and a count", async () => {
    const old = { minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
    await expect(service.handshake(old)).rejects.toThrow(/protocol version/i);
    await new Promise<void>((resolve, reject) => {
      const socket = connectPlain(service.port, "127.0.0.1", () => socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n"));
      socket
        .on("close", () => resolve())
        .on("error", reject)
        .resume();
    });
    await until("both refusals are in the log", () => service.events("request_refused").length === 2);
    expect(service.events("request_refused")).toMatchObject([
      { reason: "tls", sender: "127.0.0.1", code: "ERR_SSL_UNSUPPORTED_PROTOCOL" },
      { reason: "tls", sender: "127.0.0.1", code: "ERR_SSL_HTTP_REQUEST" },
    ]);
    expect((await service.ask("/metrics")).text).toContain('tocsin_requests_refused_total{reason="tls"} 2');
  });

  test("shows new certificates to new connections, however the files are replaced, and closes no connection", async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const open = new Set<unknown>();
    const ask = async () => {
      const { status } = await service.ask("/healthz", { agent });
      // The agent keeps the connection in the next turn.
      await until("the connection is kept", () => Object.values(agent.freeSockets).flat().length === 1);
      open.add(Object.values(agent.freeSockets).flat()[0]);
      return status;
    };
    expect(await ask()).toBe(200);

    mkdirSync(join(service.dir, "certs/v2"));
    service.write("certs/v2/tls.crt", second.cert);
    service.write("certs/v2/tls.key", second.key);
    symlinkSync("v2", join(service.dir, "certs/..data_tmp"));
    renameSync(join(service.dir, "certs/..data_tmp"), join(service.dir, "certs/..data"));
    await rotatedTo(second);

    service.rename("certs/tls.crt", third.cert);
    service.rename("certs/tls.key", third.key);
    await rotatedTo(third);

    service.write("certs/tls.crt", fourth.cert);
    service.write("certs/tls.key", fourth.key);
    await rotatedTo(fourth);

    expect(await ask()).toBe(200);
    expect(open.size).toBe(1);
    agent.destroy();
  });

  test("keeps the last valid certificate with a warning if the new files are wrong", async () => {
    service.rename("certs/tls.key", first.key);
    await until("the probe warns", async () =>
      (await service.ask("/readyz")).text.includes("the last reload of the configuration failed"),
    );
    expect(await service.shown()).toBe(fourth.cert);
    expect(service.events("config_reload_failed").at(-1)).toMatchObject({
      issues: [{ path: "server.tls.key", message: "does not belong to the certificate in `server.tls.cert`" }],
    });
    expect(service.logs.join("")).not.toContain("PRIVATE KEY");
    service.rename("certs/tls.key", fourth.key);
    await rotatedTo(fourth);
  });

  test("shows the expiry as a metric, and warns once the certificate is expired", async () => {
    const { text } = await service.ask("/metrics", { headers: { "cache-control": "no-cache" } });
    const [, seconds] =
      /^tocsin_certificate_expiry_timestamp_seconds\{name="server\.tls\.cert"\} (\S+)$/m.exec(text) ?? [];
    expect(Math.abs(Number(seconds) * 1_000 - (Date.now() + dayMs))).toBeLessThan(600_000);
    const expired = selfSigned({ fromMs: Date.now() - 2 * dayMs, toMs: Date.now() - dayMs });
    service.rename("certs/tls.crt", expired.cert);
    service.rename("certs/tls.key", expired.key);
    await rotatedTo(expired);
    expect((await service.ask("/readyz")).text).toContain("server.tls.cert: a certificate expired at ");
  });
});

test("stops within seconds although a client never begins the handshake", async () => {
  const service = new ServiceWithFiles();
  const { cert, key } = selfSigned();
  await service.start({ server: { tls: { cert, key } } });
  const silent = await new Promise<Socket>((resolve) => {
    const socket = connectPlain(service.port, "127.0.0.1", () => resolve(socket));
  });
  silent.on("error", () => {}).resume();
  // A request on another connection: the service has accepted the silent one by then.
  expect((await service.ask("/healthz")).status).toBe(200);
  const sinceMs = performance.now();
  await service.stop();
  expect(performance.now() - sinceMs).toBeLessThan(5_000);
});

describe("with an authority of client certificates", () => {
  const service = new ServiceWithFiles();
  const own = selfSigned();
  const sender = selfSigned({ names: ["alertmanager.example"] });
  const reader = selfSigned({ names: ["grafana.example"] });
  const unnamed = selfSigned({ names: ["other.example"] });
  const stranger = selfSigned({ names: ["alertmanager.example"] });
  const expired = selfSigned({ names: ["grafana.example"], fromMs: Date.now() - 2 * dayMs, toMs: Date.now() - dayMs });
  const bearer = { headers: { authorization: "Bearer a-long-token" } };
  const webhook = { method: "POST" };
  const path = "/api/v1/webhook/alertmanager";
  const alerts = JSON.stringify({ alerts: [{ status: "firing", fingerprint: "a", labels: { alertname: "A" } }] });

  beforeAll(async () => {
    mkdirSync(join(service.dir, "certs"));
    service.write("certs/tls.crt", own.cert);
    service.write("certs/tls.key", own.key);
    service.write("ca.pem", [sender, reader, unnamed, expired].map(({ cert }) => cert).join(""));
    await service.start({
      server: {
        tls: { ...files, clientCa: { file: "ca.pem" } },
        auth: {
          tokens: [{ name: "token", token: "a-long-token", roles: ["read"] }],
          clients: [
            { name: "alertmanager", san: "alertmanager.example", roles: ["ingest"] },
            { name: "grafana", san: "grafana.example", roles: ["read"] },
          ],
        },
      },
    });
  });
  afterAll(() => service.stop());

  test("a certificate has the roles of its client", async () => {
    expect((await service.ask(path, { ...sender, ...webhook }, alerts)).status).toBe(200);
    expect((await service.ask("/api/v1/stats", sender)).status).toBe(403);
    expect((await service.ask("/api/v1/stats", reader)).status).toBe(200);
    expect((await service.ask(path, { ...reader, ...webhook }, alerts)).status).toBe(403);
    expect((await service.ask("/api/v1/incidents", reader)).status).toBe(200);
  });

  test("without a certificate, or with one that no client has, a token is needed", async () => {
    for (const certificate of [{}, unnamed]) {
      expect((await service.ask("/api/v1/stats", certificate)).status).toBe(401);
      expect((await service.ask("/api/v1/stats", { ...certificate, ...bearer })).status).toBe(200);
      expect((await service.ask("/readyz", certificate)).status).toBe(200);
    }
  });

  test.each([
    ["of another authority", stranger, "DEPTH_ZERO_SELF_SIGNED_CERT"],
    ["that is expired", expired, "CERT_HAS_EXPIRED"],
  ])("a certificate %s is refused before any request, with the reason in the log", async (_, certificate, code) => {
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const)
      await expect(service.ask("/healthz", { ...certificate, ...bearer, maxVersion })).rejects.toThrow(ended);
    const refused = () => service.events("request_refused").filter((line) => line["code"] === code);
    await until("both refusals are in the log", () => refused().length === 2);
    expect(refused()).toMatchObject([{ reason: "tls", sender: "127.0.0.1" }, { reason: "tls" }]);
  });

  test("a page of another site cannot use the certificate of a browser", async () => {
    const origin = { headers: { origin: "https://evil.example" } };
    expect((await service.ask(path, { ...sender, ...webhook, ...origin }, alerts)).status).toBe(403);
  });

  test("certificates, authorities and client certificates rotate under load without a lost alert or a failed handshake", async () => {
    const next = selfSigned();
    // OpenSSL finds authorities by their subject, so it must be another one.
    const nextSender = selfSigned({ names: ["next.example", "alertmanager.example"] });
    const refused = async () => {
      const headers = { ...bearer.headers, "cache-control": "no-cache" };
      return /^tocsin_requests_refused_total\{reason="tls"\} (\d+)/m.exec(
        (await service.ask("/metrics", { headers })).text,
      )?.[1];
    };
    const refusedBefore = await refused();
    const sent: string[] = [];
    const rotated = new AbortController();
    let certificate = sender;
    const send = async (worker: number) => {
      const agents = new Map<SelfSigned, Agent>();
      for (let n = 0; !rotated.signal.aborted; n++) {
        const agent = agents.get(certificate) ?? new Agent({ keepAlive: true, maxSockets: 1 });
        agents.set(certificate, agent);
        const fingerprint = `${worker}-${n}`;
        const body = JSON.stringify({ alerts: [{ status: "firing", fingerprint, labels: { alertname: "Load" } }] });
        // Every other request needs a handshake of its own.
        const options = { ...certificate, ...webhook, ...(n % 2 === 0 && { agent }) };
        const { status } = await service.ask(path, options, body);
        expect(status).toBe(200);
        sent.push(fingerprint);
      }
      for (const agent of agents.values()) agent.destroy();
    };
    const count = async () => JSON.parse((await service.ask("/api/v1/stats", bearer)).text).alerts.firing;
    const more = async () => {
      const before = sent.length;
      await until("more alerts were sent", () => sent.length >= before + 40);
    };
    const takes = (one: SelfSigned, expected: boolean) =>
      until(`a sender is ${expected ? "accepted" : "refused"}`, async () => {
        const answer = await service.ask("/readyz", one).catch(() => undefined);
        return (answer?.status === 200) === expected;
      });
    const before = await count();
    const sending = Promise.all([0, 1, 2, 3].map(send));
    service.rename("certs/tls.crt", next.cert);
    service.rename("ca.pem", sender.cert + nextSender.cert + reader.cert);
    service.rename("certs/tls.key", next.key);
    await until("the new certificate is shown", async () => (await service.shown()) === next.cert);
    // The same reload read the authorities.
    await more();
    certificate = nextSender;
    await more();
    expect(await refused()).toBe(refusedBefore);
    service.rename("ca.pem", nextSender.cert + reader.cert);
    await takes(sender, false);
    await more();
    rotated.abort();
    await sending;
    expect((await count()) - before).toBe(sent.length);
    service.rename("ca.pem", sender.cert + reader.cert);
    await takes(sender, true);
  });

  test("a replaced authority counts for new connections, also if they resume a session", async () => {
    const socket = await service.handshake({ ...sender, maxVersion: "TLSv1.2" });
    const session = socket.getSession()!;
    const resumed = await service.handshake({ ...sender, session, maxVersion: "TLSv1.2" });
    expect(resumed.isSessionReused()).toBe(true);
    resumed.destroy();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const kept = { ...sender, ...webhook, agent };
    expect((await service.ask(path, kept, alerts)).status).toBe(200);
    service.rename("ca.pem", reader.cert + stranger.cert);
    await until("the new authority is in use", async () => {
      const answer = await service.ask(path, { ...stranger, ...webhook }, alerts).catch(() => undefined);
      return answer?.status === 200;
    });
    await expect(service.handshake({ ...sender, session, maxVersion: "TLSv1.2" })).rejects.toThrow(ended);
    expect((await service.ask(path, kept, alerts)).status).toBe(200);
    agent.destroy();
    socket.destroy();
  });
});
