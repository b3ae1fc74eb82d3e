import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { loadConfig } from "../config/load.ts";
import { hasTool } from "../debian-tool.fixture.ts";

const deploy = join(import.meta.dirname, "../../../../deploy/systemd");
const unit = readFileSync(join(deploy, "tocsin.service"), "utf8");
const readme = readFileSync(join(deploy, "README.md"), "utf8");
const dir = mkdtempSync(join(tmpdir(), "tocsin-unit-"));
afterAll(() => rmSync(dir, { recursive: true }));

const credentials = Array.from(
  unit.matchAll(/^LoadCredential=([\w-]+):\/etc\/tocsin\/credentials\/([\w-]+)$/gm),
  ([, id, name = ""]) => (id === name ? name : `${id} is not ${name}`),
);

const analyze = (...args: string[]) => {
  // The program is not installed on this machine, and a unit whose program is missing is refused.
  const file = join(dir, "tocsin.service");
  writeFileSync(file, unit.replace("ExecStart=tocsin", "ExecStart=/bin/true"));
  const { status, stdout, stderr } = spawnSync("/usr/bin/systemd-analyze", [...args, file], { encoding: "utf8" });
  return { status, output: stdout + stderr };
};

describe.skipIf(!hasTool("/usr/bin/systemd-analyze", "systemd"))("the unit", () => {
  test("is understood by systemd without a complaint", () => {
    expect(analyze("verify")).toEqual({ status: 0, output: "" });
  });

  test("has an exposure of at most 1.5", () => {
    const { status, output } = analyze("security", "--offline=yes", "--no-pager");
    expect(status).toBe(0);
    expect(Number(/Overall exposure level for tocsin.service: ([\d.]+)/.exec(output)?.[1])).toBeLessThanOrEqual(1.5);
  });
});

test("the configuration in the README is valid, and reads exactly the credentials that the unit loads", () => {
  const [, text = ""] = /```yaml\n# \/etc\/tocsin\/tocsin.yaml\n([^]*?)```/.exec(readme) ?? [];
  const named = Array.from(
    text.matchAll(/\{ file: \/run\/credentials\/tocsin\.service\/([\w-]+) \}/g),
    ([, name]) => name,
  );
  expect(new Set(named)).toEqual(new Set(credentials));
  for (const name of credentials) writeFileSync(join(dir, name), name.padEnd(32, "0").slice(0, 32));
  writeFileSync(join(dir, "tocsin.yaml"), text.replaceAll("/run/credentials/tocsin.service", dir));
  const config = loadConfig("tocsin.yaml", { cwd: dir, env: {} });
  expect(config.ledger).toMatchObject({ kind: "sqlite", path: "/var/lib/tocsin/tocsin.db" });
  expect(config.targets).toHaveLength(1);
  for (const name of credentials) expect(readme).toContain(name);
});
