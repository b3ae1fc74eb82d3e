import type { Swallow } from "../faults/fault.ts";
import type { Region } from "../state/region.ts";
import type { Charge, Usage } from "../state/rate-limiter.ts";

/** One HTTP request as it arrived. Header names in lower case; `path` may carry a query. */
export interface SimulatorRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array | string;
}

/**
 * How the answer fails in transit. In virtual time it is this value; on a socket the server really does it.
 * `refused`: the connection never came to be. `reset`: it broke before any answer. `hang`: no answer, ever.
 * `half`: the answer broke off in its middle; `bytes` had been promised. `slow`: it came late, its headers or the
 * second half of its body.
 */
export type Mishap =
  | { readonly kind: "refused" }
  | { readonly kind: "reset"; readonly when: "before_reading" | "after_reading" }
  | { readonly kind: "hang" }
  | { readonly kind: "half"; readonly bytes: number }
  | { readonly kind: "slow"; readonly headersMs: number; readonly bodyMs: number };

/** The answer. `status` is 0 when the client gets none (refused, reset, hang). */
export interface SimulatorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly mishap?: Mishap;
  /** Number of the request in `requests()`. Absent for the control API. */
  readonly request?: number;
}

/** One broken rule: which field, and what is wrong with it. Never holds a credential. */
export interface Violation {
  readonly field: string;
  readonly reason: string;
}

export type { Region };

/** The effect of a request that the receiver applied. */
export interface Served {
  readonly answer: SimulatorAnswer;
  /** The change: `opened`, `logged`, `resolved`, … or `dropped`. Absent when the request was refused. */
  readonly effect?: string;
  readonly violations?: readonly Violation[];
  /** The dedup key, if the receiver generated it. */
  readonly dedupKey?: string;
}

/** A request that is parsed far enough to apply faults and limits. */
export interface Call {
  readonly action: string;
  /** Hash of the credential; absent when there is none that could be charged. */
  readonly key?: string | undefined;
  readonly dedupKey?: string | undefined;
  readonly charge?: Charge | undefined;
  /**
   * Validates, changes the state, answers. Earlier steps have no effect. `clockMs` is the receiver's own time. `swallow`: it accepts
   * a valid event without its usual effect.
   */
  serve(atMs: number, clockMs: number, swallow?: Swallow): Served;
  /** The answer when the window is full. */
  throttled(): SimulatorAnswer;
  /** Headers that say how much of the window is used, for receivers that do. */
  usageHeaders?(usage: Usage): Record<string, string>;
}

export interface Receiver {
  readonly name: string;
  takes(path: string): boolean;
  read(request: SimulatorRequest, region: Region): Call;
  /** Runs the work that is due by then. */
  tick?(atMs: number): void;
  /** Called when the simulator is reset. */
  forget?(): void;
}

export const json = (status: number, value: unknown, headers: Record<string, string> = {}): SimulatorAnswer => ({
  status,
  headers: { "content-type": "application/json", ...headers },
  body: JSON.stringify(value),
});

export const text = (status: number, body: string, headers: Record<string, string> = {}): SimulatorAnswer => ({
  status,
  headers: { "content-type": "text/plain; charset=utf-8", ...headers },
  body,
});

/** The path without its query. */
export const pathOf = (path: string): string => {
  const query = path.indexOf("?");
  return query === -1 ? path : path.slice(0, query);
};

export const queryOf = (path: string): URLSearchParams => {
  const query = path.indexOf("?");
  return new URLSearchParams(query === -1 ? "" : path.slice(query + 1));
};
