import { join } from "node:path";
import { defineConfig } from "vitest/config";

const conditions = ["@tocsin/source", "module", "node", "development|production"];
const source = {
  resolve: { conditions },
  ssr: { resolve: { conditions } },
};
const execArgv = ["--conditions=@tocsin/source"];
/** Threads and processes that tests start read compiled TypeScript from here, which takes a third of the time of compiling it. */
const env = { NODE_COMPILE_CACHE: join(import.meta.dirname, "node_modules/.cache/node") };

/** Names and places say how a test file runs: see "Tests" in CONTRIBUTING.md. */
const workspaces = "{packages,apps}/*/{src,test}/**";
const integration = [`${workspaces}/*.integration.test.ts`];
const long = [
  "**/postgres/*.integration.test.ts",
  `${workspaces}/*.{fuzz,long}.test.ts`,
  "test/simulation/**/*.test.ts",
];

export default defineConfig({
  test: {
    // By default one processor is left idle, which doubles the time on two.
    maxWorkers: "100%",
    projects: [
      {
        ...source,
        // Pure and in-process: no sockets, processes, threads or written files. One module graph is six times faster than a process per file.
        test: {
          name: "unit",
          include: [`${workspaces}/*.test.ts`, "test/kit/**/*.test.ts", "scripts/*.test.ts", "bench/*.test.ts"],
          exclude: [...integration, ...long],
          setupFiles: ["test/support/refuse-input-output.ts"],
          execArgv,
          isolate: false,
          testTimeout: 30_000,
        },
      },
      {
        ...source,
        // Local servers, files, processes, threads.
        test: {
          name: "integration",
          include: integration,
          exclude: long,
          execArgv,
          env,
          isolate: false,
          testTimeout: 30_000,
        },
      },
      {
        ...source,
        // PostgreSQL, random inputs by the thousand, simulated histories: minutes.
        test: { name: "long", include: long, execArgv, env, isolate: false, testTimeout: 120_000 },
      },
      {
        ...source,
        // The real program as a process, real Prometheus and Alertmanager, SIGKILL. One file at a time: they share two cores.
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          execArgv,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
          testTimeout: 300_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
