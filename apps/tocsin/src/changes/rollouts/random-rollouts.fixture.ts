import fc from "fast-check";
import type { PlayedWorkload } from "../../kubernetes/played-workload.fixture.ts";

/** One thing that happens to a workload. */
export type Happening =
  | { readonly kind: "image" | "env" | "scale" | "autoscale"; readonly value: number }
  | { readonly kind: "restart" | "drain" | "relabel" | "pause and resume" | "nothing" };

const value = fc.integer({ min: 1, max: 4 });

/** Happenings that are often changes, and now and then repeat the present state. */
export const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({ kind: fc.constantFrom("image" as const, "env" as const), value }),
  fc.record({ kind: fc.constantFrom("scale" as const, "autoscale" as const), value }),
  fc.record({ kind: fc.constantFrom("restart" as const, "drain" as const) }),
  fc.record({ kind: fc.constantFrom("relabel" as const, "pause and resume" as const, "nothing" as const) }),
);

/**
 * Plays it, with everything that the controllers do then, and returns whether it is a change. It is judged by the edits alone,
 * without the code under test.
 */
export function play(workload: PlayedWorkload, { kind, ...more }: Happening, isScalable: boolean): boolean {
  const number = "value" in more ? more.value : 0;
  const template = JSON.stringify(workload.object.spec.template);
  const { replicas } = workload;
  if (kind === "image") workload.setImage(`web:${number}`).roll();
  else if (kind === "env") workload.setEnv("LEVEL", String(number)).roll();
  else if (kind === "restart") workload.restart().roll();
  else if (kind === "scale" && isScalable) workload.scale(number);
  else if (kind === "autoscale" && isScalable) workload.autoscale(number);
  else if (kind === "drain") workload.drain();
  else if (kind === "relabel") workload.relabel("team", String(replicas));
  else if (kind === "pause and resume") workload.pause().resume();
  return (
    JSON.stringify(workload.object.spec.template) !== template || (kind === "scale" && workload.replicas !== replicas)
  );
}
