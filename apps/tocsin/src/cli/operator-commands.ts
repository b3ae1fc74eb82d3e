import { type Command, Option } from "commander";
import { withRequiredOptions } from "./required-options.ts";
import type {
  AlertOptions,
  BackupOptions,
  ChangeListOptions,
  DrillOptions,
  IncidentListOptions,
  ListOptions,
  OperatorOptions,
  ReplayOptions,
} from "./operator-options.ts";
import type { ReconcileCommandOptions } from "./reconcile.ts";
import type { ShadowReportOptions } from "./report-shadow.ts";
import type { Terminal } from "./terminal.ts";
import type { VerifyOptions } from "./verify.ts";

/** Commands that call a running service over HTTP, so that a script can do everything that an operator can do. */
export function describeOperatorCommands(program: Command, terminal: Terminal): void {
  const command = commandsWith(terminal);
  const incidents = program.command("incidents").description("List, show, acknowledge or resolve incidents");
  command(incidents, "list", "list incidents, the newest first")
    .option("--state <state>", "only those in this state")
    .option("--target <target>", "only those at this target")
    .option("--fingerprint <fingerprint>", "only those of this alert")
    .addOption(new Option("--severity <severity>", "only those with this severity").choices(severityNames))
    .option("--reason <reason>", "only those with this reason, such as waiting_limit")
    .option("--source <source>", "only those with an alert of this source")
    .addOption(
      new Option("--kind <kind>", "only those of alerts, or only those of changes").choices(["alert", "change"]),
    )
    .option("--since <time>", "only those that changed since then: 2h (ago), or 2026-01-31T12:00:00Z")
    .option("--q <text>", "only those with this text in summary, dedup key, target or a label")
    .option(
      "--matcher <matcher>",
      "only those whose labels match, such as 'service=~\"api|web\"'; may be repeated, all must match",
      matcherOption[2],
    )
    .option("--limit <count>", "show at most this many", "100")
    .option("--cursor <cursor>", "cursor at the end of an earlier list")
    .action(async (options: IncidentListOptions) =>
      (await import("./list-incidents.ts")).listIncidents(terminal, options),
    );
  for (const [name, description] of [
    ["acknowledge", "Acknowledge an open incident: reminders stop"],
    ["resolve", "Resolve an open incident; if its alert still fires, a repeat after an hour opens it again"],
  ] as const)
    command(incidents, `${name} <id>`, description).action(async (id: string, options: OperatorOptions) =>
      (await operate()).manualAction(terminal, options, name, id),
    );
  command(incidents, "show <id>", "show an incident with its history").action(
    async (id: string, options: OperatorOptions) =>
      (await operate()).show(terminal, options, `incidents/${encodeURIComponent(id)}`),
  );
  const alerts = program.command("alerts").description("List alerts");
  command(alerts, "list", "List alerts with their state at each target")
    .option(...matcherOption)
    .addOption(new Option("--received <who>", "none = only alerts that no target received").choices(["none"]))
    .option("--limit <count>", "show at most this many", "100")
    .option("--cursor <cursor>", "cursor at the end of an earlier list")
    .action(async (options: AlertOptions & { received?: string }) =>
      (await operateAlerts()).listAlerts(terminal, options),
    );
  const changes = program.command("changes").description("List changes");
  command(changes, "list", "List changes, such as deployments, the newest first")
    .option("--since <time>", "only those since this time, such as 2026-01-31T12:00:00Z")
    .option(
      "--matcher <matcher>",
      "only changes whose labels match, such as 'service=~\"api|web\"'; may be repeated, all must match",
      matcherOption[2],
    )
    .option("--limit <count>", "show at most this many", "100")
    .option("--cursor <cursor>", "cursor at the end of an earlier list")
    .action(async (options: ChangeListOptions) => (await import("./list-changes.ts")).listChanges(terminal, options));
  const explaining = command(program, "explain [fingerprint]", "Explain per target why an alert was sent or was not")
    .option(...matcherOption)
    .option(
      "--alert <file>",
      "explain what would happen if this came now: an alert in JSON, or a whole webhook message",
    )
    .option("--limit <count>", "show at most this many alerts", "20")
    .option("--cursor <cursor>", "cursor at the end of an earlier list")
    .action(async (fingerprint: string | undefined, options: AlertOptions & { alert?: string }) => {
      const { matcher, alert } = options;
      const given = [fingerprint, matcher, alert].filter((one) => one !== undefined);
      if (given.length !== 1) explaining.error("error: expected one of a fingerprint, --matcher and --alert");
      const { explainAlert: explain, explainFile, explainMatching } = await operateAlerts();
      if (fingerprint !== undefined) return explain(terminal, options, fingerprint);
      return alert === undefined ? explainMatching(terminal, options) : explainFile(terminal, options, alert);
    });
  const targets = program.command("targets").description("List and test targets");
  command(targets, "list", "list all targets, invalid ones included").action(async (options: OperatorOptions) =>
    (await operate()).listTargets(terminal, options),
  );
  command(targets, "show <name>", "Show a target with its state, limiter, breaker and errors").action(
    async (name: string, options: OperatorOptions) =>
      (await operate()).show(terminal, options, `targets/${encodeURIComponent(name)}`),
  );
  command(
    targets,
    "test <name>",
    "send a target a marked incident and end it; exit code 1 if the target does not accept it",
  )
    .option("--key-only", "only check the key with PagerDuty; no incident is opened")
    .action(async (name: string, options: OperatorOptions & { keyOnly?: boolean }) =>
      (await operate()).testTarget(terminal, options, name),
    );
  const letters = program.command("deadletters").description("List, show, replay or drop dead letters");
  command(letters, "list", "list dead letters, the newest first")
    .option("--target <target>", "only those of this target")
    .option("--reason <reason>", "only those with this reason")
    .option("--limit <count>", "show at most this many", "100")
    .option("--cursor <cursor>", "cursor at the end of an earlier list")
    .action(async (options: ListOptions) => (await operate()).listDeadLetters(terminal, options));
  command(letters, "show <id>", "show a dead letter with its event").action(
    async (id: string, options: OperatorOptions) =>
      (await operate()).show(terminal, options, `deadletters/${encodeURIComponent(id)}`),
  );
  command(letters, "replay [id]", "re-evaluate a dead letter and send it if it is still wanted")
    .option("--all", "replay all dead letters that match the following options")
    .option("--target <target>", "only those of this target")
    .addOption(new Option("--reason <reason>", "only those with this reason").choices(["dead_invalid", "dead_expired"]))
    .option("--before <time>", "only those from before this time, such as 2026-01-31T12:00:00Z")
    .option(...matcherOption)
    .option("--dry-run", "only count them")
    .action(async (id: string | undefined, options: ReplayOptions) => {
      const { needsFilters, replayAll } = await import("./replay-all.ts");
      if (needsFilters(id, options)) return replayAll(terminal, options);
      return (await operate()).replay(terminal, options, id);
    });
  command(letters, "drop <id>", "drop a dead letter").action(async (id: string, options: OperatorOptions) =>
    (await operate()).drop(terminal, options, id),
  );
  command(
    program,
    "doctor",
    "List the current problems, the most urgent first, each with its fix; exit code 1 if there are any",
  ).action(async (options: OperatorOptions) => (await import("./doctor.ts")).doctor(terminal, options));
  command(
    program,
    "reconcile",
    "Compare incidents with PagerDuty's, for targets with a rest_token; exit code 1 if a target cannot be compared",
  )
    .option("--target <target>", "only this target")
    .option("--apply", "repair the differences")
    .action(async (options: ReconcileCommandOptions) => (await import("./reconcile.ts")).reconcile(terminal, options));
  command(
    program,
    "drill",
    'Play a fire drill: send an alert marked "DRILL", follow it until a person acknowledges it, and resolve it; exit code 1 if it did not arrive everywhere',
  )
    .option("--target <target>", "only this target, whatever its filters; default: each target whose filters match")
    .addOption(new Option("--severity <severity>", "severity of the alert").choices(severityNames).default("critical"))
    .option(
      "--label <name=value>",
      "a label of the alert, for the filters of targets; may be repeated; not with --target",
      (label: string, others?: readonly string[]): readonly string[] => [...(others ?? []), label],
    )
    .option("--wait <duration>", "longest wait until it is delivered and acknowledged", "5m")
    .option("--no-acknowledge", "resolve it once it is delivered, without a person")
    .action(async (options: DrillOptions) => (await import("./drill.ts")).drill(terminal, options));
  withRequiredOptions(
    command(
      program,
      "verify",
      "Check the account behind a PagerDuty target step by step: key, trigger, acknowledge and resolve, and whether PagerDuty shows each; exit code 1 if a step fails",
    ),
    { "--target <target>": "the target; it receives an incident marked as a drill" },
  )
    .addOption(new Option("--severity <severity>", "severity of the incident").choices(severityNames).default("info"))
    .option("--wait <duration>", "longest wait of each step", "1m")
    .action(async (options: VerifyOptions) => (await import("./verify.ts")).verify(terminal, options));
  const report = program.command("report").description("Report on what Tocsin did or would have done");
  command(
    report,
    "shadow",
    "List what targets in shadow mode would have received and when, and compare it with PagerDuty",
  )
    .option("--since <time>", "from then on: 7d (ago), or 2026-01-31T12:00:00Z", "7d")
    .option("--target <target>", "only this target; default: all targets in shadow mode")
    .option(
      "--compare <file>",
      "export of PagerDuty's incidents, CSV or JSON: list what both paged, only the old path, or only Tocsin",
    )
    .option("--service <name>", "only incidents of this service in the export")
    .option("--window <duration>", "longest time between both triggers of one problem", "10m")
    .action(async (options: ShadowReportOptions) =>
      (await import("./report-shadow.ts")).reportShadow(terminal, options),
    );
  command(program, "stats", "Count alerts, incidents and dead letters").action(async (options: OperatorOptions) =>
    (await operate()).stats(terminal, options),
  );
  command(
    program,
    "reload",
    "Reload the configuration and read all target directories and Secrets again; exit code 1 if there is a mistake",
  ).action(async (options: OperatorOptions) => (await operate()).reload(terminal, options));
}

