import { targetTypes } from "../src/registry.ts";

/** Targets of one type for the tests that run for every type. Each publisher's folder has them in `target-samples.fixture.ts`. */
export interface TargetSamples {
  /** Fields of a valid target whose receiver is at this URL. */
  readonly target: (url: string) => object;
  /** By way of authentication: fields of targets at servers of other vendors, where any 2xx means accepted. */
  readonly compatible: Readonly<Record<string, (url: string) => object>>;
  /** The receiver keeps one incident per dedup key. */
  readonly keepsIncidents: boolean;
  /** Fields of targets, and the identities (`endpoint access credential`) that differ from theirs after each change. */
  readonly identities: readonly (readonly [
    fields: object,
    changes: readonly (readonly [change: object, differ: string])[],
  ])[];
}

/** By type. */
export const targetSamples: ReadonlyMap<string, TargetSamples> = new Map(
  await Promise.all(
    targetTypes.map(async ({ type }) => {
      const samples = (await import(`../src/${type}/target-samples.fixture.ts`)) as { targetSamples: TargetSamples };
      return [type, samples.targetSamples] as const;
    }),
  ),
);
