import type { ReadSecret } from "@tocsin/core";
import type { TargetDefinition } from "../target-definition.ts";

/** Why targets could not be read. Closed: it is a metric label. */
export const discoveryReasons = [
  "network",
  "unauthorized",
  "forbidden",
  "expired",
  "throttled",
  "server",
  "protocol",
  "configuration",
  "unreadable",
] as const;
export type DiscoveryReason = (typeof discoveryReasons)[number];

/** What was tried: everything that is there was read, or its changes were followed. */
export type DiscoveryOperation = "list" | "watch";

/** How well a discovery knows what is there. */
export interface SyncState {
  /** When all that is there was read last, wall clock; null: never. */
  readonly syncedAtMs: number | null;
  /** Since when changes may go unseen; null: they are followed. */
  readonly staleSinceMs: number | null;
  /** What went wrong last, while it does. Holds no credential. */
  readonly error: string | null;
}

/** Told of what happens. Must not throw. */
export interface DiscoveryObserver {
  /** `targets` differs from what it was, or was read for the first time. */
  changed(): void;
  /** Everything was read once more. */
  synced(): void;
  /** Each failure, also those that a resume makes good. */
  failed(operation: DiscoveryOperation, reason: DiscoveryReason): void;
  /** `standing` differs in more than its time. */
  turned(): void;
}

/**
 * One place where targets are found and watched: a directory, a namespace. What it cannot read it keeps: only what is
 * seen to be gone is gone.
 */
export interface Discovery {
  /** The family; a label of metrics. */
  readonly source: "files" | "kubernetes";
  /** The directory or the namespace. */
  readonly where: string;
  readonly readSecret: ReadSecret;
  /** What is there, in the order of names; undefined: never read. An object stays the same while it says the same. */
  readonly targets: readonly TargetDefinition[] | undefined;
  readonly syncState: SyncState;
  start(observer: DiscoveryObserver): void;
  /** Reads everything now; resolves when that ended, well or not. */
  refresh(): Promise<void>;
  stop(): Promise<void>;
}
