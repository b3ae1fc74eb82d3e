import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

export interface Sink extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  reset(): Promise<void>;
  /** Resolves when this many requests have come; with the wall clock of the last, ms. */
  until(count: number, timeoutMs?: number): Promise<number>;
  seen(): Promise<{ count: number; lastAtMs: number; samples: string[]; arrivals: Record<string, number> }>;
}

/** Starts the recording receiver in a process of its own. */
export async function startSink(options: { keepArrivals?: boolean; sampleEvery?: number } = {}): Promise<Sink> {
  const child = fork(new URL("./sink-process.ts", import.meta.url), {
    env: {
      ...process.env,
      KEEP_ARRIVALS: options.keepArrivals ? "1" : "0",
      SAMPLE_EVERY: String(options.sampleEvery ?? 100),
    },
  });
  const [{ port }] = (await once(child, "message")) as [{ port: number }];
  const ask = async <T>(question: string): Promise<T> => {
    child.send(question);
    const [reply] = (await once(child, "message")) as [T];
    return reply;
  };
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid as number,
    reset: () => ask("reset"),
    seen: () => ask("seen"),
    async until(count, timeoutMs = 120_000) {
      const deadline = Date.now() + timeoutMs;
      for (;;) {
        const seen = await ask<{ count: number; lastAtMs: number }>("count");
        if (seen.count >= count) return seen.lastAtMs;
        if (Date.now() > deadline)
          throw new Error(`the sink saw ${seen.count} of ${count} requests in ${timeoutMs} ms`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    [Symbol.asyncDispose]: () => endChild(child),
  };
}

export async function endChild(child: ChildProcess, signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill(signal);
  await gone;
}
