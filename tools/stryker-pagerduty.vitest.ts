// npm run mutation -- tools/stryker-pagerduty.config.json: how many changes to packages/http and the client library their tests notice.
import { defineConfig } from "vitest/config";

const conditions = ["@tocsin/source", "module", "node", "development|production"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ["packages/{http,pagerduty}/src/**/*.test.ts"],
    // Thousands of inputs notice the same as the tables, for a hundred times as long.
    exclude: ["**/contract.integration.test.ts", "**/*.{fuzz,long}.test.ts"],
    execArgv: ["--conditions=@tocsin/source"],
    isolate: false,
  },
});
