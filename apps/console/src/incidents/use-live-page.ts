import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { Failure } from "../api/failure.ts";
import type { IncidentPage } from "../api/incident-body.ts";
import type { IncidentBody } from "../api/incident-body.ts";
import { request } from "../api/request.ts";
import { listenToIncidents } from "../live/listen-to-incidents.ts";
import { type LiveRows, mergeRows, rereadRows, startRows } from "../live/merge-rows.ts";

interface Shown {
  readonly path: string;
  readonly live: LiveRows<IncidentBody>;
  readonly page: IncidentPage;
}

export interface LivePage {
  readonly shown: Shown | undefined;
  readonly failure: Failure | undefined;
  readonly loading: boolean;
  /** Reads the page again and shows it as it is then: rows may appear, move and disappear. */
  readonly refresh: () => Promise<void>;
  /** Takes over incidents that the page itself has changed. */
  readonly patch: (incidents: readonly IncidentBody[]) => void;
}

/** In a storm the service says every 2 s that changes were missed. A read does not follow sooner than this on another. */
const calmMs = 2_000;

/** Some changes come from clocks and limiters only, and the stream does not have them. */
const rereadEveryMs = 30_000;

/** The last page, so that Back shows it at once, at the same position. */
let kept: Shown | undefined;

/**
 * A page of the list of incidents that stays in place: changed rows are replaced where they are, and other changes are counted
 * until the reader refreshes.
 */
export function useLivePage(path: string): LivePage {
  const [shown, setShown] = useState<Shown | undefined>(kept?.path === path ? kept : undefined);
  const [failure, setFailure] = useState<Failure>();
  const [loading, setLoading] = useState(false);
  const refreshing = useRef<() => Promise<void>>(async () => {});
  const update = useCallback((change: (live: LiveRows<IncidentBody>) => LiveRows<IncidentBody>) => {
    setShown((before) => {
      const live = before && change(before.live);
      return !before || !live || live === before.live ? before : (kept = { ...before, live });
    });
  }, []);

  useEffect(() => {
    const aborter = new AbortController();
    let reading = false;
    let again = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const read = async (mode: "start" | "reread"): Promise<void> => {
      clearTimeout(timer);
      reading = true;
      if (mode === "start") setLoading(true);
      // Changes that arrive while the page is read may be newer than the answer.
      const during: IncidentBody[] = [];
      const unlisten = listenToIncidents(({ incidents }) => void during.push(...incidents));
      const answer = await request<IncidentPage>(path, { signal: aborter.signal });
      unlisten();
      reading = false;
      if (aborter.signal.aborted) return;
      setLoading(false);
      setFailure(answer.ok ? undefined : answer.failure);
      if (answer.ok) {
        const { incidents } = answer.body;
        if (mode === "start") {
          kept = { path, page: answer.body, live: mergeRows(startRows(incidents), during.filter(isIn(incidents))) };
          setShown(kept);
        } else update((live) => mergeRows(rereadRows(live, incidents), during));
      }
      const waitMs = again || !answer.ok ? calmMs : rereadEveryMs;
      again = false;
      timer = setTimeout(reread, waitMs);
    };
    const reread = (): void => {
      if (document.visibilityState === "visible") void read("reread");
      else timer = setTimeout(reread, rereadEveryMs);
    };
    const soon = (): void => {
      if (reading) {
        again = true;
        return;
      }
      clearTimeout(timer);
      timer = setTimeout(reread, calmMs);
    };
    const unlisten = listenToIncidents(({ incidents, missed }) => {
      update((live) => mergeRows(live, incidents));
      if (missed) soon();
    });
    refreshing.current = () => read("start");
    if (kept?.path === path) {
      setShown(kept);
      void read("reread");
    } else void read("start");
    return () => {
      unlisten();
      aborter.abort();
      clearTimeout(timer);
    };
  }, [path, update]);

  const current = shown?.path === path ? shown : undefined;
  return {
    shown: current,
    failure,
    loading: loading || current === undefined,
    refresh: useCallback(() => refreshing.current(), []),
    patch: useCallback((incidents) => update((live) => mergeRows(live, incidents)), [update]),
  };
}

const isIn =
  (rows: readonly IncidentBody[]) =>
  ({ id }: IncidentBody): boolean =>
    rows.some((row) => row.id === id);
