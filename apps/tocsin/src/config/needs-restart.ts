import { isDeepStrictEqual } from "node:util";

import type { Config } from "./config.ts";

/** What a running service cannot change: these keys differ, and count from the next start. */
export function needsRestart(running: Config, next: Config): string[] {
  const before = fixed(running);
  return Object.entries(fixed(next)).flatMap(([key, value]) => (isDeepStrictEqual(value, before[key]) ? [] : [key]));
}

const fixed = ({ server, ledger, discovery, delivery, telemetry }: Config): Record<string, unknown> => ({
  "server.listen": server.listen,
  "server.maxBodyBytes": server.maxBodyBytes,
  ledger,
  discovery,
  delivery,
  "telemetry.logs.format": telemetry.logs.format,
});
