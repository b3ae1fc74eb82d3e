import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import type { HealthViews } from "./health-views.ts";

/** Returns the space on the disk of a ledger file. Undefined: there is no file, or the disk cannot be read. */
export async function ledgerDisk(file: string | undefined): Promise<HealthViews["disk"]> {
  if (file === undefined) return undefined;
  try {
    const { bavail, blocks, bsize } = await statfs(dirname(file));
    // Some file systems report no size.
    return blocks === 0 ? undefined : { freeBytes: bavail * bsize, sizeBytes: blocks * bsize };
  } catch {
    return undefined;
  }
}
