import type { Ledger } from "@tocsin/core";
import { isSilent, type LastHeard, laterHeard, type ListeningTime } from "./listening-time.ts";
import { heardValueOf, type WatchedSource } from "./watched-source.ts";

/** Brings the time at which a source was last heard up to date, in the ledger and in memory. */
export async function learnHeard(
  watched: WatchedSource,
  o: {
    readonly ledger: Pick<Ledger, "getValue" | "putValue">;
    /** When this process heard it. Undefined: not since the last write. */
    readonly heard: LastHeard | undefined;
    readonly listening: ListeningTime;
    /** The source was expected when the listening time was last written. */
    readonly wasExpected: boolean;
  },
): Promise<void> {
  const name = heardValueOf(watched);
  const { ledger, heard, listening, wasExpected } = o;
  let known = watched.known;
  // Another replica may have heard a source that is silent here.
  const mayBeOld =
    known === undefined || watched.isSilent || isSilent(known, listening.totalMs, watched.expectation.everyMs);
  if (mayBeOld && (known !== undefined || wasExpected))
    known = laterHeard(known, parsedValue(await ledger.getValue(name)) as LastHeard | undefined);
  // A new source counts as heard when it is first expected.
  const latest = laterHeard(known, heard) ?? { totalMs: listening.totalMs, atMs: listening.atMs };
  if (latest !== known) await ledger.putValue(name, JSON.stringify(latest));
  watched.known = latest;
}

/** Parses a value of the ledger. A value that another version wrote, or none, counts as missing. */
export function parsedValue(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
