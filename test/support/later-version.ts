import { writeFileSync } from "node:fs";
import { join } from "node:path";

export interface LaterVersion {
  /** Where the code that changes the program is written. */
  readonly dir: string;
  readonly name: string;
  readonly store: "postgres" | "sqlite";
  /** The source of each migration that it knows more. There, `known` is how many this version knows. */
  readonly migrations: readonly string[];
}

/** Returns the environment in which the program is a later version of itself: it knows more migrations of the ledger. */
export function laterVersion({ dir, name, store, migrations }: LaterVersion): NodeJS.ProcessEnv {
  const preload = join(dir, `${name}.mjs`);
  const added = `const known = migrations.length; migrations.push(${migrations.join(", ")});`;
  writeFileSync(
    preload,
    `import { registerHooks } from "node:module";
    registerHooks({
      load(url, context, next) {
        const loaded = next(url, context);
        return url.endsWith("/stores/${store}/schema.ts") ? { ...loaded, source: loaded.source + ${JSON.stringify(added)} } : loaded;
      },
    });`,
  );
  return { NODE_OPTIONS: `--import=${preload}` };
}
