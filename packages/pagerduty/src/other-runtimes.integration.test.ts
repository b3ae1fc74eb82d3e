import { fileURLToPath } from "node:url";
import { createContext, runInContext } from "node:vm";
import { rolldown } from "rolldown";
import { beforeAll, describe, expect, test } from "vitest";

/** The package as a bundler builds it for a runtime other than Node, such as Cloudflare Workers. */
async function bundled(): Promise<{ code: string; imports: string[] }> {
  const bundle = await rolldown({
    input: fileURLToPath(new URL("index.ts", import.meta.url)),
    platform: "neutral",
    resolve: { conditionNames: ["@tocsin/source", "workerd", "worker", "browser", "import"] },
  });
  const { output } = await bundle.generate({ format: "iife", name: "pagerduty", codeSplitting: false });
  const [{ code, imports }] = output;
  return { code, imports };
}

/** The globals of such a runtime. Timers are numbers there, and `process` and `Buffer` are missing. */
const globals = {
  AbortController,
  AbortSignal,
  atob,
  btoa,
  crypto,
  DOMException,
  Headers,
  performance,
  ReadableStream,
  Response,
  TextDecoder,
  TextEncoder,
  URL,
  navigator: { userAgent: "Cloudflare-Workers" },
  setTimeout: (callback: () => void, delayMs: number) => Number(setTimeout(callback, delayMs).unref()),
  clearTimeout,
  setInterval: (callback: () => void, delayMs: number) => Number(setInterval(callback, delayMs).unref()),
  clearInterval,
};

describe("a runtime without node:net, process and Buffer", () => {
  let bundle: Awaited<ReturnType<typeof bundled>>;
  beforeAll(async () => {
    bundle = await bundled();
  });

  /** Runs code there, with the package as `pagerduty`. */
  async function run(code: string): Promise<unknown> {
    const context = createContext({ ...globals, log: [] });
    runInContext(bundle.code, context);
    return JSON.parse(
      (await runInContext(`(async () => JSON.stringify(await (async () => {${code}})()))()`, context)) as string,
    );
  }

  const routingKey = `"0123456789abcdef0123456789abcdef"`;

  test("has a bundle without imports", () => {
    expect(bundle.imports).toEqual([]);
    expect(bundle.code).not.toMatch(/\b(?:from|import|require)\s*\(?\s*["']node:/);
  });

  test("sends events by a fetch, retries, and names the runtime", async () => {
    const seen = await run(`
      const seen = [];
      const fetch = async (url, { headers, body }) => {
        if (body === undefined) return new Response(null);
        seen.push([url, headers["user-agent"].replace(/[\\d.]+/, "1"), JSON.parse(body).event_action]);
        return new Response('{"status":"success"}', { status: seen.length === 1 ? 500 : 202 });
      };
      const client = new pagerduty.PagerDutyEventsClient({ routingKey: ${routingKey}, fetch, retry: { initialMs: 1 } });
      const payload = { summary: "s", source: "h", severity: "info" };
      const accepted = await client.trigger({ dedupKey: "x".repeat(300), payload });
      seen.push([accepted.attempts, accepted.dedupKey.length]);
      seen.push((await client.health()).reachable);
      return seen;
    `);
    const sent = ["https://events.pagerduty.com/v2/enqueue", "tocsin-pagerduty/1 (Cloudflare-Workers)", "trigger"];
    expect(seen).toEqual([sent, sent, [2, 64], true]);
  });

  test("has the limiter, the cache and errors without the routing key", async () => {
    const result = await run(`
      const cache = new pagerduty.EventKeyCache();
      cache.set("a", "b");
      const warnings = [];
      globalThis.console = { warn: (warning) => warnings.push(String(warning)) };
      const fetch = async (_, { body }) => { throw new TypeError("failed", { cause: new Error(body) }); };
      const hooks = { onAttempt() { throw new Error("hook"); } };
      const client = new pagerduty.PagerDutyEventsClient({ routingKey: ${routingKey}, fetch, hooks, retry: { retries: 0 } });
      const error = await client.resolve({ dedupKey: "d" }).catch((thrown) => thrown);
      return [cache.get("a"), warnings, error.code, error.cause === undefined, (error.message + error.stack).includes(${routingKey})];
    `);
    expect(result).toEqual(["b", ["Error: hook"], "network", true, false]);
  });

  test("reports that it needs a fetch", async () => {
    const message = await run(`
      const client = new pagerduty.PagerDutyEventsClient({ routingKey: ${routingKey} });
      return await client.resolve({ dedupKey: "d" }).catch(({ name, message }) => name + ": " + message);
    `);
    expect(message).toBe("PagerDutyValidationError: Invalid options: fetch: is needed: this runtime has no node:net");
  });
});
