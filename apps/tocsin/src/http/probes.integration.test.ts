import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { selfSigned } from "../../../../packages/http/test/self-signed.ts";
import { ServiceWithFiles } from "../service-with-files.fixture.ts";

describe("a listener for probes", () => {
  const service = new ServiceWithFiles();
  const own = selfSigned();
  let url: string;

  beforeAll(async () => {
    await service.start({
      server: {
        tls: { ...own, clientCa: own.cert },
        auth: { clients: [{ name: "a", san: "a.example", roles: ["read"] }] },
        basePath: "/tocsin",
        probes: { listen: "0.0.0.0:0" },
      },
    });
    const { probes } = service.logs.map((line) => JSON.parse(line)).find((line) => line.probes !== undefined);
    url = `http://127.0.0.1:${probes.split(":").at(-1)}`;
  });
  afterAll(() => service.stop());

  test("answers probes without TLS, token and certificate, for any host, as the API does", async () => {
    for (const path of ["/healthz", "/readyz", "/-/healthy", "/-/ready"]) {
      const answer = await fetch(url + path, { headers: { host: "10.0.0.7:9879" } });
      expect([path, answer.status, await answer.text()]).toEqual([path, 200, (await service.ask(path)).text]);
      expect((await fetch(url + path, { method: "HEAD" })).status).toBe(200);
    }
  });

  test("answers nothing else", async () => {
    for (const path of ["/", "/metrics", "/api/v1/stats", "/api/v1/openapi.json", "/tocsin/healthz"])
      expect([path, (await fetch(url + path)).status]).toEqual([path, 404]);
    for (const path of ["/api/v1/webhook/alertmanager", "/api/v2/alerts", "/-/reload"])
      expect([path, (await fetch(url + path, { method: "POST", body: "[]" })).status]).toEqual([path, 404]);
    expect((await fetch(`${url}/healthz`, { method: "POST" })).status).toBe(405);
  });

  test("whose address is in use prevents the start, and the message names the key", async () => {
    const second = new ServiceWithFiles();
    const listen = url.replace("http://", "");
    await expect(second.start({ server: { probes: { listen } } })).rejects.toThrow(
      /`server\.probes\.listen` changes it/,
    );
    await second.stop();
  });

  test("ends with the service", async () => {
    await service.end();
    await expect(fetch(`${url}/healthz`)).rejects.toThrow("fetch failed");
  });
});
