import { alertFingerprint } from "@tocsin/core";
import { type Address, formatAddress } from "../config/address.ts";
import { type Config, ledgerName } from "../config/config.ts";
import { stateOf, type ResolvedTarget } from "../targets/resolved-target.ts";

export interface Started {
  readonly config: Config;
  readonly address: Address;
  readonly targets: readonly ResolvedTarget[];
  /** Where the simulator listens, if events go there. */
  readonly simulatorUrl: string | undefined;
}

/** What a person sees who started the service. */
export function welcome({ config, address, targets, simulatorUrl }: Started): string {
  const url = `http://${formatAddress(reachable(address))}`;
  const lines = [
    ...(simulatorUrl === undefined ? [] : rehearsal(url, simulatorUrl)),
    `  Tocsin    ${url}`,
    ...(simulatorUrl === undefined ? targets.map(targetLine) : [`  simulator ${simulatorUrl}`]),
    `  ledger    ${ledgerName(config.ledger)}`,
    ...discoveryLines(config.discovery),
    ...(simulatorUrl === undefined && targets.length + discoveryLines(config.discovery).length === 0
      ? ["", "NOBODY IS TOLD: there are no `targets:`."]
      : []),
  ];
  return `\n${lines.join("\n")}\n\n`;
}

const targetLine = (entry: ResolvedTarget): string => `  target    ${entry.name}: ${stateOf(entry)}`;

/** They may not be read yet. */
const discoveryLines = ({ files, kubernetes }: Config["discovery"]): string[] => [
  ...files.map(({ where }) => `  targets   from files in ${where}`),
  ...(kubernetes?.namespaces ?? []).map((namespace) => `  targets   from Secrets in namespace ${namespace}`),
];

/** An address of every interface is none that a client can use. */
const reachable = ({ host, port }: Address): Address => ({
  host: host === "::" || host === "0.0.0.0" ? "localhost" : host,
  port,
});

const labels = { alertname: "DiskFull", severity: "critical", instance: "db-1" };
const annotations = { summary: "The disk of db-1 is full" };

/** What to try when events go to the simulator. */
function rehearsal(url: string, simulatorUrl: string): string[] {
  const send = (status: string) =>
    `  curl ${url}/api/v1/webhook/alertmanager -d '${JSON.stringify({ alerts: [{ status, labels, annotations }] })}'`;
  return [
    "NOBODY IS PAGED: there is no tocsin.yaml and no PAGERDUTY_ROUTING_KEY, so Tocsin tells its own simulator.",
    "",
    "Raise an alert:",
    send("firing"),
    "See the incident that it opens:",
    `  curl ${simulatorUrl}/_sim/incidents`,
    "See why it was told:",
    `  curl '${url}/api/v1/explain?fingerprint=${alertFingerprint(labels)}'`,
    "End it:",
    send("resolved"),
    "",
  ];
}
