import type { Alert } from "@tocsin/core/decisions";
import type { Alertmanager, Peer } from "./alertmanager.ts";

/** `resolve_timeout` by default: the time in which senders have repeated their alerts to an instance that started. */
const resolveTimeout = "5m";

/**
 * The body with which a peer answers a GET, after `api/v2/api.go` in prometheus/alertmanager: alerts that have not ended, each
 * active or suppressed, and the status with the members of the cluster. Undefined: there is nothing at this path.
 */
export function apiAnswer(
  cluster: Alertmanager,
  peer: Peer,
  path: string,
  alertOf: (name: string, startsAtMs: number) => Alert,
): string | undefined {
  if (path === "/api/v2/alerts") return JSON.stringify(peer.listed.map((listed) => alertAnswer(listed, alertOf)));
  if (path === "/api/v2/status") return JSON.stringify(statusAnswer(cluster, peer));
  return undefined;
}

function alertAnswer(
  { name, startsAtMs, silenced }: Peer["listed"][number],
  alertOf: (name: string, startsAtMs: number) => Alert,
): unknown {
  const { fingerprint, labels, annotations } = alertOf(name, startsAtMs);
  const state = silenced ? "suppressed" : "active";
  const status = { state, silencedBy: silenced ? ["silence"] : [], inhibitedBy: [] };
  return { fingerprint, labels, annotations, startsAt: new Date(startsAtMs).toISOString(), status };
}

function statusAnswer({ peers }: Alertmanager, peer: Peer): unknown {
  const names = peers.flatMap(({ up }, n) => (up ? [{ name: `peer-${n}` }] : []));
  return {
    cluster: peers.length === 1 ? { peers: [] } : { name: `peer-${peers.indexOf(peer)}`, peers: names },
    config: { original: `global:\n  resolve_timeout: ${resolveTimeout}\n` },
    uptime: new Date(peer.startedAtMs).toISOString(),
  };
}