/** Adds `ledger backup` to the commands that need no running service. */
export function describeBackup(ledger: Command, terminal: Terminal): void {
  withRequiredOptions(commandsWith(terminal)(ledger, "backup", "Save a copy of a running service's SQLite ledger"), {
    "--to <file>": "a file that does not exist yet",
  }).action(async (options: BackupOptions) => (await import("./backup.ts")).backup(terminal, options));
}

/** Makes commands with the options that all of them have. */
export const commandsWith = ({ env }: Terminal) => {
  const [url, token] = [env["TOCSIN_URL"] ?? "http://127.0.0.1:9877", env["TOCSIN_TOKEN"]];
  return (parent: Command, name: string, description: string): Command =>
    parent
      .command(name)
      .description(description)
      .option("--url <url>", "URL of the service (environment: TOCSIN_URL)", url)
      // The value itself must not appear in the help.
      .addOption(
        new Option("--token <token>", "bearer token (environment: TOCSIN_TOKEN)").default(
          token,
          "the value of TOCSIN_TOKEN",
        ),
      )
      .option("--ca <file>", "certificates to trust, in PEM")
      .option("--json", "print the service's answer unchanged");
};

/** Named here too, because the list itself would load the schema library. */
const severityNames = ["critical", "error", "warning", "info"];

/** This option may be repeated. */
const matcherOption = [
  "--matcher <matcher>",
  "only alerts whose labels match, such as 'service=~\"api|web\"'; may be repeated, all must match",
  (matcher: string, others: readonly string[] = []): readonly string[] => [...others, matcher],
] as const;

/** A command loads its code only when it runs. */
const operate = () => import("./operate.ts");
const operateAlerts = () => import("./explain-alerts.ts");
