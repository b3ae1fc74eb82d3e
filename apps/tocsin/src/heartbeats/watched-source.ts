import { type Alert, formatDuration } from "@tocsin/core";
import { ownAlert } from "../own-alerts/own-alert.ts";
import type { Expectation } from "./expectation-settings.ts";
import { type LastHeard, silentSinceMs } from "./listening-time.ts";

/** One expected source. */
export interface WatchedSource {
  readonly expectation: Expectation;
  /** Identity of the source: names may hold any character. */
  readonly id: string;
  readonly fingerprint: string;
  /** Heard since the last tick, on the monotonic clock. */
  heardMonotonicMs?: number;
  /** Heard since the last write, by the listening time of this process, and on the monotonic clock. */
  unwritten?: { readonly ownMs: number; readonly monotonicMs: number };
  /** As the ledger has it, as far as this process knows. */
  known?: LastHeard;
  isSilent: boolean;
  /** Whether its alert fires in the ledger. Undefined: it must be read. */
  isFiring?: boolean | undefined;
  /** When this process last fired or read the alert. */
  confirmedMs: number;
}

/** The name of the value under which the ledger keeps when a source was last heard. */
export const heardValueOf = ({ id }: WatchedSource): string => `heard ${id}`;

/** The alert about a silent source. All replicas build the same. */
export function silenceAlert(
  { fingerprint, expectation: { source, everyMs } }: WatchedSource,
  known: LastHeard,
): Alert {
  return ownAlert(
    fingerprint,
    {
      alertname: "TocsinSourceSilent",
      condition: "source_silent",
      labels: { source },
      summary: `Source ${source} is silent: nothing arrived for ${formatDuration(everyMs)}`,
      description:
        "Tocsin expects this source to send regularly. Alerts of the source may be lost: check the source, and the network between it and Tocsin.",
    },
    silentSinceMs(known, everyMs),
  );
}
