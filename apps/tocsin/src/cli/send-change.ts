import { UsageError } from "../config/operator-error.ts";
import { callApi } from "./api.ts";
import { print } from "./operate.ts";
import type { OperatorOptions } from "./operator-options.ts";
import type { Terminal } from "./terminal.ts";

export interface SendChangeOptions extends OperatorOptions {
  readonly summary: string;
  readonly source?: string;
  readonly id?: string;
  readonly timestamp?: string;
  readonly environment?: string;
  readonly label?: readonly string[];
  readonly target?: readonly string[];
  readonly link?: readonly string[];
}

/** `tocsin send change`: records a change at the service, which sends it to its targets. */
export async function sendChange(terminal: Terminal, options: SendChangeOptions): Promise<void> {
  const { summary, source, id, timestamp, environment, label = [], target, link } = options;
  const labels = Object.fromEntries(label.map(labelIn));
  const change = {
    summary,
    source,
    id,
    timestamp,
    environment,
    ...(label.length > 0 && { labels }),
    targets: target,
    links: link?.map((href) => ({ href })),
  };
  const answer = await callApi(options, "POST", "changes", JSON.stringify(change));
  const { ids } = answer as { readonly ids: readonly string[] };
  print(terminal, options, answer, `The service recorded the change ${ids.join(", ")}\n`);
}

function labelIn(text: string): readonly [name: string, value: string] {
  const at = text.indexOf("=");
  if (at < 1) throw new UsageError(`--label: expected NAME=VALUE, found ${JSON.stringify(text)}`);
  return [text.slice(0, at), text.slice(at + 1)];
}
