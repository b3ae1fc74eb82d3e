import { createHash } from "node:crypto";

/** A name of a label or annotation that all versions of Alertmanager accept. */
const legacyName = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/**
 * Renames labels or annotations so that all versions of Alertmanager accept them: other characters become underscores, as Grafana
 * does it. If the new name exists already, a hash of the original name is added. The same set always gives the same names,
 * so that the resolve of an alert matches its trigger. Empty values count as absent, as in Alertmanager.
 */
export function namesOf(given: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(given).flatMap(([name, value]): [string, string][] =>
    value === "" ? [] : [[name.toWellFormed(), value.toWellFormed()]],
  );
  const named = new Map(entries.filter(([name]) => legacyName.test(name)));
  const others = entries.filter(([name]) => !legacyName.test(name)).toSorted(([a], [b]) => (a < b ? -1 : 1));
  for (const [name, value] of others) {
    const plain = name.replace(/[^a-zA-Z0-9_]/gu, "_").replace(/^(?=\d|$)/, "_");
    named.set(named.has(plain) ? `${plain}_${hashOf(name)}` : plain, value);
  }
  return Object.fromEntries(named);
}

const hashOf = (name: string): string => createHash("sha256").update(name).digest("hex").slice(0, 8);
