import { text as readText } from "node:stream/consumers";

/** The environment of a command: streams, variables, directory, signals. */
export interface Terminal {
  /** For the requested output. */
  readonly out: (text: string) => void;
  /** Writes everything else: logs, progress, errors. */
  readonly err: (text: string) => void;
  /** Reads the standard input to its end, as text. */
  readonly input: () => Promise<string>;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** True if `err` is a terminal. */
  readonly watched: boolean;
  /** Calls back for each of these signals; returns a function that ends this. */
  readonly onSignal: (signal: NodeJS.Signals, callback: () => void) => () => void;
  /** Calls back before an uncaught error ends the process. */
  readonly onCrash: (callback: (error: unknown) => void) => void;
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  // A reader that stops early (`| head`) is not an error.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  process.stderr.on("error", () => {});
  return {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    input: () => readText(process.stdin),
    cwd: process.cwd(),
    env: process.env,
    watched: process.stderr.isTTY,
    onSignal(signal, callback) {
      process.on(signal, callback);
      return () => process.off(signal, callback);
    },
    onCrash(callback) {
      process.on("uncaughtException", (error) => {
        callback(error);
        process.exit(1);
      });
    },
  };
}
