import { Argument, Command, CommanderError } from "commander";
import { version } from "../config/version.ts";
import { isSystemError, OperatorError, systemReason, UsageError } from "../config/operator-error.ts";
import { exitCode } from "./exit-code.ts";
import type { InitOptions } from "./init.ts";
import { describeClassificationCommands } from "./classification-commands.ts";
import { describeBackup, describeOperatorCommands } from "./operator-commands.ts";
import { withRequiredOptions } from "./required-options.ts";
import { describeSendCommands } from "./send-commands.ts";
import type { Terminal } from "./terminal.ts";

/** Runs one command and returns the exit code. Each command loads its own code, so `--help` loads none of it. */
export async function runProgram(args: readonly string[], terminal: Terminal): Promise<number> {
  let code: number = exitCode.ok;
  const program = describe(terminal, (outcome) => {
    code = outcome;
  });
  try {
    refuseUnknown(program, args[0]);
    await program.parseAsync(args, { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.ok : exitCode.usage;
    if (error instanceof OperatorError) {
      terminal.err(`${error.message}\n`);
      return error instanceof UsageError ? exitCode.usage : exitCode.failed;
    }
    // Recognized by name, because the class would load the schema library.
    if (error instanceof Error && error.name === "ConfigError") {
      terminal.err(`${error.message}\n`);
      return exitCode.configuration;
    }
    if (isSystemError(error)) {
      terminal.err(`${error.path ?? error.syscall}: ${systemReason(error)}\n`);
      return exitCode.failed;
    }
    throw error;
  }
}

/** Refuses an unknown command: it would count as an argument of the default command. */
function refuseUnknown(program: Command, word: string | undefined): void {
  if (word === undefined || word.startsWith("-") || word === "help") return;
  if (program.commands.some((command) => command.name() === word)) return;
  program.error(`error: unknown command '${word}' (see tocsin --help)`);
}

/** All commands, for their descriptions: nothing runs, and the environment is not read. */
export const commandLine = (): Command =>
  describe(
    {
      out: () => {},
      err: () => {},
      input: () => Promise.resolve(""),
      env: {},
      cwd: "",
      watched: false,
      onSignal: () => () => {},
      onCrash() {},
    },
    () => {},
  );

const configOption = ["--config <file>", "configuration; default: tocsin.yaml if it exists"] as const;

function describe(terminal: Terminal, finish: (code: number) => void): Command {
  const program = new Command("tocsin")
    .description(
      "Receives alerts from monitoring and delivers every page to PagerDuty and other receivers: in order, critical first, without loss.",
    )
    .version(version)
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err });

  program
    .command("serve", { isDefault: true })
    .description("run the service (the default)")
    .option(...configOption)
    .option("--listen <address>", 'address of the HTTP API instead of `server.listen`, such as "127.0.0.1:9877"')
    .action(async (options: { config?: string; listen?: string }) => {
      const { serve } = await import("./serve.ts");
      finish(await serve(terminal, options));
    });
  program
    .command("demo")
    .description("play a small storm against the simulator")
    .action(async () => {
      const { demo } = await import("./demo.ts");
      finish(await demo(terminal));
    });
  program
    .command("simulator")
    .description("run the PagerDuty simulator alone")
    .option("--listen <address>", "address of the simulator", "127.0.0.1:9878")
    .option("--listen-eu <address>", "second address that stands for the EU region")
    .option("--file <file>", "keep incidents in this file over restarts")
    .action(async (options: { listen: string; listenEu?: string; file?: string }) => {
      const { simulator } = await import("./simulator.ts");
      finish(await simulator(terminal, options));
    });

  const configuration = program.command("config").description("check a configuration, or show its schema");
  configuration
    .command("check")
    .description("list every mistake, targets included; exit code 78 if there is one")
    .option(...configOption)
    .option("--json", "print JSON")
    .option("--strict", "fail on warnings too, for example when no target can receive alerts")
    .action(async (options: { config?: string; json?: boolean; strict?: boolean }) => {
      const { checkConfig } = await import("./config.ts");
      finish(await checkConfig(terminal, options));
    });
  configuration
    .command("schema")
    .description("print the JSON Schema")
    .action(async () => {
      const { printConfigSchema } = await import("./config.ts");
      finish(printConfigSchema(terminal));
    });

  program
    .command("init")
    .description("Write a first configuration, or make one from Alertmanager's and compare how both route")
    .option("--to <file>", "file to write", "tocsin.yaml")
    .option(
      "--from-alertmanager <file>",
      "configuration of Alertmanager; exit code 1 if a critical that it sends would reach no target, an alert is routed in another way, or a target is invalid",
    )
    .option("--keep-literals", "write secrets of Alertmanager's file into the configuration, not into ./secrets")
    .option("--force", "overwrite files that exist")
    .option("--json", "print JSON")
    .action(async (options: InitOptions) => {
      const { init } = await import("./init.ts");
      finish(init(terminal, options));
    });

  const ledger = program.command("ledger").description("copy, back up or restore the ledger");
  withRequiredOptions(
    ledger
      .command("copy")
      .description("copy the ledger of a stopped service from a SQLite file into an empty PostgreSQL database"),
    {
      "--from <url>": "source, such as sqlite:./data/tocsin.db",
      "--to <url>": "destination, such as postgres://tocsin@db.example.com/tocsin; the password is in PGPASSWORD",
    },
  )
    .option("--json", "print JSON")
    .action(async (options: { from: string; to: string; json?: boolean }) => {
      const { copy } = await import("./ledger.ts");
      finish(await copy(terminal, options));
    });

  withRequiredOptions(
    ledger.command("restore").description("Restore a ledger from a backup, while the service is stopped"),
    {
      "--from <file>": "a file that `tocsin ledger backup` saved",
      "--to <url>": "file of the new ledger, which must not exist, such as sqlite:./data/tocsin.db",
    },
  )
    .option("--json", "print JSON")
    .action(async (options: { from: string; to: string; json?: boolean }) => {
      const { restore } = await import("./restore.ts");
      finish(await restore(terminal, options));
    });

  describeBackup(ledger, terminal);
  describeOperatorCommands(program, terminal);
  describeSendCommands(program, terminal);
  describeClassificationCommands(program, terminal, finish);
  program
    .command("completion")
    .description("Print a script for bash, zsh or fish that completes commands and options")
    .addArgument(new Argument("<shell>", "the shell").choices(["bash", "zsh", "fish"]))
    .action(async (shell: "bash" | "zsh" | "fish") => {
      const { completionScript } = await import("./completion/completion-script.ts");
      terminal.out(completionScript(shell, program));
    });
  return program;
}
