import { alertFingerprint } from "@tocsin/core";

import { type Address, formatAddress } from "../config/address.ts";
import type { Config } from "../config/config.ts";
import { stateOf, type TargetEntry } from "../targets.ts";

export interface Started {
  readonly config: Config;
  readonly address: Address;
  readonly targets: readonly TargetEntry[];
  /** Where the simulator listens, if events go there. */
  readonly simulatorUrl: string | undefined;
}

/** What a person sees who started the service. */
export function welcome({ config, address, targets, simulatorUrl }: Started): string {
  const url = `http://${formatAddress(reachable(address))}`;
  const lines =
    simulatorUrl === undefined
      ? [`Tocsin listens on ${url}`, ...targets.map((entry) => `  target ${entry.name}: ${stateOf(entry)}`)]
      : simulated(url, simulatorUrl);
  if (targets.length === 0) lines.push("  NOBODY IS TOLD: there are no targets. Add some under `targets:`.");
  return `\n${lines.join("\n")}\n  ledger ${config.ledger.path}\n\n`;
}

/** An address of every interface is none that a client can use. */
const reachable = ({ host, port }: Address): Address => ({
  host: host === "::" || host === "0.0.0.0" ? "localhost" : host,
  port,
});

const labels = { alertname: "DiskFull", severity: "critical", instance: "db-1" };

function simulated(url: string, simulatorUrl: string): string[] {
  const curl = (status: string) =>
    `  curl ${url}/api/v1/webhook/alertmanager -d '${JSON.stringify({
      alerts: [
        {
          status,
          labels,
          annotations: { summary: "The disk of db-1 is full" },
        },
      ],
    })}'`;
  return [
    "NOBODY IS PAGED: there is no tocsin.yaml and no PAGERDUTY_ROUTING_KEY, so Tocsin tells its own simulator.",
    "",
    "Raise an alert:",
    curl("firing"),
    "See the incident that it opens:",
    `  curl ${simulatorUrl}/_sim/incidents`,
    "See why it was told:",
    `  curl '${url}/api/v1/explain?fingerprint=${alertFingerprint(labels)}'`,
    "End it:",
    curl("resolved"),
    "",
    `  Tocsin    ${url}`,
    `  simulator ${simulatorUrl}`,
  ];
}
