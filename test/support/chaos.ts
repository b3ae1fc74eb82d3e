import type { Random, TestPostgres } from "@tocsin/test";
import { setTimeout as sleep } from "node:timers/promises";
import { webhookAlert, type WebhookAlert } from "./alerts.ts";
import type { Fleet } from "./fleet.ts";
import { Sender } from "./storm.ts";
import type { TcpProxy } from "./tcp-proxy.ts";
import type { Service } from "./tocsin.ts";
import { inFlightAt, type InFlightAttempt } from "./in-flight.ts";
import { waitUntil } from "./wait-until.ts";

export interface ChaosOptions {
  readonly fleet: Fleet;
  readonly alerts: number;
  readonly batchSize: number;
  readonly random: Random;
  /** The faults, in this order, while alerts start and end. */
  readonly script: readonly Mishap[];
  /** A replica that is stopped goes on so much later. */
  readonly pauseMs: number;
  /** Only delivered alerts end. @default alerts end a little later, delivered or not */
  readonly isTold?: (fingerprint: string) => boolean;
  /** Between two mishaps, at most. */
  readonly maxRestMs: number;
  /** Between the replicas and PostgreSQL, for what happens there. */
  readonly proxy?: TcpProxy;
  /** Returns the server that took over. */
  readonly failOver?: () => Promise<TestPostgres>;
}

export type Mishap = "kill" | "pause" | "restart postgres" | "crash postgres" | "cut" | "stall" | "fail over";

/** Longer than a replica waits for an answer. */
const stallMs = 12_000;

export interface Chaos {
  readonly sender: Sender;
  /** The attempts in flight at replicas when they were killed or stopped. */
  readonly doubts: readonly InFlightAttempt[];
  readonly log: readonly string[];
}

const severities = ["critical", "error", "warning", "info"];

/** Alerts fire and end at replicas that are killed, stopped and go on, over a PostgreSQL that is stopped and crashes. */
export async function chaos(o: ChaosOptions): Promise<Chaos> {
  const { fleet, random, isTold } = o;
  const unwell = new Set<Service>();
  const well = (): Service[] => fleet.replicas.filter((one) => !unwell.has(one));
  const choice = random.fork("senders");
  const sender = new Sender({
    async ask(...request) {
      return choice.pick(well()).ask(...request);
    },
  });
  let { postgres } = fleet;
  const doubts: InFlightAttempt[] = [];
  const log: string[] = [];
  const startedAtMs = Date.now();
  const say = (what: string): void => void log.push(`${((Date.now() - startedAtMs) / 1_000).toFixed(1)} s ${what}`);
  const going: Promise<unknown>[] = [];

  const happen: Record<Mishap, () => Promise<void>> = {
    async kill() {
      if (well().length < 2) return;
      const one = random.pick(well());
      unwell.add(one);
      await one.kill();
      doubts.push(...(await inFlightAt(postgres, one)));
      await sleep(random.between(0, 500));
      await one.start();
      unwell.delete(one);
    },
    async pause() {
      if (well().length < 2) return;
      const one = random.pick(well());
      unwell.add(one);
      one.process.signal("SIGSTOP");
      doubts.push(...(await inFlightAt(postgres, one)));
      const goOn = async (): Promise<void> => {
        await sleep(o.pauseMs);
        one.process.signal("SIGCONT");
        unwell.delete(one);
        say("a stopped replica goes on");
      };
      going.push(goOn());
    },
    async "restart postgres"() {
      await postgres.stop("SIGINT");
      await sleep(random.between(0, 500));
      await postgres.start();
    },
    async "crash postgres"() {
      await postgres.stop("SIGQUIT");
      await postgres.start();
    },
    async cut() {
      o.proxy?.cut();
    },
    async stall() {
      o.proxy?.stall();
      await sleep(stallMs);
      o.proxy?.flow();
    },
    async "fail over"() {
      if (o.failOver) postgres = await o.failOver();
    },
  };

  let over = false;
  const mishaps = (async () => {
    for (const mishap of o.script) {
      await sleep(random.between(200, o.maxRestMs));
      say(mishap);
      await happen[mishap]();
      // Attempts that were answered while PostgreSQL was away are settled before the next owner is killed.
      if (mishap.endsWith("postgres")) await waitUntil("the fleet is ready", () => ready(well()));
    }
    over = true;
  })();

  const batches = Math.ceil(o.alerts / o.batchSize);
  const episodes = Array.from({ length: batches }, async (_, batch) => {
    const from = batch * o.batchSize;
    // The batches of alerts are spread evenly over the faults of the run, however long it takes.
    await waitUntil("its turn", () => over || log.length >= (batch / batches) * o.script.length, {
      withinMs: 3_600_000,
      everyMs: 50,
    });
    await sleep(choice.between(0, 500));
    await episode(sender, from, Math.min(from + o.batchSize, o.alerts), async (names) => {
      await sleep(choice.between(0, 4_000));
      if (isTold)
        await waitUntil("they are delivered", () => names.every(isTold), { withinMs: 3_600_000, everyMs: 500 });
    });
  });
  await Promise.all([mishaps, ...episodes]);
  await Promise.all(going);
  await waitUntil("the fleet is ready", () => ready(fleet.replicas));
  return { sender, doubts, log };
}

async function ready(replicas: readonly Service[]): Promise<boolean> {
  const answers = await Promise.all(replicas.map((one) => one.get("/readyz")));
  return answers.every(({ status }) => status === 200);
}

const nameOf = (n: number): string => n.toString(16).padStart(16, "0");

/** A batch fires; the odd ones of it end when it is time. */
async function episode(
  sender: Sender,
  from: number,
  to: number,
  timeToEnd: (names: readonly string[]) => Promise<void>,
): Promise<void> {
  const numbers = Array.from({ length: to - from }, (_, index) => from + index);
  const facts = { startsAt: new Date(Date.now() - 1_000).toISOString() };
  const say = (n: number, status: "firing" | "resolved"): WebhookAlert =>
    webhookAlert(nameOf(n), status, { ...facts, severity: severities[n % 4] as string });
  await sender.send(numbers.map((n) => say(n, "firing")));
  const odd = numbers.filter((n) => n % 2 === 1);
  await timeToEnd(odd.map(nameOf));
  await sender.send(odd.map((n) => say(n, "resolved")));
}
