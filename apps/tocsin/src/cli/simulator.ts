import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { type Listening, Simulator } from "@tocsin/simulator";
import { type Address, formatAddress, parseAddress } from "../config/address.ts";
import { OperatorError, systemReason, UsageError } from "../config/operator-error.ts";
import { exitCode } from "./exit-code.ts";
import { signalled } from "./signalled.ts";
import type { Terminal } from "./terminal.ts";

const usualPort = 9878;

/** `tocsin simulator`: runs the simulator alone until a signal ends it. */
export async function simulator(
  terminal: Terminal,
  options: { readonly listen: string; readonly listenEu?: string; readonly file?: string },
): Promise<number> {
  const us = addressOf(options.listen, "--listen");
  const eu = options.listenEu === undefined ? undefined : addressOf(options.listenEu, "--listen-eu");
  const { file } = options;
  const stand = openSimulator(file === undefined ? undefined : resolve(terminal.cwd, file));
  try {
    const listening = await listen(stand, us, eu);
    terminal.out(`The simulator listens on ${listening.url}${eu ? ` and, for the EU, on ${listening.euUrl}` : ""}\n`);
    terminal.out(`Its incidents: ${listening.url}/_sim/incidents\n`);
    await signalled(terminal);
    return exitCode.ok;
  } finally {
    await stand.close();
  }
}

export interface EmbeddedSimulator {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * The simulator inside the service. It keeps its incidents in a file beside the ledger, and keeps its port: open incidents were
 * sent to that address, and are resolved there.
 */
export async function embedSimulator(dir: string): Promise<EmbeddedSimulator> {
  const stand = openSimulator(resolve(dir, "simulator.jsonl"));
  const portFile = resolve(dir, "simulator.port");
  for (const port of [portIn(portFile) ?? usualPort, 0]) {
    try {
      const listening = await stand.listen({ port });
      writeFileSync(portFile, `${listening.port}\n`, { mode: 0o600 });
      return { url: listening.url, close: () => stand.close() };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    }
  }
  throw new OperatorError("no port is free for the simulator");
}

/** @throws OperatorError if its file cannot be used */
function openSimulator(file: string | undefined): Simulator {
  try {
    return new Simulator(file === undefined ? {} : { file });
  } catch (error) {
    throw new OperatorError(`The simulator cannot use its file ${file}: ${systemReason(error)}.`, { cause: error });
  }
}

function portIn(file: string): number | undefined {
  try {
    return Number.parseInt(readFileSync(file, "utf8"), 10) || undefined;
  } catch {
    return undefined;
  }
}

function addressOf(text: string, option: string): Address {
  const address = parseAddress(text);
  if (address === undefined) throw new UsageError(`${option} ${text}: expected an address such as "127.0.0.1:9878"`);
  return address;
}

async function listen(stand: Simulator, us: Address, eu: Address | undefined): Promise<Listening> {
  try {
    return await stand.listen({ ...us, ...(eu && { euHost: eu.host, euPort: eu.port }) });
  } catch (error) {
    throw new OperatorError(`cannot listen on ${formatAddress(us)}: ${(error as Error).message}`, { cause: error });
  }
}
