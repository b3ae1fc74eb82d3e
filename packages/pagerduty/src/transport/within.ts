import { maxTimerMs } from "@tocsin/http/portable";
import { PagerDutyNetworkError } from "../errors.ts";
import type { ReachRequest } from "./transport.ts";

/** Work that can be stopped from outside. */
export interface Work<T> {
  /** Stops it. It may still report, which changes nothing. */
  stop(): void;
  /** What to give when its time is over. Asked before `stop`. */
  timedOut(): T | PagerDutyNetworkError;
}

/** Ends with the work, at its timeout or at the abort, whichever comes first; an abort rejects at once, with its reason. */
export function within<T>(
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
