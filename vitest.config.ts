import { defineConfig } from "vitest/config";

const conditions = ["@tocsin/source", "module", "node", "development|production"];
const source = {
  resolve: { conditions },
  ssr: { resolve: { conditions } },
};
const execArgv = ["--conditions=@tocsin/source"];

export default defineConfig({
  test: {
    projects: [
      {
        ...source,
        // Pure and in-process tests share one module graph: six times faster than a process per file.
        test: {
          name: "unit",
          include: [
            "{packages,apps}/*/{src,test}/**/*.test.ts",
            "test/{kit,contracts,simulation}/**/*.test.ts",
            "scripts/*.test.ts",
            "bench/*.test.ts",
          ],
          execArgv,
          isolate: false,
          testTimeout: 30_000,
        },
      },
      {
        ...source,
        // The real program as a process, real Prometheus and Alertmanager, SIGKILL. One file at a time: they share two cores.
        test: {
          name: "test/e2e",
          include: ["test/e2e/**/*.test.ts"],
          execArgv,
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
