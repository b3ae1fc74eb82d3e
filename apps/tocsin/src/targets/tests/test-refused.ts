import type { ResolvedTarget } from "../resolved-target.ts";

/** The target cannot be tested now. */
export class TestRefused extends Error {
  override readonly name = "TestRefused";
}

/** Returns the full name of a target that can receive a test. @throws TestRefused */
export function nameOfTestable({ name, target }: ResolvedTarget): string {
  if (target === undefined) throw new TestRefused("is invalid, and no version of it is in use");
  if (!target.enabled) throw new TestRefused("is disabled");
  if (target.mode === "shadow") throw new TestRefused("is a shadow: nothing would be sent");
  return name;
}
