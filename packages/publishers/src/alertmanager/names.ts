import { createHash } from "node:crypto";

/** What all versions of Alertmanager take for a name of a label or an annotation. */
const legacyName = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/**
 * Labels or annotations under names that all versions of Alertmanager take: other characters become underscores, as Grafana
 * does it. Where that gives a name that is taken, the name as it was makes the difference. Always the same for the same set,
 * so that the end of an alert finds its beginning. Values that are empty are none, to Alertmanager as here.
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
