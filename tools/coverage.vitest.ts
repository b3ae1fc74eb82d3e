// npm run coverage: which lines and branches of core and engine their tests reach. Too little of either fails.
import { defineConfig } from "vitest/config";

const conditions = ["@tocsin/source", "module", "node", "development|production"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: [
      "packages/{core,engine}/src/**/*.test.ts",
      // The ledger in its thread, and some histories: a part of what holds the engine.
      "test/e2e/ledger-thread.test.ts",
      "test/simulation/*.test.ts",
    ],
    execArgv: ["--conditions=@tocsin/source"],
    isolate: false,
    testTimeout: 120_000,
    coverage: {
      enabled: true,
      include: ["packages/{core,engine}/src/**/*.ts"],
      // Coverage does not count code in a thread.
      exclude: ["**/*.test.ts", "packages/engine/src/stores/sqlite/worker-thread.ts"],
      reporter: ["text-summary", "json"],
      // Beside the sandboxes of mutation tests, not in their place.
      reportsDirectory: "coverage/vitest",
      thresholds: {
        "packages/{core/src/**,engine/src/{worker,admission,ledger}/**,engine/src/stores/{memory,sqlite}/**}": {
          lines: 95,
          branches: 95,
        },
        // Much of it is for a server that is killed, cut off or another one by now: test/e2e/fleet-*.test.ts alone reach that.
        "packages/engine/src/stores/postgres/**": { lines: 85, branches: 75 },
      },
    },
  },
});
