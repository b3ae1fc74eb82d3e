import type { ReadSecret } from "@tocsin/core";
import type { TargetDefinition } from "../target-definition.ts";

/** Reasons why targets could not be read. The list is closed, because the reason is a metric label. */
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

/** The operations: `list` reads everything in the place, `watch` follows its changes. */
export const discoveryOperations = ["list", "watch"] as const;
export type DiscoveryOperation = (typeof discoveryOperations)[number];

/** How current a discovery's knowledge of its place is. */
export interface SyncState {
  /** When everything in the place was last read, wall clock, ms since epoch; null: never. */
  readonly syncedAtMs: number | null;
  /** Since when changes may go unseen, ms since epoch; null: changes are followed. */
  readonly staleSinceMs: number | null;
  /** The last failure, while it persists. Holds no credential. */
  readonly error: string | null;
}

/** Receives the events of a discovery. Must not throw. */
export interface DiscoveryObserver {
  /** `targets` changed, or was read for the first time. */
  changed(): void;
  /** Everything was read once more. */
  synced(): void;
  /** Called for each failure, including those that a resumed watch repairs. */
  failed(operation: DiscoveryOperation, reason: DiscoveryReason): void;
  /** `syncState` changed in more than its times. */
  turned(): void;
}

/**
 * One place where targets are found and watched: a directory or a namespace. It keeps a target that it cannot read, and removes a target only after it has seen that it is gone.
 */
export interface Discovery {
  /** The kind of discovery; a metric label. */
  readonly source: "files" | "kubernetes";
  /** The directory or the namespace. */
  readonly where: string;
  readonly readSecret: ReadSecret;
  /**
   * The targets of the place, in the order of names; undefined: never read. An object stays the same object while its content
   * is the same.
   */
  readonly targets: readonly TargetDefinition[] | undefined;
  readonly syncState: SyncState;
  start(observer: DiscoveryObserver): void;
  /** Reads everything now. Resolves when the read has ended, whether it succeeded or failed. */
  refresh(): Promise<void>;
  stop(): Promise<void>;
}
