import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashKey, Simulator } from "@tocsin/simulator";
import { expect, test } from "vitest";
import { compose } from "../compose.ts";
import { ConfigWatch } from "./config-watch.ts";
import { loadConfig } from "./load.ts";

test("a routing key and a token that are rotated in their files are used without a manual reload", async () => {
  const dir = mkdtempSync(join(tmpdir(), "tocsin-rotated-"));
  const simulator = new Simulator();
  const { url } = await simulator.listen();
  const file = join(dir, "tocsin.yaml");
  const put = (name: string, text: string) => {
    writeFileSync(join(dir, `${name}.new`), text);
    renameSync(join(dir, `${name}.new`), join(dir, name));
  };
  put("key", "A".repeat(32));
  put("token", "first-token");
  put("ledger-key", Buffer.alloc(32, 1).toString("base64"));
  put(
    "tocsin.yaml",
    JSON.stringify({
      server: {
        listen: "127.0.0.1:0",
        auth: { tokens: [{ name: "all", token: { file: "token" }, roles: ["operate", "ingest"] }] },
      },
      ledger: { url: "sqlite:tocsin.db", encryptionKey: { file: "ledger-key" } },
      targets: [{ name: "pager", type: "pagerduty", url, routing_key: { file: "key" } }],
    }),
  );
  const load = () => loadConfig(file, { cwd: dir, env: {} });
  const logs: string[] = [];
  const watch = new ConfigWatch(file);
  const tocsin = await compose(load(), { writeLog: (line) => logs.push(line), env: {}, reread: load, watch });
  const { host, port } = tocsin.address;
  const raise = async (fingerprint: string, token: string) => {
    const alerts = [{ status: "firing", fingerprint, labels: { alertname: "A", severity: "critical" } }];
    const response = await fetch(`http://${host}:${port}/api/v1/webhook/alertmanager`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({ alerts }),
    });
    return response.status;
  };
  const keyOf = async (fingerprint: string) => {
    for (;;) {
      const incident = simulator.incidents().find(({ dedup_key }) => dedup_key === fingerprint);
      if (incident !== undefined) return incident.key;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  try {
    expect(await raise("before", "first-token")).toBe(200);
    expect(await keyOf("before")).toBe(hashKey("A".repeat(32)));
    put("ledger-key", Buffer.alloc(32, 2).toString("base64"));
    put("key", "B".repeat(32));
    put("token", "second-token");
    const sinceMs = performance.now();
    while ((await raise("after", "second-token")) !== 200) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(performance.now() - sinceMs).toBeLessThan(5_000);
    expect(await keyOf("after")).toBe(hashKey("B".repeat(32)));
    expect(await raise("refused", "first-token")).toBe(401);
    const text = logs.join("");
    expect(text).toContain("Restart to apply the change of ledger.encryptionKey");
    expect(text).not.toMatch(/second-token|first-token|A{32}|B{32}/);
  } finally {
    await tocsin.stop();
    await simulator.close();
    rmSync(dir, { recursive: true });
  }
});
