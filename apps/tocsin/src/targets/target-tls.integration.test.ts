import { readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { selfSigned } from "../../../../packages/http/test/self-signed.ts";
import { ServiceWithFiles, until } from "../service-with-files.fixture.ts";

const dayMs = 86_400_000;
const own = selfSigned();
const sender = (name: string) => selfSigned({ names: [name] });

interface Received {
  /** The subject of the sender's certificate. */
  readonly from: string;
  readonly action: string;
  readonly alert: string;
}

/** A receiver that demands a client certificate. */
class Receiver {
  readonly received: Received[] = [];
  #cert = selfSigned({ names: ["receiver.internal"] });
  readonly #server: Server;

  constructor(clientCa: string) {
    this.#server = createServer({ ...this.#cert, ca: clientCa, requestCert: true }, (request, response) => {
      let text = "";
      request.on("data", (chunk: Buffer) => (text += chunk.toString()));
      request.on("end", () => {
        const { data } = JSON.parse(text) as { data: { action: string; alert: { name: string } } };
        const from = (request.socket as TLSSocket).getPeerX509Certificate()?.subject ?? "";
        this.received.push({ from, action: data.action, alert: data.alert.name });
        // Each request shakes hands.
        response.writeHead(200, { connection: "close" }).end();
      });
    });
  }

  get ca(): string {
    return this.#cert.cert;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}/in`;
  }

  /** Uses another certificate, and accepts other senders. */
  use(clientCa: string, cert = this.#cert): void {
    this.#cert = cert;
    this.#server.setSecureContext({ ...cert, ca: clientCa });
  }

  open(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  close(): Promise<unknown> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(resolve));
  }
}

describe("a target with mutual TLS", () => {
  const service = new ServiceWithFiles();
  const first = sender("first.tocsin");
  const second = sender("second.tocsin");
  const receiver = new Receiver(first.cert);
  const server = { tls: own };
  const files = { ca: { file: "ca.pem" }, cert: { file: "tls.crt" }, key: { file: "tls.key" } };
  const config = () => ({
    server,
    targets: [
      { name: "hook", type: "webhook", url: receiver.url, tls: { ...files, server_name: "receiver.internal" } },
    ],
    delivery: { retry: { initial: "100ms", max: "200ms" } },
  });
  const post = async (alert: string, status = "firing"): Promise<void> => {
    const body = { alerts: [{ status, fingerprint: alert, labels: { alertname: alert, severity: "critical" } }] };
    const path = "/api/v1/webhook/alertmanager";
    expect((await service.ask(path, { method: "POST" }, JSON.stringify(body))).status).toBe(200);
  };
  /** Returns the sender of an event, once it arrived. */
  const arrived = async (action: string, alert: string): Promise<string | undefined> => {
    const found = () => receiver.received.find((one) => one.action === action && one.alert === alert);
    await until(`${action} of ${alert}`, () => found() !== undefined);
    return found()?.from;
  };
  const metrics = async () => (await service.ask("/metrics", { headers: { "cache-control": "no-cache" } })).text;
  const targetOf = async () => JSON.parse((await service.ask("/api/v1/targets/hook")).text);

  beforeAll(async () => {
    await receiver.open();
    service.write("ca.pem", receiver.ca);
    service.write("tls.crt", first.cert);
    service.write("tls.key", first.key);
    await service.start(config());
  });
  afterAll(async () => {
    await service.stop();
    await receiver.close();
  });

  test("pages, and shows when its certificates expire", async () => {
    await post("A");
    expect(await arrived("trigger", "A")).toBe("CN=first.tocsin");
    const text = await metrics();
    for (const key of ["ca", "cert"])
      expect(text).toMatch(
        new RegExp(`^tocsin_certificate_expiry_timestamp_seconds\\{name="targets\\.hook\\.tls\\.${key}"\\} 1`, "m"),
      );
  });

  test("sends with replaced certificates, also for incidents that were opened before", async () => {
    receiver.use(second.cert);
    service.rename("tls.crt", second.cert);
    service.rename("tls.key", second.key);
    await post("A", "resolved");
    expect(await arrived("resolve", "A")).toBe("CN=second.tocsin");
  });

  test("keeps its last valid certificates if the new files are wrong or missing, and says which", async () => {
    await until("the target is ready", async () => (await targetOf()).state === "ready");
    service.rename("tls.key", first.key);
    await until("the target is invalid", async () => (await targetOf()).state === "invalid");
    expect((await targetOf()).errors).toEqual([
      { path: "targets[0].tls.key", message: "does not belong to the certificate in `tls.cert`" },
    ]);
    await post("B");
    expect(await arrived("trigger", "B")).toBe("CN=second.tocsin");
    rmSync(join(service.dir, "tls.crt"));
    await until("the missing file is named", async () => (await targetOf()).errors[0]?.path === "targets[0].tls.cert");
    await post("C");
    expect(await arrived("trigger", "C")).toBe("CN=second.tocsin");
    service.write("tls.crt", second.cert);
    service.write("tls.key", second.key);
    await until("the target is ready again", async () => (await targetOf()).state === "ready");
  });

  test("retries while it does not trust the receiver, until its authorities are replaced", async () => {
    const moved = selfSigned({ names: ["receiver.internal"] });
    receiver.use(second.cert, moved);
    await post("D");
    await until("the handshake failed", async () =>
      /^tocsin_attempts_total\{target="hook",.*reason="tls"\}/m.test(await metrics()),
    );
    service.rename("ca.pem", moved.cert);
    expect(await arrived("trigger", "D")).toBe("CN=second.tocsin");
  });

  test("resolves its incidents after it was removed, also over a restart", async () => {
    await service.end();
    // Traces put their own sender before the transport's.
    await service.start({ ...config(), targets: [], telemetry: { traces: { otlp: "http://127.0.0.1:1" } } });
    await post("D", "resolved");
    expect(await arrived("resolve", "D")).toBe("CN=second.tocsin");
  });

  test("warns once a certificate is expired", async () => {
    const expired = selfSigned({ fromMs: Date.now() - 2 * dayMs, toMs: Date.now() - dayMs });
    service.rename("tls.crt", expired.cert);
    service.rename("tls.key", expired.key);
    await service.end();
    await service.start(config());
    expect((await service.ask("/readyz")).text).toContain("targets.hook.tls.cert: a certificate expired at ");
  });

  test("shows its key nowhere", async () => {
    for (const path of ["/api/v1/targets", "/api/v1/targets/hook", "/api/v1/incidents", "/metrics"])
      expect((await service.ask(path)).text).not.toContain("PRIVATE KEY");
    expect(service.logs.join("")).not.toContain("PRIVATE KEY");
    for (const file of readdirSync(service.dir).filter((name) => name.startsWith("t.db")))
      expect(readFileSync(join(service.dir, file)).includes("PRIVATE KEY")).toBe(false);
  });
});
