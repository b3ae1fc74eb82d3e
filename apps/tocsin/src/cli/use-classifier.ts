import { type Alert, type Classifier, type ClassifierResult, duration, systemClock } from "@tocsin/core";
import { Transport } from "@tocsin/http";
import { createClassifier } from "../classifiers/create-classifier.ts";
import type { ClassificationSettings } from "../classification/classification-settings.ts";
import { loadConfig } from "../config/load.ts";
import { OperatorError, UsageError } from "../config/operator-error.ts";
import { proxiesIn } from "../config/proxies.ts";
import { version } from "../config/version.ts";
import { defaultConfigFile } from "./defaults.ts";
import type { Terminal } from "./terminal.ts";

/** The classifier of a configuration, for commands that try it. */
export interface OpenClassifier {
  /** Provider and model, for people. */
  readonly name: string;
  readonly settings: ClassificationSettings;
  readonly classifier: Classifier;
}

/**
 * Opens the classifier of a configuration, uses it, and closes it.
 *
 * @throws ConfigError, and OperatorError if the configuration has no classifier
 */
export async function useClassifier<Result>(
  { cwd, env }: Terminal,
  named: string | undefined,
  use: (opened: OpenClassifier) => Promise<Result>,
): Promise<Result> {
  const file = defaultConfigFile(named, cwd);
  const settings = loadConfig(file, { cwd, env }).classification;
  if (settings === undefined)
    throw new OperatorError(
      `${file ?? "The default configuration"} has no classifier. Set classification.provider to "rules" or "llm"`,
    );
  const transport = new Transport({ proxy: proxiesIn(env).settings, clock: systemClock });
  try {
    const classifier = await createClassifier(settings, { transport, version, now: () => systemClock.now() });
    try {
      return await use({
        name: classifier.provider === "rules" ? "rules" : `${classifier.provider} ${classifier.model}`,
        settings,
        classifier,
      });
    } finally {
      await classifier[Symbol.asyncDispose]();
    }
  } finally {
    await transport.close();
  }
}

export interface Asked {
  readonly result: ClassifierResult;
  readonly ms: number;
}

/** Makes one call and measures it. */
export async function askClassifier({ classifier }: OpenClassifier, alert: Alert, timeoutMs: number): Promise<Asked> {
  const startedAtMs = performance.now();
  const result = await classifier.classify(alert, AbortSignal.timeout(timeoutMs));
  return { result, ms: performance.now() - startedAtMs };
}

/** @throws UsageError */
export function timeoutIn(text: string): number {
  const parsed = duration().safeParse(text);
  if (parsed.success && parsed.data > 0) return parsed.data;
  throw new UsageError('--timeout: expected a duration such as "30s"');
}
