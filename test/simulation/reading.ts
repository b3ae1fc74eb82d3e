import type { Alert, Clock, Ledger, Route } from "@tocsin/core/decisions";

/** The API of the Alertmanagers whose webhooks are a source. */
export interface ReadableApi {
  readonly source: string;
  readonly instances: number;
  /** `done(undefined)`: refused; not called: no answer comes. */
  readonly ask: (instance: number, path: string, done: (body: string | undefined) => void) => void;
  /** For how long a Prometheus in front of them has said without a break that the alert fires, ms; 0: none does. */
  readonly firesForMs: (alert: string) => number;
}

/** The environment of a reader of one source, in one process. */
export interface ReaderOptions {
  readonly source: string;
  readonly instances: number;
  readonly get: (instance: number, path: string, signal: AbortSignal) => Promise<string | undefined>;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly routesOf: (alert: Alert) => readonly Route[];
  readonly wake: () => void;
  readonly remindMs: number;
  /** Takes an error that is our own fault. */
  readonly bug: (error: unknown) => void;
}

/** Starts the service's reader: packages and tests of packages may not import the app. */
export type StartReader = (options: ReaderOptions) => { stop(): Promise<void> };

/**
 * A reading must not end an alert that a Prometheus has called firing for longer than this: it has sent it at least twice by
 * then, and every post says that it fires for 4 more minutes.
 */
export const firesSurelyMs = 5 * 60_000;
