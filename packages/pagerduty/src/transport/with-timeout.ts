import { maxTimerMs } from "@tocsin/http/portable";
import { PagerDutyNetworkError } from "../errors.ts";
import type { ReachRequest } from "./transport.ts";

/** Work that the caller can stop. */
export interface Work<T> {
  /** Stops it. A later report has no effect. */
  stop(): void;
  /** The result after the timeout. It is called before `stop`. */
  timedOut(): T | PagerDutyNetworkError;
}

/** Ends with the work, at its timeout or at the abort, whichever comes first. An abort rejects at once with its reason. */
export function withTimeout<T>(
  { timeoutMs, signal }: ReachRequest,
  start: (resolve: (value: T) => void, reject: (error: Error) => void) => Work<T>,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    const onAbort = () => {
      end();
      work.stop();
      reject(signal!.reason as Error);
    };
    const timer = setTimeout(
      () => {
        end();
        const result = work.timedOut();
        work.stop();
        if (result instanceof PagerDutyNetworkError) reject(result);
        else resolve(result);
      },
      Math.min(timeoutMs, maxTimerMs),
    );
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    };
    signal?.addEventListener("abort", onAbort);
    const work = start(
      (value) => {
        end();
        resolve(value);
      },
      (error) => {
        end();
        reject(error);
      },
    );
  });
}
