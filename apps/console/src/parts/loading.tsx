import type { ComponentChildren } from "preact";
import type { Data } from "../api/use-data.ts";
import { FailureNotice } from "./failure-notice.tsx";

interface LoadingProps<T> {
  readonly from: Data<T>;
  readonly children: (data: T) => ComponentChildren;
}

/** The states of data that is read: loading, failed, there; and there, but no longer current. */
export function Loading<T>({ from, children }: LoadingProps<T>) {
  const { data, failure, loading, reload } = from;
  return (
    <>
      <FailureNotice failure={failure} retry={reload} />
      {data === undefined ? loading && failure === undefined && <p class="muted loading">Loading…</p> : children(data)}
    </>
  );
}
