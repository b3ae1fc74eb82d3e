import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const run = promisify(execFile);
const answers = 20;

const program = fileURLToPath(new URL("../support/answer-alerts.ts", import.meta.url));

test("an alert is answered only after its commit was synced to disk", async (context) => {
  const strace = await run("strace", ["-V"]).catch(() => undefined);
  if (!strace) {
    console.warn("skipped: strace is not installed");
    return context.skip("strace is not installed");
  }
  const directory = await mkdtemp(join(tmpdir(), "tocsin-fsync-"));
  try {
    const log = join(directory, "calls");
    const node = [
      process.execPath,
      "--conditions=@tocsin/source",
      program,
      join(directory, "tocsin.db"),
      String(answers),
    ];
    await run("strace", ["-f", "-qq", "-e", "trace=write,fsync,fdatasync", "-o", log, ...node]);
    const calls = (await readFile(log, "utf8")).split("\n");
    for (let n = 0; n < answers; n++) {
      const asked = calls.findIndex((call) => call.includes(`"asked ${n}\\n"`));
      const answered = calls.findIndex((call) => call.includes(`"answered ${n}\\n"`));
      expect(asked).toBeGreaterThanOrEqual(0);
      const synced = calls
        .slice(asked, answered)
        .filter((call) => /f(data)?sync\(?.*= 0$|f(data)?sync resumed.*= 0$/.test(call));
      expect(synced.length, `between question and answer ${n}`).toBeGreaterThanOrEqual(1);
    }
  } finally {
    await rm(directory, { recursive: true });
  }
});
