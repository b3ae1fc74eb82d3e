import { postgresPrograms, Random, TestPostgres } from "@tocsin/test";
import { chaos, type Mishap } from "./chaos.ts";
import { Fleet } from "./fleet.ts";
import { PagerDuty } from "./pagerduty.ts";
import { TcpProxy } from "./tcp-proxy.ts";
import type { Stats } from "./tocsin.ts";
import { among, type Judgement, judge } from "./judge.ts";

export interface FleetChaosOptions {
  readonly seed: number;
  /** Each fires, and every second one ends. */
  readonly alerts: number;
  readonly batchSize: number;
  /** An alert is delivered before it ends, so each of them passes all states. */
  readonly toldFirst?: true;
  readonly script: readonly Mishap[];
  /** The limit of the receiver and of its target. */
  readonly limit: { readonly limit: number; readonly per: string };
  /** The script fails over: a standby follows synchronously. */
  readonly standby?: true;
}

export interface FleetChaos extends Judgement {
  /** Attempts that were under way at replicas when they were killed or stopped, whether they reached the receiver or not. */
  readonly abandoned: number;
  /** Events of the run, with their times. */
  readonly log: readonly string[];
  /** Alerts answered 2xx, firing and resolved. */
  readonly accepted: number;
  readonly postsRepeated: number;
  readonly requests: number;
  /** Incidents that the receiver shows at the end. */
  readonly open: number;
  readonly ended: number;
  /** The stats of each replica at the end. */
  readonly stats: readonly Stats["alerts"][];
}

/** A lease is as long as the attempt may take and 20 s more. */
const timeoutMs = 3_000;
const longerThanALeaseMs = timeoutMs + 20_000 + 4_000;

/**
 * Whether nothing was repeated without need. An abandoned attempt is made again. If it was a trigger, and the resolve
 * was delivered since, the resolve is repeated once the trigger can no longer arrive; a receiver drops it unless the trigger arrived.
 */
export const repeatedNoMoreThanNeeded = ({ repeats, dropped, ambiguous, abandoned }: FleetChaos): boolean =>
  repeats - dropped <= ambiguous && dropped <= abandoned;

/** Three replicas over one PostgreSQL, all of which suffers what the script says while alerts come and go; then all is well. */
export async function fleetChaos({ seed, limit, standby, toldFirst, ...o }: FleetChaosOptions): Promise<FleetChaos> {
  const [programs] = postgresPrograms();
  if (!programs) throw new Error("no PostgreSQL: npm brings one for this platform");
  await using stack = new AsyncDisposableStack();
  const pagerduty = stack.use(await PagerDuty.open({ limit, seed }));
  // Long enough that a kill or a stop comes while requests are under way.
  pagerduty.stand.setFaults("slow headers by 300ms");
  const postgres = stack.use(
    await TestPostgres.open({ programs, ...(standby && { settings: { synchronous_standby_names: "*" } }) }),
  );
  const successor = standby && stack.use(await TestPostgres.open({ programs, standbyOf: postgres }));
  const proxy = stack.use(await TcpProxy.open(postgres.port));
  const target = pagerduty.target({ timeout: `${timeoutMs}ms`, rate_limit: limit });
  const config = { targets: [target], telemetry: { logs: { level: "warn" } } };
  const fleet = stack.use(await Fleet.start({ replicas: 3, config, over: postgres, through: proxy }));
  const told = new Set<string>();
  const looking = setInterval(() => {
    for (const { dedup_key: key } of toldFirst ? pagerduty.incidents() : []) told.add(key);
  }, 1_000);
  stack.defer(() => clearInterval(looking));
  const { sender, doubts, log } = await chaos({
    ...o,
    fleet,
    proxy,
    random: new Random(seed),
    pauseMs: longerThanALeaseMs,
    maxRestMs: 2_500,
    ...(toldFirst && { isTold: (name) => told.has(name) }),
    ...(successor && { failOver: () => failOver({ from: postgres, to: successor, proxy }) }),
  });
  await fleet.quiet({ withinMs: 600_000, everyMs: 200 });

  const { stand } = pagerduty;
  const incidents = pagerduty.incidents();
  const open = incidents.filter(({ status }) => status !== "resolved").length;
  const answers = await Promise.all(fleet.replicas.map((replica) => replica.get("/api/v1/stats")));
  return {
    ...judge(stand, { truth: sender.truth, heardAfterMs: sender.maxMs, inDoubt: among(doubts) }),
    abandoned: doubts.length,
    log,
    accepted: sender.accepted,
    postsRepeated: sender.repeated,
    requests: stand.requests(Infinity).length,
    open,
    ended: incidents.length - open,
    stats: answers.map(({ body }) => (body as Stats).alerts),
  };
}

/** The machine of one is lost, and the other takes its place. */
export async function failOver(o: {
  readonly from: TestPostgres;
  readonly to: TestPostgres;
  readonly proxy: TcpProxy;
}): Promise<TestPostgres> {
  await o.from.stop("SIGQUIT");
  o.to.promote();
  o.proxy.port = o.to.port;
  o.proxy.cut();
  return o.to;
}
