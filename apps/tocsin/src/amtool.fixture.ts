import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

export const amtoolBinary = "/usr/bin/amtool";

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs Debian's amtool.
 *
 * @param http its file of HTTP settings, in YAML
 */
export async function amtool(url: string, args: readonly string[], http?: string): Promise<Result> {
  const home = mkdtempSync(join(tmpdir(), "tocsin-amtool-"));
  try {
    writeFileSync(join(home, "config.yml"), "");
    writeFileSync(join(home, "http.yml"), http ?? "");
    const settings = http === undefined ? [] : [`--http.config.file=${join(home, "http.yml")}`];
    const child = spawn(amtoolBinary, [`--alertmanager.url=${url}`, ...settings, ...args], { env: { HOME: home } });
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, "close") as Promise<[number]>,
    ]);
    return { code, stdout, stderr };
  } finally {
    rmSync(home, { recursive: true });
  }
}
