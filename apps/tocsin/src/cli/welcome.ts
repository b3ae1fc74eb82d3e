import { alertFingerprint } from "@tocsin/core";
import { type Address, formatAddress } from "../config/address.ts";
import { type Config, ledgerName } from "../config/config.ts";
import { stateOf, type ResolvedTarget } from "../targets/resolved-target.ts";

export interface Started {
  readonly config: Config;
  readonly address: Address;
  readonly targets: readonly ResolvedTarget[];
  /** The address of the simulator, if events go there. */
  readonly simulatorUrl: string | undefined;
}

/** The text for a person who started the service at a terminal. */
export function welcome({ config, address, targets, simulatorUrl }: Started): string {
  const url = `${config.server.tls === undefined ? "http" : "https"}://${formatAddress(reachable(address))}`;
  const lines = [
    ...(simulatorUrl === undefined ? [] : rehearsal(url, simulatorUrl)),
    `  Tocsin    ${url}`,
    ...(simulatorUrl === undefined ? targets.map(targetLine) : [`  simulator ${simulatorUrl}`]),
    `  ledger    ${ledgerName(config.ledger)}`,
    ...discoveryLines(config.discovery),
    ...(simulatorUrl === undefined && targets.length + discoveryLines(config.discovery).length === 0
      ? ["", "NO ONE IS PAGED: there are no `targets:`."]
      : []),
  ];
  return `\n${lines.join("\n")}\n\n`;
}

const targetLine = (entry: ResolvedTarget): string => `  target    ${entry.name}: ${stateOf(entry)}`;

/** The targets may not be read yet. */
const discoveryLines = ({ files, kubernetes }: Config["discovery"]): string[] => [
  ...files.map(({ where }) => `  targets   from files in ${where}`),
  ...(kubernetes?.namespaces ?? []).map((namespace) => `  targets   from Secrets in namespace ${namespace}`),
];

/** A client cannot connect to the wildcard address, so it is replaced. */
const reachable = ({ host, port }: Address): Address => ({
  host: host === "::" || host === "0.0.0.0" ? "localhost" : host,
  port,
});

const labels = { alertname: "DiskFull", severity: "critical", instance: "db-1" };
const annotations = { summary: "The disk of db-1 is full" };

/** Suggestions for a first try, if events go to the simulator. */
function rehearsal(url: string, simulatorUrl: string): string[] {
  const send = (status: string) =>
    `  curl ${url}/api/v1/webhook/alertmanager -d '${JSON.stringify({ alerts: [{ status, labels, annotations }] })}'`;
  return [
    "NO ONE IS PAGED: there is no tocsin.yaml and no PAGERDUTY_ROUTING_KEY, so Tocsin sends to its built-in simulator.",
    "",
    "Raise an alert:",
    send("firing"),
    "See the incident that it opens:",
    `  curl ${simulatorUrl}/_sim/incidents`,
    "See both in a browser:",
    `  ${url}`,
    "See why it was sent:",
    `  curl '${url}/api/v1/explain?fingerprint=${alertFingerprint(labels)}'`,
    "End it:",
    send("resolved"),
    "",
  ];
}
