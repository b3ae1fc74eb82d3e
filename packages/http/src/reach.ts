import { type ConnectOptions, connect, type Destination } from "./connect.ts";
import { maxTimerMs } from "./clock.ts";

/** Whether a server can be connected to. */
export type Reached =
  | { readonly kind: "reached" }
  /** A step failed. The steps before it succeeded. */
  | { readonly kind: "failed"; readonly step: ConnectStep; readonly error: Error }
  /** The abort signal or the timeout ended the request in this step. */
  | { readonly kind: "stopped"; readonly step: ConnectStep };

export type ConnectStep = "dns" | "tcp" | "tls";

export interface ReachOptions extends Pick<ConnectOptions, "clock"> {
  readonly signal?: AbortSignal | undefined;
  /** @default none */
  readonly timeoutMs?: number;
}

/**
 * Looks the name up, connects, shakes hands for TLS and closes the connection. It sends no request: the response to a request
 * without an event would say nothing about events.
 */
export function reach(to: Destination, { signal, timeoutMs, clock }: ReachOptions = {}): Promise<Reached> {
  return new Promise((resolve) => {
    let step: ConnectStep = "dns";
    const end = (result: Reached) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
      resolve(result);
    };
    const stop = () => {
      cancel();
      end({ kind: "stopped", step });
    };
    const timer = timeoutMs === undefined ? undefined : setTimeout(stop, Math.min(timeoutMs, maxTimerMs));
    const cancel = connect(
      to,
      (error, socket) => {
        socket?.destroy();
        end(socket ? { kind: "reached" } : { kind: "failed", step, error: error! });
      },
      { clock, onStep: (next) => (step = next) },
    );
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}
