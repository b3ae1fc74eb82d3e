import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type IncidentRow, Simulator } from "@tocsin/simulator";
import { compose } from "../compose.ts";
import { readConfig } from "../config/config.ts";
import { formatAddress } from "../config/address.ts";
import { simulatedTarget } from "./defaults.ts";
import { exitCode } from "./exit-code.ts";
import { breakOut, calmDown, type StormAlert, stormAlerts } from "./storm.ts";
import { table } from "./table.ts";
import type { Terminal } from "./terminal.ts";

/** The receiver's limit. It is higher than PagerDuty's 120 per 60 s, so that the demo ends while a person watches. */
const limit = { limit: 100, per: "2s" };

/** Time between two batches of the storm. */
const batchEveryMs = 60;

/** Longest time for the demo. If it has not ended by then, something is broken. */
const maxDurationMs = 60_000;

/** `tocsin demo`: sends a storm of alerts through a real service to the simulator, from the first page to the last resolve. */
export async function demo(terminal: Terminal): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), "tocsin-demo-"));
  const stand = new Simulator({ limit });
  try {
    const { url } = await stand.listen();
    const config = readConfig(
      {
        server: { listen: "127.0.0.1:0" },
        ledger: { url: "sqlite:demo.db" },
        delivery: { reorderWindow: "200ms" },
        targets: [simulatedTarget(url, { rate_limit: limit })],
        telemetry: { logs: { level: "error" } },
      },
      { dir, env: terminal.env },
    );
    const tocsin = await compose(config, { writeLog: terminal.err, env: terminal.env, reread: () => config });
    try {
      return await play(terminal, stand, `http://${formatAddress(tocsin.address)}/api/v1`);
    } finally {
      await tocsin.stop();
    }
  } finally {
    await stand.close();
    rmSync(dir, { recursive: true });
  }
}

/** The sent alerts and their incidents. */
interface Tally {
  posted: number;
  duplicates: number;
  /** The first time that each alert was sent, by fingerprint. */
  readonly raisedAtMs: Map<string, number>;
}

async function play(terminal: Terminal, stand: Simulator, api: string): Promise<number> {
  terminal.err(`A storm of ${stormAlerts} alerts, at a receiver that takes ${limit.limit} events per ${limit.per}:\n`);
  const tally: Tally = { posted: 0, duplicates: 0, raisedAtMs: new Map() };
  const progress = new Progress(terminal, () => line(tally, stand.incidents()));
  const startedAtMs = Date.now();
  const send = async (batches: Iterable<readonly StormAlert[]>) => {
    for (const batch of batches) {
      await post(api, batch, tally);
      progress.show();
      await sleep(batchEveryMs);
    }
  };
  const until = async (state: "told" | "closed") => {
    while ((await countOf(api, state)) < stormAlerts && Date.now() - startedAtMs < maxDurationMs) {
      progress.show();
      await sleep(batchEveryMs);
    }
  };
  try {
    await send(breakOut(startedAtMs));
    await until("told");
    await send(calmDown(startedAtMs));
    await until("closed");
  } finally {
    progress.end();
  }
  const incidents = stand.incidents();
  terminal.out(summary(tally, incidents, stand.refused().length));
  const ended = incidents.length >= stormAlerts && incidents.every(({ status }) => status === "resolved");
  return ended ? exitCode.ok : exitCode.failed;
}

async function post(api: string, alerts: readonly StormAlert[], tally: Tally): Promise<void> {
  for (const { fingerprint } of alerts) {
    if (!tally.raisedAtMs.has(fingerprint)) tally.raisedAtMs.set(fingerprint, Date.now());
  }
  const answer = await fetch(`${api}/webhook/alertmanager?source=demo`, {
    method: "POST",
    body: JSON.stringify({ alerts }),
  });
  const { duplicates } = (await answer.json()) as { duplicates: number };
  tally.posted += alerts.length;
  tally.duplicates += duplicates;
}

/** Number of alerts whose latest incident is in this state. */
async function countOf(api: string, state: "told" | "closed"): Promise<number> {
  const answer = await fetch(`${api}/stats`);
  const { incidents, alerts } = (await answer.json()) as {
    incidents: readonly { state: string; count: number }[];
    alerts: { firing: number };
  };
  const count = (wanted: string) => incidents.find((one) => one.state === wanted)?.count ?? 0;
  if (state === "told") return count("told");
  return alerts.firing + count("told") + count("due") + count("in_flight") === 0 ? stormAlerts : 0;
}

const line = ({ posted }: Tally, incidents: readonly IncidentRow[]): string => {
  const open = incidents.filter(({ status }) => status !== "resolved").length;
  return `${posted} alerts sent · ${incidents.length} incidents opened · ${open} open · ${incidents.length - open} resolved`;
};

function summary(
  { posted, duplicates, raisedAtMs }: Tally,
  incidents: readonly IncidentRow[],
  refused: number,
): string {
  const told = incidents.reduce((sum, { events }) => sum + events.length, 0);
  // A flapping alert opens several incidents; an operator waits for the first.
  const first = [...new Map(incidents.toReversed().map((incident) => [incident.dedup_key, incident])).values()];
  const waits = (severity?: string): string => {
    const waited = first
      .filter((incident) => severity === undefined || incident.severity === severity)
      .map((incident) => Date.parse(incident.opened_at) - (raisedAtMs.get(incident.dedup_key) ?? 0));
    return `${(Math.max(0, ...waited) / 1_000).toFixed(1)} s`;
  };
  return table(
    ["RESULT", ""],
    [
      ["accepted", `${posted} alerts, ${duplicates} of them repeats`],
      ["told", `${told} events: ${incidents.length} incidents opened and resolved`],
      ["collapsed", `${posted - told} alerts needed no event of their own`],
      ["refused", `${refused} events`],
      ["longest wait", `${waits()}; of criticals ${waits("critical")}`],
    ],
  );
}

/** A progress line that rewrites itself at a terminal; nothing is written to a file or a pipe. */
class Progress {
  readonly #terminal: Terminal;
  readonly #text: () => string;

  constructor(terminal: Terminal, text: () => string) {
    this.#terminal = terminal;
    this.#text = text;
  }

  show(): void {
    if (this.#terminal.watched) this.#terminal.err(`\r\u001B[K${this.#text()}`);
  }

  end(): void {
    if (this.#terminal.watched) this.#terminal.err("\n");
  }
}
