import { mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { compose, type Tocsin } from "../compose.ts";
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
    await untilSignalled(terminal, tocsin);
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

async function untilSignalled(terminal: Terminal, tocsin: Tocsin): Promise<void> {
  terminal.onCrash((error) =>
    tocsin.log.fatal({ event: "uncaught_exception", err: error, reason: "bug" }, "Uncaught exception: exiting"),
  );
  // The log has the result of a reload.
  const endReloads = terminal.onSignal("SIGHUP", () => void tocsin.reload().catch(() => {}));
  await signalled(terminal);
  tocsin.log.info({ event: "stopping" }, "Stopping: waiting for attempts in flight");
  await tocsin.stop();
  endReloads();
}

/** Without a file, the key in the environment is the whole configuration, and a wrong key would page no one. */
function refuseWrongKey({ targets = [], readSecret }: Config): void {
  const entries = resolveTargets([configTargets(targets, readSecret)]);
  const issues = entries.flatMap(({ errors }) => errors.map(({ message }) => ({ path: routingKeyVariable, message })));
  if (issues.length > 0) throw new ConfigError(issues, "environment");
}
