import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, linkSync, openSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { appliedMigrations, refuseNewer } from "./migrate.ts";

/**
 * Copies a saved ledger to a file that does not exist yet. The file appears only after the copy is complete, checked and durable.
 *
 * @throws Error if `from` is damaged, is not a ledger, or was written by a newer version, or if `to` exists
 */
export async function restoreLedger({ from, to }: { readonly from: string; readonly to: string }): Promise<void> {
  const part = `${to}.${randomBytes(4).toString("hex")}.part`;
  try {
    closeSync(openSync(part, "wx", 0o600));
    const saved = new DatabaseSync(from, { readOnly: true });
    try {
      await backup(saved, part);
    } finally {
      saved.close();
    }
    check(part);
    sync(part);
    // Unlike a rename, a link never replaces a file.
    linkSync(part, to);
    sync(dirname(to));
  } finally {
    for (const suffix of ["", "-wal", "-shm"]) rmSync(`${part}${suffix}`, { force: true });
  }
}

function check(file: string): void {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    const [result] = db.prepare("PRAGMA integrity_check(1)").all();
    if (result?.["integrity_check"] !== "ok") throw new Error("it is damaged");
    const tables = db.prepare("SELECT name FROM sqlite_schema WHERE name IN ('alerts', 'incidents')").all();
    if (appliedMigrations(db) < 1 || tables.length < 2) throw new Error("it is not a ledger of Tocsin");
    refuseNewer(db);
  } finally {
    db.close();
  }
}

function sync(path: string): void {
  const file = openSync(path, "r");
  fsyncSync(file);
  closeSync(file);
}
