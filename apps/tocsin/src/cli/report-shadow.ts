import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { duration } from "@tocsin/core";
import { OperatorError, UsageError } from "../config/operator-error.ts";
import type { targetBody } from "../http/endpoints/targets.ts";
import { compareExport } from "../shadow-report/compare-export.ts";
import { type Page, pageOf, type ShadowTarget, type ShownIncident } from "../shadow-report/page.ts";
import { type ReadExport, readExport } from "../shadow-report/read-export.ts";
import { callApi } from "./api.ts";
import { readIncidents } from "./list-incidents.ts";
import { print } from "./operate.ts";
import type { OperatorOptions } from "./operator-options.ts";
import { comparisonBody, comparisonText } from "./comparison-text.ts";
import { pagesText } from "./pages-text.ts";
import { sinceTime } from "./since-time.ts";
import type { Terminal } from "./terminal.ts";

/** Options of `report shadow`. */
export interface ShadowReportOptions extends OperatorOptions {
  readonly since: string;
  readonly target?: string;
  readonly compare?: string;
  readonly service?: string;
  readonly window: string;
}

/** A larger export is refused: it is read as a whole. */
const maxExportBytes = 32 * 1024 * 1024;

/** Incidents of one target that are read. */
const maxIncidents = 20_000;

/** Requests that are under way at once. */
const concurrency = 8;

/** Mistakes in an export that are printed. */
const maxIssues = 20;

/** `tocsin report shadow`: lists what targets in shadow mode would have received, and compares it with what the present way of paging sent. */
export async function reportShadow(terminal: Terminal, options: ShadowReportOptions): Promise<void> {
  const since = sinceTime(options.since);
  const window = duration().safeParse(options.window);
  if (!window.success || window.data === 0) throw new UsageError('--window: expected a duration such as "10m"');
  // Before any request: a mistake in the file is faster to find than to wait for.
  const old = options.compare === undefined ? undefined : readOld(terminal, options.compare);
  const until = new Date().toISOString();
  const targets: ShadowTarget[] = [];
  for (const target of await shadowTargets(options)) targets.push(await readTarget(options, target, since));
  const pages = targets
    .flatMap((one) => one.pages)
    .toSorted((a, b) => Date.parse(a.triggeredAt) - Date.parse(b.triggeredAt) || a.incident - b.incident);
  const range = { since, until };
  const compared = old && {
    file: options.compare ?? "",
    ...compareExport(old, pages, { ...options, ...range }, window.data),
  };
  const body = { ...range, targets: targets.map(({ pages: all, ...one }) => ({ ...one, pages: all.length })), pages };
  const text = `${pagesText(targets, pages, range)}${compared ? comparisonText(compared) : ""}`;
  print(terminal, options, { ...body, ...(compared && { comparison: comparisonBody(compared) }) }, text);
  const truncated = targets.filter((one) => one.truncated).map(({ target }) => target);
  if (truncated.length > 0)
    throw new OperatorError(
      `The report is incomplete: ${truncated.join(", ")} has more than ${maxIncidents} incidents since ${since}. Choose a later --since`,
    );
}

/** Returns the full names of the targets to report on. @throws OperatorError if there are none */
async function shadowTargets(options: ShadowReportOptions): Promise<readonly string[]> {
  const { target } = options;
  if (target !== undefined) {
    const found = (await callApi(options, "GET", `targets/${encodeURIComponent(target)}`)) as TargetBody;
    if (found.mode !== "shadow")
      throw new OperatorError(
        `${found.name} is not in shadow mode: it has no \`mode: shadow\`, or no valid definition`,
      );
    return [found.name];
  }
  const { targets } = (await callApi(options, "GET", "targets")) as { readonly targets: readonly TargetBody[] };
  const shadows = targets.filter(({ mode }) => mode === "shadow").map(({ name }) => name);
  if (shadows.length > 0) return shadows;
  throw new OperatorError("No target is in shadow mode. Set `mode: shadow` at a target and reload the configuration");
}

type TargetBody = ReturnType<typeof targetBody>;

async function readTarget(options: ShadowReportOptions, target: string, since: string): Promise<ShadowTarget> {
  const { url, token, ca } = options;
  const connection = { url, ...(token !== undefined && { token }), ...(ca !== undefined && { ca }) };
  const query = { ...connection, target, kind: "alert", since, limit: String(maxIncidents) };
  const { incidents, nextCursor } = await readIncidents(query);
  const shadowed = incidents.filter(({ told }) => told?.shadow === true);
  const waiting = [...shadowed];
  const pages: Page[] = [];
  const read = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const page = pageOf((await callApi(connection, "GET", `incidents/${next.id}`)) as ShownIncident);
      if (page !== undefined) pages.push(page);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, read));
  const nothingSent = incidents.filter(({ told, state }) => told === null && state === "not_told").length;
  return { target, pages, nothingSent, truncated: nextCursor !== undefined };
}

/** @throws OperatorError with the mistakes of the file */
function readOld({ cwd }: Terminal, file: string): ReadExport {
  const path = resolve(cwd, file);
  const { size } = statSync(path);
  if (size > maxExportBytes)
    throw new OperatorError(
      `--compare: ${file} has ${Math.round(size / 1024 / 1024)} MiB; at most ${maxExportBytes / 1024 / 1024} MiB are read. Export a shorter time`,
    );
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new OperatorError(`--compare: ${file} is not UTF-8 text`, { cause: error });
  }
  const read = readExport(text);
  const { issues } = read;
  if (issues.length === 0) return read;
  const more = issues.length > maxIssues ? [`and ${issues.length - maxIssues} more`] : [];
  throw new OperatorError([`--compare: ${file} cannot be read`, ...issues.slice(0, maxIssues), ...more].join("\n  "));
}
