import { type Command, Option } from "commander";
import type { SendChangeOptions } from "./send-change.ts";
import { commandsWith } from "./operator-commands.ts";
import type { Sending, SendOptions } from "./send.ts";
import { refuseIncomplete, requiredText } from "./required-options.ts";
import type { Terminal } from "./terminal.ts";

/** Options that every event requires. */
const required: Readonly<Record<Sending, readonly (keyof SendOptions)[]>> = {
  trigger: ["routingKey", "summary", "source"],
  acknowledge: ["routingKey", "dedupKey"],
  resolve: ["routingKey", "dedupKey"],
  change: ["routingKey", "summary"],
};

/** Commands that send events to PagerDuty directly, without the service, and changes to the service. */
export function describeSendCommands(program: Command, terminal: Terminal): void {
  const send = program
    .command("send")
    .description("Send an event to PagerDuty directly, or record a change at the service");
  const command = (name: Sending, description: string) => {
    const described = (option: keyof SendOptions, text: string): string =>
      required[name].includes(option) ? requiredText(text) : text;
    const made = send
      .command(name)
      .description(description)
      .addOption(
        new Option(
          "--routing-key <key>",
          described("routingKey", "integration key (environment: PAGERDUTY_ROUTING_KEY)"),
          // The value itself must not appear in the help.
        ).default(terminal.env["PAGERDUTY_ROUTING_KEY"], "the value of PAGERDUTY_ROUTING_KEY"),
      )
      .addOption(new Option("--region <region>", "service region; default: us").choices(["us", "eu"]))
      .option("--url <url>", "base URL instead of a region")
      .option("--json", "print the answer as JSON")
      .action(async (options: SendOptions) => {
        refuseIncomplete(made, required[name]);
        const sending = await import("./send.ts");
        await sending.send(terminal, name, options);
      });
    return { made, described };
  };
  const keyOption = "--dedup-key <key>";
  const trigger = command("trigger", "Open an alert");
  trigger.made
    .option("--summary <text>", trigger.described("summary", "title of the alert"))
    .option("--source <name>", trigger.described("source", "the host or service that has the problem"))
    .addOption(
      new Option("--severity <severity>", "severity of the problem")
        .choices(["critical", "error", "warning", "info"])
        .default("error"),
    )
    .option(keyOption, trigger.described("dedupKey", "identity of the alert; default: a new one"));
  for (const [name, description] of [
    ["acknowledge", "Report that a person works on an alert"],
    ["resolve", "End an alert"],
  ] as const) {
    const { made, described } = command(name, description);
    made.option(keyOption, described("dedupKey", "identity of the alert"));
  }
  describeSendChange(send, terminal);
}

/** `send change` goes to the service. With `--direct` it goes to PagerDuty, like the other events. */
function describeSendChange(send: Command, terminal: Terminal): void {
  const made = commandsWith(terminal)(send, "change", "Record a change at the service; it pages no one")
    .option("--summary <text>", requiredText("title of the change"))
    .option("--source <name>", "the host or service that changed")
    .option("--id <id>", "identity of the change: the same id twice is one change; default: a new one")
    .option("--timestamp <time>", "when it happened, such as 2026-01-31T12:00:00Z; default: now")
    .option("--environment <name>", "the environment that changed")
    .option("--label <name=value>", "a label, such as service=shop; may be repeated", collect)
    .option("--link <url>", "a page about the change; may be repeated", collect)
    .option("--target <name>", "send to this target whatever its filters say; may be repeated", collect)
    .option("--direct", "send to PagerDuty directly, without the service; needs --routing-key")
    .addOption(
      new Option("--routing-key <key>", "with --direct: integration key (environment: PAGERDUTY_ROUTING_KEY)")
        // The value itself must not appear in the help.
        .default(terminal.env["PAGERDUTY_ROUTING_KEY"], "the value of PAGERDUTY_ROUTING_KEY"),
    )
    .addOption(new Option("--region <region>", "with --direct: service region; default: us").choices(["us", "eu"]))
    .action(async (options: SendChangeOptions & Omit<SendOptions, "url"> & { direct?: boolean }) => {
      if (!options.direct) {
        refuseIncomplete(made, ["summary"]);
        if (["routingKey", "region"].some((option) => made.getOptionValueSource(option) === "cli"))
          made.error("error: --routing-key and --region need --direct");
        return (await import("./send-change.ts")).sendChange(terminal, options);
      }
      const ignored = serviceOptions.filter((option) => made.getOptionValueSource(option) === "cli");
      if (ignored.length > 0)
        made.error(`error: only the service takes ${ignored.map((option) => `--${option}`).join(", ")}: omit --direct`);
      refuseIncomplete(made, required.change);
      const { url, ...direct } = options;
      const isGiven = made.getOptionValueSource("url") !== "default";
      return (await import("./send.ts")).send(terminal, "change", { ...direct, ...(isGiven && { url }) });
    });
}

/** Options of `send change` that have no effect without the service. */
const serviceOptions = ["id", "timestamp", "environment", "label", "link", "target"];

const collect = (text: string, others: readonly string[] = []): readonly string[] => [...others, text];
