/** What a command sees of the world around it. */
export interface Terminal {
  /** For what was asked for. */
  readonly out: (text: string) => void;
  /** For everything else: logs, progress, complaints. */
  readonly err: (text: string) => void;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether a person watches `err`. */
  readonly watched: boolean;
  /** Calls back for each such signal; returns how to end that. */
  readonly onSignal: (signal: NodeJS.Signals, callback: () => void) => () => void;
  /** Calls back before the process ends by an error that nobody caught. */
  readonly onCrash: (callback: (error: unknown) => void) => void;
}

/** The process's own. */
export function processTerminal(): Terminal {
  // A reader that has seen enough (`| head`) is no failure of ours.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  process.stderr.on("error", () => {});
  return {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
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
