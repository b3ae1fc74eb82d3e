import { Secret } from "@tocsin/core";
import type { Transport } from "@tocsin/http";
import type { StartReader } from "@tocsin/test/simulation";
import { createLogger } from "../../telemetry/logger.ts";
import { Scrubber } from "../../telemetry/scrubber.ts";
import { AlertmanagerReader } from "./alertmanager-reader.ts";

/** The default of `sources[].alertmanager.every`. */
const everyMs = 60_000;

/** The service's reader in the simulation. Its requests go to simulated instances, in virtual time. */
export const startReader: StartReader = ({ source, instances, get, bug, ...surroundings }) => {
  const transport: Pick<Transport, "get"> = {
    get: async ({ address: { origin, path }, signal }) => {
      const body = await get(Number(new URL(origin).port), path, signal ?? new AbortController().signal);
      if (signal?.aborted) return { kind: "stopped", left: true, timeout: true };
      if (body === undefined) return { kind: "failed", left: false, reason: "network", detail: "connection refused" };
      return { kind: "answered", status: 200, retryAfter: undefined, body };
    },
  };
  // A reader reports its bugs only in the log.
  const log = createLogger({ level: "error", format: "json" }, new Scrubber(), (line) => {
    const { err } = JSON.parse(line) as { readonly err?: { readonly type: string; readonly stack: string } };
    if (err && err.type !== "LedgerUnavailable") bug(new Error(err.stack));
  });
  const settings = {
    source,
    instances: Array.from({ length: instances }, (_, n) => {
      const host = `alertmanager:${n}`;
      return { label: `urls[${n}] (${host})`, url: new Secret(`http://${host}`) };
    }),
    everyMs,
    headers: {},
    tls: {},
  };
  const reader = new AlertmanagerReader(settings, `API of ${source}`, {
    ...surroundings,
    log,
    transport,
    version: "simulated",
  });
  reader.start();
  return reader;
};
