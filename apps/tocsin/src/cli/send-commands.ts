import { type Command, Option } from "commander";

import type { SendOptions } from "./send.ts";
import type { Terminal } from "./terminal.ts";

/** Events to PagerDuty by hand, without the service. */
export function describeSend(program: Command, terminal: Terminal): void {
  const send = program.command("send").description("send an event to PagerDuty directly, without the service");
  const command = (name: "trigger" | "acknowledge" | "resolve" | "change", description: string) =>
    send
      .command(name)
      .description(description)
      .addOption(
        new Option("--routing-key <key>", "integration key")
          .default(terminal.env["PAGERDUTY_ROUTING_KEY"], "PAGERDUTY_ROUTING_KEY")
          .makeOptionMandatory(),
      )
      .addOption(new Option("--region <region>", "service region").choices(["us", "eu"]))
      .option("--url <url>", "base URL instead of a region")
      .option("--json", "print the answer as JSON")
      .action(async (options: SendOptions) => {
        const sending = await import("./send.ts");
        await sending.send(terminal, name, options);
      });
  const dedupKey = ["--dedup-key <key>", "the alert's key"] as const;
  command("trigger", "open an alert")
    .requiredOption("--summary <text>", "what is wrong")
    .requiredOption("--source <name>", "where")
    .addOption(
      new Option("--severity <severity>", "how bad").choices(["critical", "error", "warning", "info"]).default("error"),
    )
    .option(...dedupKey);
  command("acknowledge", "say that somebody works on it").requiredOption(...dedupKey);
  command("resolve", "end an alert").requiredOption(...dedupKey);
  command("change", "record a change; pages nobody")
    .requiredOption("--summary <text>", "what changed")
    .option("--source <name>", "where");
}
