import { isDeepStrictEqual } from "node:util";
import type { Config } from "./config.ts";

/** Returns the keys that differ and that a running service cannot change: they take effect at the next start. */
export function needsRestart(running: Config, next: Config): string[] {
  const before = fixed(running);
  return Object.entries(fixed(next)).flatMap(([key, value]) => (isDeepStrictEqual(value, before[key]) ? [] : [key]));
}

/** Compares the content, also of secrets in files. */
const fixed = ({ server, ledger, delivery, changes, telemetry }: Config): Record<string, unknown> => ({
  "server.listen": server.listen,
  "server.probes.listen": server.probes.listen,
  "server.basePath": server.basePath,
  "server.tls": server.tls !== undefined,
  "server.tls.clientCa": server.tls?.clientCa !== undefined,
  "server.maxBodyBytes": server.maxBodyBytes,
  ...placeOf(ledger),
  "ledger.encryptionKey": ledger.keys,
  "ledger.retention": ledger.retentionMs,
  ...prefixed("delivery", delivery),
  "changes.retention": changes.retention,
  "telemetry.logs.format": telemetry.logs.format,
  "telemetry.traces": telemetry.traces && [
    telemetry.traces.sample,
    telemetry.traces.url.reveal(),
    telemetry.traces.secrets,
  ],
});

function placeOf(ledger: Config["ledger"]): Record<string, unknown> {
  if (ledger.kind === "sqlite") return { "ledger.url": ledger.path };
  const { password, tls, ...server } = ledger.server;
  const { ca, ...options } = tls || {};
  return { "ledger.url": [server, tls && options], "ledger.password": password, "ledger.tls.ca": ca };
}

const prefixed = (key: string, values: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [`${key}.${name}`, value]));
