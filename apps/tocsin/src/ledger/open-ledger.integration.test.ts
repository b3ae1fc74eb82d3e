import { chmodSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { compose } from "../compose.ts";
import { readConfig } from "../config/config.ts";
import { keyFile } from "../config/key-file.ts";
import { startService } from "../service.fixture.ts";

const [first, second] = [Buffer.alloc(32, 1).toString("base64"), Buffer.alloc(32, 2).toString("base64")];

let dir: string;
let logs: string[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "tocsin-key-"));
  logs = [];
});
afterEach(() => rmSync(dir, { recursive: true }));

/** Starts and stops a service over the ledger in the directory. */
async function run(ledger: object = {}): Promise<void> {
  const written = { server: { listen: "127.0.0.1:0" }, ledger: { url: "sqlite:tocsin.db", ...ledger }, targets: [] };
  const read = () => readConfig(written, { dir, env: {} });
  const tocsin = await compose(read(), { writeLog: (line) => logs.push(line), env: {}, reread: read });
  await tocsin.stop();
}

const key = () => join(dir, "tocsin.db.key");

describe("the key of a SQLite ledger", () => {
  test("is refused at start if it is valid but not the one that the ledger was written with", async () => {
    await run();
    const old = keyFile(key()).key;
    writeFileSync(key(), `${second}\n`);
    await expect(run()).rejects.toThrow(/tocsin\.db cannot be opened: it was written with another key/);
    writeFileSync(key(), `${old.toString("base64")}\n`);
    await run();
  });

  test("may be replaced by a list of keys with the old key at the end", async () => {
    await run({ encryptionKey: first });
    await expect(run({ encryptionKey: second })).rejects.toThrow(/another `ledger.encryptionKey`/);
    await expect(run({ encryptionKey: [first, second] })).rejects.toThrow(/another `ledger.encryptionKey`/);
    await run({ encryptionKey: [second, first] });
  });

  test("is created again with a warning if its file is lost, and the old file is accepted when it is restored", async () => {
    await run();
    renameSync(key(), join(dir, "saved"));
    await run();
    expect(logs.join("")).toContain("The ledger's key file was missing");
    await run();
    renameSync(join(dir, "saved"), key());
    await run();
    writeFileSync(key(), `${second}\n`);
    await expect(run()).rejects.toThrow(/written with another key/);
  });

  test("and all files beside it can be read by their owner only", async () => {
    const umask = process.umask(0);
    try {
      await run();
      for (const name of readdirSync(dir)) chmodSync(join(dir, name), 0o644);
      await run();
      const modes = readdirSync(dir).map((name) => [name, statSync(join(dir, name)).mode & 0o777]);
      expect(modes).toEqual([
        ["tocsin.db", 0o600],
        ["tocsin.db.key", 0o600],
      ]);
    } finally {
      process.umask(umask);
    }
  });
});

describe("a ledger whose file is removed under the service", () => {
  test("makes the service not ready, refuses alerts and logs it, without any request", async () => {
    await using service = await startService();
    const webhook = (name: string) =>
      service.ask("POST", "/api/v1/webhook/alertmanager", {
        alerts: [{ status: "firing", labels: { alertname: name }, fingerprint: name }],
      });
    expect((await webhook("before")).status).toBe(200);
    expect((await service.ask("GET", "/readyz")).status).toBe(200);
    rmSync(join(service.dir, "tocsin.db"));
    await service.until(
      "the log says so",
      () => service.logs.some((line) => line.includes("was removed")) || undefined,
    );
    const ready = await service.ask("GET", "/readyz");
    expect([ready.status, ready.body.reasons]).toEqual([503, [expect.stringContaining("tocsin.db was removed")]]);
    const refused = await webhook("after");
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "5"]);
  });

  test("is noticed at once by the readiness probe", async () => {
    await using service = await startService();
    const becomes = (status: number) =>
      service.until(
        `the status is ${status}`,
        async () => (await service.ask("GET", "/-/ready")).status === status || undefined,
      );
    renameSync(join(service.dir, "tocsin.db"), join(service.dir, "old.db"));
    expect(await becomes(503)).toBe(true);
    renameSync(join(service.dir, "old.db"), join(service.dir, "tocsin.db"));
    expect(await becomes(200)).toBe(true);
  });
});
