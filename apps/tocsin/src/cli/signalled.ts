import type { Terminal } from "./terminal.ts";

/** Resolves at the first stop signal. */
export const signalled = (terminal: Terminal): Promise<void> =>
  new Promise((done) => {
    const ends = (["SIGTERM", "SIGINT"] as const).map((signal) =>
      terminal.onSignal(signal, () => {
        // A second signal has no handler, so it ends the process at once.
        for (const end of ends) end();
        done();
      }),
    );
  });
