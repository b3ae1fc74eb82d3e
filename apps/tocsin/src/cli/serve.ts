import { mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { compose } from "../compose.ts";
import type { Tocsin } from "../tocsin.ts";
import { parseAddress } from "../config/address.ts";
import { ConfigError } from "../config/config-error.ts";
import { ConfigWatch } from "../config/config-watch.ts";
import type { Config } from "../config/config.ts";
import { loadConfig } from "../config/load.ts";
import { OperatorError, systemReason, UsageError } from "../config/operator-error.ts";
import { resolveTargets } from "../targets/resolve-targets.ts";
import { configTargets } from "../targets/target-definition.ts";
import { defaultConfigFile, routingKeyVariable, simulatedTarget, withKeyFromEnvironment } from "./defaults.ts";
import { exitCode } from "./exit-code.ts";
import type { EmbeddedSimulator } from "./simulator.ts";
import { signalled } from "./signalled.ts";
import type { SystemdNotifier } from "./systemd-notifier.ts";
import type { Terminal } from "./terminal.ts";
import { welcome } from "./welcome.ts";

/** Runs the service until a signal stops it. */
export async function serve(
  terminal: Terminal,
  options: { readonly config?: string; readonly listen?: string } = {},
): Promise<number> {
  const { env, cwd } = terminal;
  const { listen } = options;
  if (listen !== undefined && parseAddress(listen) === undefined)
    throw new UsageError(
      `--listen ${listen}: expected an address such as "127.0.0.1:9877", or ":9877" for every interface`,
    );
  const file = defaultConfigFile(options.config, cwd);
  const watch = file === undefined ? undefined : new ConfigWatch(resolve(cwd, file));
  const load = () =>
    withKeyFromEnvironment(loadConfig(file, { cwd, env, ...(listen !== undefined && { listen }) }), env);
  const config = load();
  if (file === undefined) refuseWrongKey(config);
  const { ledger } = config;
  const dir = ledger.kind === "postgres" || ledger.path === ":memory:" ? cwd : dirname(ledger.path);
  makeDirectory(dir);

  const simulates = file === undefined && config.targets === undefined;
  let simulator: EmbeddedSimulator | undefined;
  const simulated = (loaded: Config): Config =>
    simulator === undefined ? loaded : { ...loaded, targets: [simulatedTarget(simulator.url)] };
  try {
    const tocsin = await compose(config, {
      writeLog: terminal.err,
      env,
      ...(file !== undefined && { reread: load }),
      watch,
      async afterLedger(loaded) {
        if (simulates) simulator = await embedded(dir);
        return simulated(loaded);
      },
    });
    const { address, targets } = tocsin;
    // The log has the address. A person at a terminal also reads whether anyone can be paged.
    if (simulates || terminal.watched) {
      terminal.out(welcome({ config, address, targets: targets.entries, simulatorUrl: simulator?.url }));
    }
    await untilSignalled(terminal, tocsin, await systemdOf(terminal, tocsin));
    return exitCode.ok;
  } finally {
    await simulator?.close();
  }
}

/** Makes the directory of the ledger, readable by its owner only. @throws OperatorError */
function makeDirectory(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new OperatorError(`Cannot create the directory ${dir}: ${systemReason(error)}. Change \`ledger.url\`.`, {
      cause: error,
    });
  }
}

/** Loaded only if it is used. */
const embedded = async (dir: string) => (await import("./simulator.ts")).embedSimulator(dir);

/** Loaded only in a unit of systemd with `Type=notify`. */
async function systemdOf({ env }: Terminal, { log }: Tocsin): Promise<SystemdNotifier | undefined> {
  if (!env["NOTIFY_SOCKET"]) return undefined;
  const { SystemdNotifier: Notifier } = await import("./systemd-notifier.ts");
  return new Notifier(env, (err) =>
    log.warn(
      { event: "systemd_not_notified", err },
      "systemd-notify failed: systemd may restart the service. Install systemd-notify, and set NotifyAccess=all in the unit",
    ),
  );
}

async function untilSignalled(terminal: Terminal, tocsin: Tocsin, systemd: SystemdNotifier | undefined): Promise<void> {
  terminal.onCrash((error) =>
    tocsin.log.fatal({ event: "uncaught_exception", err: error, reason: "bug" }, "Uncaught exception: exiting"),
  );
  const endReloads = terminal.onSignal("SIGHUP", () => {
    void systemd?.notify("RELOADING=1");
    // The log has the result of a reload.
    void tocsin
      .reload()
      .catch(() => {})
      .then(() => systemd?.notify("READY=1"));
  });
  void systemd?.notify("READY=1");
  await signalled(terminal);
  tocsin.log.info({ event: "stopping" }, "Stopping: waiting for attempts in flight");
  void systemd?.notify("STOPPING=1");
  await tocsin.stop();
  tocsin.log.info({ event: "stopped" }, "Stopped");
  endReloads();
}

/** Without a file, the key in the environment is the whole configuration, and a wrong key would page no one. */
function refuseWrongKey({ targets = [], readSecret }: Config): void {
  const entries = resolveTargets([configTargets(targets, readSecret)]);
  const issues = entries.flatMap(({ errors }) => errors.map(({ message }) => ({ path: routingKeyVariable, message })));
  if (issues.length > 0) throw new ConfigError(issues, "environment");
}
