import type { Change, ChangeState } from "@tocsin/core";
import type { KnownWorkload, RolloutText } from "./known-workload.ts";
import type { RolloutDecision } from "./rollout-of.ts";
import type { SeenWorkload } from "./seen-workload.ts";
import type { TemplateDigest } from "./template-digest.ts";
import { templateDiff } from "./template-diff.ts";

/** The scope of the ids of these changes. */
export const origin = "rollouts";

/** Maximum length of the difference in a summary, UTF-16 units. The details have all lines. */
const maxSummaryLength = 400;

type Named = Pick<SeenWorkload, "kind" | "namespace" | "name" | "labels">;

/** A rollout that begins, with the words that it keeps until its end. */
export interface BegunRollout {
  readonly change: Change;
  readonly text: RolloutText;
}

/** Describes a rollout that begins. `before` is undefined if the earlier template is not known. */
export function begunRollout(
  decision: Extract<RolloutDecision, { kind: "created" | "begin" | "restart" }>,
  before: KnownWorkload | undefined,
  after: SeenWorkload,
  nowMs: number,
): BegunRollout {
  const lines = linesOf(decision, before, after);
  const text: RolloutText = {
    kind: decision.kind === "begin" ? "rollout" : decision.kind,
    difference: shortened(lines.join(", ")),
  };
  const { templateOwner, createdAtMs, revision } = after;
  const atMs = decision.kind === "created" ? createdAtMs : templateOwner?.atMs;
  const change: Change = {
    ...common(after, decision.id, atMs, nowMs),
    summary: summaryOf(after, text, "running"),
    customDetails: {
      ...place(after),
      changes: lines,
      images: Object.fromEntries(Object.entries(after.template.containers).map(([name, { image }]) => [name, image])),
      ...(revision !== "" && { revision }),
      ...(templateOwner?.manager !== undefined && { manager: templateOwner.manager }),
    },
    state: "running",
  };
  return { change, text };
}

/** The same rollout at its end. `reason` is a predicate that says why it is not complete. */
export const endedRollout = (workload: Named, { change, text }: BegunRollout, reason: string | undefined): Change => {
  const state = reason === undefined ? "complete" : "failed";
  return {
    ...change,
    state,
    summary: summaryOf(workload, text, state, reason),
    ...(reason !== undefined && { customDetails: { ...(change.customDetails as object), reason } }),
  };
};

export const scaling = (
  { id, from, to, manager }: Extract<RolloutDecision, { kind: "scale" }>,
  after: SeenWorkload,
  nowMs: number,
): Change => ({
  ...common(after, id, manager === undefined ? undefined : after.replicasOwner?.atMs, nowMs),
  summary: `Scaled ${after.name} in ${after.namespace}: ${replicaLine(from, to)}`,
  customDetails: {
    ...place(after),
    changes: [replicaLine(from, to)],
    ...(manager !== undefined && { manager }),
  },
});

export const deletion = (known: KnownWorkload, id: string, atMs: number | undefined, nowMs: number): Change => ({
  ...common(known, id, atMs, nowMs),
  summary: `Deleted ${known.name} in ${known.namespace}`,
  customDetails: place(known),
});

const replicaLine = (from: number, to: number): string => `replicas ${from} → ${to}`;

const place = ({ kind, namespace, name }: Named) => ({ kind, namespace, name });

function common(workload: Named, id: string, atMs: number | undefined, nowMs: number) {
  const { kind, namespace, name, labels } = workload;
  const app = labels["app"] || labels["app.kubernetes.io/name"];
  const service = labels["service"] || labels["app.kubernetes.io/name"] || labels["app"];
  const environment = labels["environment"] || labels["env"];
  return {
    id,
    origin,
    source: `${namespace}/${name}`,
    timestampMs: Math.min(atMs ?? nowMs, nowMs),
    labels: { namespace, kind, name, ...(app && { app }), ...(service && { service }) },
    ...(environment && { environment }),
    links: [],
  };
}

function linesOf(decision: RolloutDecision, before: KnownWorkload | undefined, after: SeenWorkload): string[] {
  if (before === undefined || decision.kind === "created")
    return Object.entries(after.template.containers).map(([name, { image }]) => `image ${name} ${image}`);
  if (decision.kind !== "begin" && decision.kind !== "restart") return [];
  const lines = decision.kind === "begin" ? templateDiff(before.template, after.template) : [];
  if (decision.kind === "begin" && lines.length === 0 && before.template.restartedAt !== after.template.restartedAt)
    lines.push("the restart was undone");
  const { scaledFrom } = decision;
  if (scaledFrom !== undefined && after.replicas !== undefined) lines.push(replicaLine(scaledFrom, after.replicas));
  if (decision.kind === "restart" || !decision.isBack) return lines;
  return [`back to ${changedImages(before.template, after.template).join(", ")}`, ...lines];
}

const changedImages = (before: TemplateDigest, after: TemplateDigest): string[] => {
  const former = new Set(Object.values(before.containers).map(({ image }) => image));
  const images = Object.values(after.containers).map(({ image }) => image);
  const changed = images.filter((image) => !former.has(image));
  return changed.length > 0 ? changed : images;
};

const verbs: Record<RolloutText["kind"], Record<ChangeState, (what: string) => string>> = {
  rollout: {
    running: (what) => `Rolling out ${what}`,
    complete: (what) => `Rolled out ${what}`,
    failed: (what) => `Rollout of ${what}`,
  },
  restart: {
    running: (what) => `Restarting ${what}`,
    complete: (what) => `Restarted ${what}`,
    failed: (what) => `Restart of ${what}`,
  },
  created: {
    running: (what) => `Creating ${what}`,
    complete: (what) => `Created ${what}`,
    failed: (what) => `Creation of ${what}`,
  },
};

function summaryOf({ name, namespace }: Named, { kind, difference }: RolloutText, state: ChangeState, reason?: string) {
  const title = verbs[kind][state](`${name} in ${namespace}`);
  return `${title}${reason === undefined ? "" : ` ${reason}`}${difference === "" ? "" : `: ${difference}`}`;
}

const shortened = (text: string): string =>
  text.length > maxSummaryLength ? `${text.slice(0, maxSummaryLength - 1)}…` : text;
