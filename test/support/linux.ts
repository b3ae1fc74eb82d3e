import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Child } from "./child.ts";

/** Says aloud why a test is skipped. */
function lacking(what: string, why: string): false {
  console.warn(`SKIPPED, ${what}: ${why}`);
  return false;
}

/** Whether a small disk can be had, to be filled: mounting needs root, and the right to. */
export function canMount(): boolean {
  if (process.platform !== "linux" || process.getuid?.() !== 0)
    return lacking("no small disk to fill", "mounting one needs root on Linux");
  try {
    using disk = new SmallDisk(1);
    return disk.path !== "";
  } catch (error) {
    return lacking("no small disk to fill", String(error));
  }
}

/** Whether system calls can be watched. */
export function canTrace(): boolean {
  const { status, error } = spawnSync("strace", ["-qq", "-o", "/dev/null", "true"]);
  return status === 0 || lacking("no system call can be watched", error?.message ?? "strace does not work here");
}

/** A disk of its own. */
export class SmallDisk implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "tocsin-e2e-disk-"));
  readonly #filler = join(this.path, "filler");

  constructor(mebibytes: number) {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${mebibytes}m`, "tmpfs", this.path], { stdio: "pipe" });
  }

  /** Writes this much, or as much as there is space for. */
  fill(mebibytes = Number.POSITIVE_INFINITY): void {
    const chunk = Buffer.alloc(64 * 1024, 1);
    try {
      for (let written = 0; written < mebibytes * 16; written++) writeFileSync(this.#filler, chunk, { flag: "a" });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    }
  }

  free(): void {
    unlinkSync(this.#filler);
  }

  [Symbol.dispose](): void {
    execFileSync("umount", ["--lazy", this.path], { stdio: "pipe" });
    rmSync(this.path, { recursive: true });
  }
}

/** Watches a process's system calls, or spoils them, until disposed of. */
export async function trace(pid: number, args: readonly string[]): Promise<Child> {
  const strace = new Child("strace", ["-f", "-p", String(pid), ...args]);
  await strace.untilItSays(/Process \d+ attached/);
  return strace;
}
