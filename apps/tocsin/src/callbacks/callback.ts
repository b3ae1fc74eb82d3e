import { type Issue, Secret, type SecretInput } from "@tocsin/core";
import type { CallbackSettings } from "./callback-settings.ts";

/** The settings of one callback, with its secrets. */
export interface Callback extends Omit<CallbackSettings[number], "secrets"> {
  /** At least one. */
  readonly secrets: readonly Secret[];
}

/** Reads secrets and collects their issues. */
interface Secrets {
  readonly issues: Issue[];
  value(input: SecretInput, path: string): string;
}

interface WrittenTargets {
  /** The targets of the configuration as written; undefined: there is no such key. Untrusted: any value. */
  readonly targets: readonly unknown[] | undefined;
  /** Targets can also be found elsewhere, so that a name may be right although it is not written. */
  readonly areDiscovered: boolean;
}

/** Returns the callbacks with their secrets. */
export function callbacksIn(callbacks: CallbackSettings, secrets: Secrets, written: WrittenTargets): Callback[] {
  return callbacks.map(({ secrets: inputs, ...rest }, index) => {
    const path = `callbacks[${index}]`;
    for (const [n, target] of rest.targets.entries()) {
      const message = problemOf(target, rest.type, written);
      if (message !== undefined) secrets.issues.push({ path: `${path}.targets[${n}]`, message });
    }
    return { ...rest, secrets: inputs.map((input, n) => new Secret(secrets.value(input, `${path}.secrets[${n}]`))) };
  });
}

/** Returns why the callback cannot be about this target. */
function problemOf(name: string, type: Callback["type"], { targets, areDiscovered }: WrittenTargets) {
  const target = targets?.find(
    (one): one is { readonly type?: unknown } =>
      typeof one === "object" && one !== null && "name" in one && one.name === name,
  );
  if (target === undefined) return areDiscovered || targets === undefined ? undefined : "there is no such target";
  return target.type === type || typeof target.type !== "string" ? undefined : `is not a target of type \`${type}\``;
}
