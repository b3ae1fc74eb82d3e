import { execFile } from "node:child_process";

/** A state of the service, in the words of sd_notify(3). */
export type SystemdState = "READY=1" | "RELOADING=1" | "STOPPING=1";

/**
 * Reports states to systemd, for units with `Type=notify` and `NotifyAccess=all`. It runs `systemd-notify`, because Node
 * cannot send to the Unix datagram socket of `$NOTIFY_SOCKET`. Only a unit with that variable needs it.
 */
export class SystemdNotifier {
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #failed: (error: Error) => void;
  #last: Promise<void> = Promise.resolve();

  /** `failed` is called if systemd could not be reached; the service goes on. */
  constructor(env: Readonly<Record<string, string | undefined>>, failed: (error: Error) => void) {
    this.#env = env;
    this.#failed = failed;
  }

  /** States arrive in the order of the calls. Resolves after systemd has received this one, or after it failed. */
  notify(state: SystemdState): Promise<void> {
    this.#last = this.#last.then(() => this.#run(state));
    return this.#last;
  }

  #run(state: SystemdState): Promise<void> {
    // systemd compares the start of a reload with its own clock, in microseconds.
    const details = state === "RELOADING=1" ? [`MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`] : [];
    const { NOTIFY_SOCKET, PATH } = this.#env;
    return new Promise((done) => {
      // The environment may hold secrets; the command needs two variables of it.
      execFile("systemd-notify", [state, ...details], { env: { NOTIFY_SOCKET, PATH }, timeout: 10_000 }, (error) => {
        if (error !== null) this.#failed(error);
        done();
      });
    });
  }
}
