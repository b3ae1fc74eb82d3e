import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Simulator } from "@tocsin/simulator";
import { compose } from "./compose.ts";
import { undocumentedIn } from "./http/openapi/documented-answers.fixture.ts";
import type { Surroundings, Tocsin } from "./tocsin.ts";
import { type Config, readConfig } from "./config/config.ts";

export const routingKey = "R0UT1NGKEY0123456789abcdefABCDEF";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- what a test expects of it is for the test to say
  readonly body: any;
}

/** A whole service over a SQLite file with a simulator as its target, both on loopback. */
export interface TestService extends AsyncDisposable {
  readonly tocsin: Tocsin;
  readonly simulator: Simulator;
  readonly simulatorUrl: string;
  readonly dir: string;
  readonly logs: string[];
  /** The configuration for the next reload. If it is wrong, the reload throws a ConfigError. */
  next: unknown;
  /** Sends a request, and compares the answer with the API document. */
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Waits until `done` returns another value than undefined, and returns that value. */
  until<T>(what: string, done: () => T | undefined | Promise<T | undefined>, patience?: Patience): Promise<T>;
}

export interface Patience {
  /** @default 10 s */
  readonly withinMs?: number;
}

const maxWaitMs = 10_000;

export async function startService(
  overrides: (simulatorUrl: string) => Record<string, unknown> = () => ({}),
  {
    hasFile = true,
    file,
    ...surroundings
  }: Pick<Surroundings, "clock" | "createClassifier"> & { readonly hasFile?: boolean; readonly file?: string } = {},
): Promise<TestService> {
  const dir = mkdtempSync(join(tmpdir(), "tocsin-service-"));
  const simulator = new Simulator();
  const { url: simulatorUrl } = await simulator.listen();
  const written = {
    server: { listen: "127.0.0.1:0" },
    ledger: { url: "sqlite:tocsin.db" },
    targets: [{ name: "pager", type: "pagerduty", url: simulatorUrl, routing_key: routingKey }],
    telemetry: { logs: { level: "debug" } },
    ...overrides(simulatorUrl),
  };
  const logs: string[] = [];
  const read = (input: unknown): Config => readConfig(input, { dir, env: {}, ...(file && { file }) });
  const tocsin = await compose(read(written), {
    ...surroundings,
    writeLog: (line) => logs.push(line),
    env: {},
    ...(hasFile && { reread: () => read(service.next) }),
  });
  const base = `http://${tocsin.address.host}:${tocsin.address.port}`;
  const service: TestService = {
    tocsin,
    simulator,
    simulatorUrl,
    dir,
    logs,
    next: written,
    async ask(method, path, body, headers = {}) {
      const json = typeof body === "string" ? body : JSON.stringify(body);
      const sent = typeof body === "object" && json !== undefined ? (JSON.parse(json) as unknown) : undefined;
      const response = await fetch(`${base}${path}`, {
        method,
        // Requests current metrics instead of cached ones.
        headers: { "cache-control": "no-cache", ...headers },
        ...(json !== undefined && { body: json }),
      });
      const text = await response.text();
      const { status } = response;
      const contentType = response.headers.get("content-type");
      const undocumented = undocumentedIn({ method, path, sent, status, contentType, text });
      if (undocumented.length > 0) throw new Error(`not as the API document says:\n${undocumented.join("\n")}`);
      return { status: response.status, headers: response.headers, text, body: parse(text) };
    },
    async until(what, done, { withinMs = maxWaitMs } = {}) {
      for (const sinceMs = Date.now(); Date.now() - sinceMs < withinMs;) {
        const found = await done();
        if (found !== undefined) return found;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      throw new Error(`${what}: not within ${withinMs} ms`);
    },
    async [Symbol.asyncDispose]() {
      await tocsin.stop();
      await simulator.close();
      rmSync(dir, { recursive: true });
    },
  };
  return service;
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
