import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { Failure } from "./failure.ts";
import { request } from "./request.ts";

export interface Data<T> {
  /** The last answer. It stays while a newer one is read, or cannot be read. */
  readonly data: T | undefined;
  readonly failure: Failure | undefined;
  readonly loading: boolean;
  readonly reload: () => void;
}

/** How long a failed read waits before the next try; the banner of the stream shows the cut meanwhile. */
const retryMs = 5_000;

/**
 * Reads from the API, again on each change of `path` and, while the page is visible, every `everyMs`.
 *
 * @param path undefined: reads nothing yet
 */
export function useData<T>(path: string | undefined, { everyMs }: { readonly everyMs?: number } = {}): Data<T> {
  const [found, setFound] = useState<{
    readonly path: string;
    readonly data: T | undefined;
    readonly failure?: Failure;
  }>();
  const [loading, setLoading] = useState(false);
  const read = useRef<() => void>(() => {});
  useEffect(() => {
    if (path === undefined) return;
    const aborter = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let reading = false;
    let again = false;
    const readNow = async (): Promise<void> => {
      clearTimeout(timer);
      // A read that began before a change may not show it, so one more follows.
      again = reading;
      if (reading) return;
      reading = true;
      setLoading(true);
      const answer = await request<T>(path, { signal: aborter.signal });
      reading = false;
      if (aborter.signal.aborted) return;
      setLoading(false);
      setFound((before) =>
        answer.ok
          ? { path, data: answer.body }
          : { path, data: before?.path === path ? before.data : undefined, failure: answer.failure },
      );
      if (again) void readNow();
      else if (!answer.ok && (answer.failure.status === 0 || answer.failure.status >= 500))
        timer = setTimeout(tick, retryMs);
      else if (everyMs !== undefined) timer = setTimeout(tick, everyMs);
    };
    const tick = (): void => {
      if (document.visibilityState === "visible") void readNow();
    };
    const seen = (): void => {
      if (everyMs !== undefined) tick();
    };
    document.addEventListener("visibilitychange", seen);
    read.current = () => void readNow();
    void readNow();
    return () => {
      aborter.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
    };
  }, [path, everyMs]);
  const reload = useCallback(() => read.current(), []);
  const current = found?.path === path ? found : undefined;
  return {
    data: current?.data,
    failure: current?.failure,
    loading: loading || (path !== undefined && current === undefined),
    reload,
  };
}
