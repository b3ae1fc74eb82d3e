// npm run mutation -- tools/stryker-decisions.config.json: how many changes to the pure decisions their tables notice.
import { defineConfig } from "vitest/config";

const conditions = ["@tocsin/source", "module", "node", "development|production"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    // Each reaches what it tests by a relative import: names of packages lead to files that are not changed.
    include: [
      "packages/core/src/decisions/*.test.ts",
      "packages/engine/src/admission/{block,breaker,limiter,throttle}.test.ts",
    ],
    execArgv: ["--conditions=@tocsin/source"],
    isolate: false,
    testTimeout: 60_000,
    // Hundreds of inputs notice the same as the tables, for a hundred times as long.
    testNamePattern: /^(?!.*never throws and always fits)/,
  },
});
