import type { Random } from "../../kit/random.ts";
import type { AlertmanagerPlan } from "./alertmanager.ts";

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** Prometheis that watch the same, and the Alertmanager in front of them if there is one. */
export interface SenderSetup {
  /** Prometheis that watch the same, each with its clock, ms ahead of the true time. */
  readonly skewsMs: readonly number[];
  readonly intervalMs: number;
  /** They post directly, to an Alertmanager, or to both. */
  readonly to: "direct" | "alertmanager" | "both";
  /** They post from one address. */
  readonly sharedAddress: boolean;
  readonly alertmanager: AlertmanagerPlan;
  /** Share of requests that do not arrive. */
  readonly loss: number;
  readonly maxDelayMs: number;
  /** How late a replica sees a change, at most; and the share of evaluations in which it sees the contrary. */
  readonly lagMs: number;
  readonly flicker: number;
  /** Faults that happen now and then. */
  readonly incidents: readonly ("silence" | "restart prometheus" | "restart alertmanager" | "clock back")[];
}

const plain = (random: Random): SenderSetup => ({
  skewsMs: [0],
  intervalMs: random.pick([15, 30, 60]) * second,
  to: "direct",
  sharedAddress: false,
  alertmanager: {
    peers: 1,
    grouped: random.chance(0.5),
    groupWaitMs: random.pick([0, 10, 30]) * second,
    groupIntervalMs: random.pick([30 * second, minute, 5 * minute]),
    repeatIntervalMs: random.pick([10 * minute, hour, 4 * hour]),
    gossipMs: random.pick([100, second, 10 * second]),
  },
  loss: 0,
  maxDelayMs: random.pick([10, 500, 2_000]),
  lagMs: 0,
  flicker: 0,
  incidents: [],
});

const pair = (random: Random): SenderSetup => ({
  ...plain(random),
  skewsMs: [0, 0],
  lagMs: random.pick([0, 20, 90]) * second,
  flicker: random.pick([0, 0, 0.05]),
});

const cluster = (random: Random, setup: SenderSetup): SenderSetup => ({
  ...setup,
  to: "alertmanager",
  alertmanager: { ...setup.alertmanager, peers: random.between(2, 3) },
});

/** Kinds of senders; each makes its set-ups by a seed. */
export const senderKinds = {
  prometheus: plain,
  "prometheus with loss": (random) => ({ ...plain(random), loss: 0.2 }),
  "prometheus that restarts": (random) => ({ ...plain(random), incidents: ["restart prometheus"] }),
  "prometheus with a clock slightly ahead": (random) => ({
    ...plain(random),
    skewsMs: [random.between(1, 60) * second],
  }),
  "prometheus with a clock minutes ahead": (random) => ({
    ...plain(random),
    skewsMs: [random.between(61, 900) * second],
  }),
  "prometheus a day ahead": (random) => ({ ...plain(random), skewsMs: [24 * hour] }),
  "prometheus with a clock behind": (random) => ({ ...plain(random), skewsMs: [-random.between(1, 110) * second] }),
  "prometheus whose clock is set back": (random) => ({ ...plain(random), incidents: ["clock back"] }),
  pair,
  "pair with loss": (random) => ({ ...pair(random), loss: 0.2 }),
  "pair that restarts": (random) => ({ ...pair(random), incidents: ["restart prometheus"] }),
  "pair behind one address": (random) => ({ ...pair(random), sharedAddress: true }),
  "pair behind one address with loss": (random) => ({ ...pair(random), sharedAddress: true, loss: 0.2 }),
  "pair behind one address that restarts": (random) => ({
    ...pair(random),
    sharedAddress: true,
    incidents: ["restart prometheus"],
  }),
  "pair behind one address, a day ahead": (random) => ({
    ...pair(random),
    sharedAddress: true,
    skewsMs: [24 * hour, 24 * hour],
  }),
  "pair behind one address, one a little behind": (random) => ({
    ...pair(random),
    sharedAddress: true,
    skewsMs: [0, -random.between(1, 110) * second],
  }),
  alertmanager: (random) => ({ ...plain(random), to: "alertmanager" }),
  "alertmanager with loss": (random) => ({ ...plain(random), to: "alertmanager", loss: 0.2 }),
  "alertmanager with silences": (random) => ({ ...plain(random), to: "alertmanager", incidents: ["silence"] }),
  "alertmanager that restarts": (random) => ({
    ...plain(random),
    to: "alertmanager",
    incidents: ["restart alertmanager"],
  }),
  "alertmanager of a pair": (random) => ({ ...pair(random), to: "alertmanager" }),
  "alertmanager of a pair with loss": (random) => ({ ...pair(random), to: "alertmanager", loss: 0.2 }),
  "alertmanager of a pair that restarts": (random) => ({
    ...pair(random),
    to: "alertmanager",
    incidents: ["restart prometheus"],
  }),
  "alertmanager of a prometheus behind": (random) => ({
    ...plain(random),
    to: "alertmanager",
    skewsMs: [-random.between(1, 110) * second],
  }),
  cluster: (random) => cluster(random, plain(random)),
  "cluster of a pair": (random) => cluster(random, pair(random)),
  // Slower than a peer waits for the notification log of another: both notify, and the older snapshot may win the log.
  "cluster with a slow gossip": (random) => {
    const setup = cluster(random, pair(random));
    return { ...setup, alertmanager: { ...setup.alertmanager, gossipMs: minute } };
  },
  "cluster of a pair with loss": (random) => cluster(random, { ...pair(random), loss: 0.2 }),
  "cluster with silences": (random) => cluster(random, { ...pair(random), incidents: ["silence"] }),
  "cluster that restarts": (random) => cluster(random, { ...pair(random), incidents: ["restart alertmanager"] }),
  "alertmanager and its prometheus": (random) => ({ ...plain(random), to: "both" }),
  "alertmanager and its pair": (random) => ({ ...pair(random), to: "both" }),
  "cluster with everything": (random) =>
    cluster(random, {
      ...pair(random),
      loss: 0.1,
      incidents: ["silence", "restart alertmanager", "restart prometheus"],
    }),
  // Behind one address, a firing of the one whose clock is minutes behind would be a resolve for both.
  "pair with everything": (random) => ({
    ...pair(random),
    loss: 0.1,
    incidents: ["restart prometheus", "clock back"],
  }),
  "pair behind one address with everything": (random) => ({
    ...pair(random),
    sharedAddress: true,
    loss: 0.1,
    incidents: ["restart prometheus"],
  }),
} as const satisfies Record<string, (random: Random) => SenderSetup>;

export type SenderKind = keyof typeof senderKinds;

export const allSenderKinds = Object.keys(senderKinds) as SenderKind[];
