import { writeFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type SelfSigned, selfSigned } from "../../packages/http/test/self-signed.ts";
import { hasPrometheus, Monitored, startAlertmanager, startPrometheus } from "../support/debian.ts";
import { freePort } from "../support/free-port.ts";
import { PagerDuty } from "../support/pagerduty.ts";
import { tempDir } from "../support/temp-dir.ts";
import { tocsin } from "../support/tocsin.ts";
import { waitUntil } from "../support/wait-until.ts";

/** Requests over HTTPS, with a client certificate if there is one. */
function ask(
  url: string,
  ca: string,
  certificate: Partial<SelfSigned> = {},
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { ca, agent: false, ...certificate }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.on("error", reject).end();
  });
}

describe.skipIf(!hasPrometheus())("a real Prometheus and a real Alertmanager", () => {
  test("page over mutual TLS, each with its own certificate; without one they get 401", async () => {
    using dir = tempDir();
    await using pagerduty = await PagerDuty.open();
    await using disks = await Monitored.open({ a: 1, b: 1 });
    const [port, probes] = [await freePort(), await freePort()];
    const [own, prometheus, alertmanager, stranger] = [
      selfSigned(),
      selfSigned({ names: ["prometheus.monitoring"] }),
      selfSigned({ names: ["alertmanager.monitoring"] }),
      selfSigned({ names: ["stranger.monitoring"] }),
    ];
    const file = (name: string, text: string): string => {
      writeFileSync(join(dir.path, name), text);
      return join(dir.path, name);
    };
    const clientTls = (name: string, { cert, key }: SelfSigned) => ({
      ca_file: file("own.crt", own.cert),
      cert_file: file(`${name}.crt`, cert),
      key_file: file(`${name}.key`, key),
    });
    const config = file(
      "tocsin.yaml",
      JSON.stringify({
        server: {
          listen: `127.0.0.1:${port}`,
          probes: { listen: `127.0.0.1:${probes}` },
          tls: {
            cert: { file: "own.crt" },
            key: { file: file("own.key", own.key) },
            clientCa: { file: file("clients.crt", prometheus.cert + alertmanager.cert) },
          },
          auth: {
            clients: [
              { name: "prometheus", san: "prometheus.monitoring", roles: ["ingest", "read"] },
              { name: "alertmanager", san: "alertmanager.monitoring", roles: ["ingest"] },
            ],
          },
        },
        targets: [pagerduty.target()],
      }),
    );
    const prometheusTls = clientTls("prometheus", prometheus);
    const alertmanagerTls = clientTls("alertmanager", alertmanager);
    await using service = tocsin(["serve", "--config", config], { cwd: dir.path });
    await waitUntil("Tocsin is ready", async () => (await fetch(`http://127.0.0.1:${probes}/readyz`)).ok);

    const url = `https://127.0.0.1:${port}`;
    expect((await ask(`${url}/api/v1/stats`, own.cert)).status).toBe(401);
    expect((await ask(`${url}/healthz`, own.cert)).status).toBe(200);
    await expect(ask(`${url}/healthz`, own.cert, stranger)).rejects.toThrow(/hang up|ECONNRESET/);
    await service.untilItSays(/"reason":"tls"[^\n]*DEPTH_ZERO_SELF_SIGNED_CERT/);

    await using relay = await startAlertmanager({
      webhook: `${url}/api/v1/webhook/alertmanager`,
      tls: alertmanagerTls,
    });
    await using _ = await startPrometheus({
      scrapes: disks,
      tells: [relay, { address: `127.0.0.1:${port}`, tls: prometheusTls }],
    });
    await waitUntil("both disks are delivered", () => pagerduty.incidents().length === 2);
    const received = async (source: string): Promise<boolean> =>
      (await ask(`${url}/metrics`, own.cert, prometheus)).text.includes(
        `tocsin_alerts_received_total{source="${source}",status="firing"}`,
      );
    for (const source of ["prometheus", "alertmanager"])
      await waitUntil(`alerts came from ${source}`, () => received(source));
    for (const disk of ["a", "b"]) disks.set(disk, 0);
    await waitUntil("both are resolved", () => pagerduty.incidents().every(({ status }) => status === "resolved"));
    expect(pagerduty.incidents()).toHaveLength(2);
    expect(pagerduty.stand.refused()).toEqual([]);
    expect(await service.end("SIGTERM")).toEqual({ code: 0, signal: null });
  });

  test("takes alerts of Tocsin over mutual TLS, and is read over it", async () => {
    using dir = tempDir();
    const [port, own, client] = [
      await freePort(),
      selfSigned({ names: ["alertmanager.monitoring"] }),
      selfSigned({ names: ["tocsin.monitoring"] }),
    ];
    const file = (name: string, text: string): string => {
      writeFileSync(join(dir.path, name), text);
      return join(dir.path, name);
    };
    await using alertmanager = await startAlertmanager({
      webhook: "http://127.0.0.1:1",
      web: {
        cert_file: file("am.crt", own.cert),
        key_file: file("am.key", own.key),
        client_ca_file: file("tocsin.crt", client.cert),
      },
    });
    const url = `https://${alertmanager.address}`;
    const tls = { ca: { file: "am.crt" }, cert: { file: "tocsin.crt" }, key: { file: file("tocsin.key", client.key) } };
    const config = {
      server: { listen: `127.0.0.1:${port}` },
      targets: [
        { name: "am", type: "alertmanager", url, tls: { ...tls, server_name: "alertmanager.monitoring" } },
        { name: "without", type: "alertmanager", url, tls: { ca: tls.ca } },
      ],
      sources: [
        {
          name: "am",
          alertmanager: { urls: [url], every: "1s", tls: { ...tls, serverName: "alertmanager.monitoring" } },
        },
      ],
    };
    await using service = tocsin(["serve", "--config", file("tocsin.yaml", JSON.stringify(config))], { cwd: dir.path });
    const api = `http://127.0.0.1:${port}`;
    await waitUntil("Tocsin is ready", async () => (await fetch(`${api}/readyz`)).ok);
    const alert = { status: "firing", labels: { alertname: "DiskFull", severity: "critical" } };
    const body = JSON.stringify({ alerts: [alert] });
    expect((await fetch(`${api}/api/v1/webhook/alertmanager`, { method: "POST", body })).status).toBe(200);
    await waitUntil("Alertmanager has the alert", async () =>
      (await ask(`${url}/api/v2/alerts`, own.cert, client)).text.includes("DiskFull"),
    );
    await service.untilItSays(/"target":"without"[^\n]*"reason":"tls"/);
    // It read since when Alertmanager runs.
    await service.untilItSays(/urls\[0\] has not been up for longer/);
    expect(service.stdout + service.stderr).not.toMatch(/"target":"am"[^\n]*"reason":"tls"/);
    expect(await service.end("SIGTERM")).toEqual({ code: 0, signal: null });
    expect(service.stdout + service.stderr).not.toMatch(/PRIVATE KEY/);
  });
});
