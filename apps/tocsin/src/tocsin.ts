import type { Classifier, Clock } from "@tocsin/core";
import type { ClassificationSettings } from "./classification/classification-settings.ts";
import type { Address } from "./config/address.ts";
import type { ConfigWatch } from "./config/config-watch.ts";
import type { Config } from "./config/config.ts";
import type { TargetRegistry } from "./targets/registry.ts";
import type { Logger } from "./telemetry/logger.ts";

/** The parts that a service receives from the program that starts it. */
export interface Surroundings {
  /**
   * Runs once the ledger is open, and therefore belongs to this process alone. Adds to the configuration what must not start
   * earlier, because it would disturb another process that is already running.
   */
  readonly afterLedger?: (config: Config) => Promise<Config>;
  /** @default the system clock */
  readonly clock?: Clock;
  /** Creates the classifier that the configuration names. @default `createClassifier` of `classifiers/` */
  readonly createClassifier?: (settings: ClassificationSettings) => Promise<Classifier>;
  /** Writes finished log lines. */
  readonly writeLog: (line: string) => void;
  /** Environment variables, which name the proxies. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Reads the configuration again, for a reload. Absent: the service has no configuration file. @throws ConfigError */
  readonly reread?: (() => Config) | undefined;
  /** Watches the configuration's files. Absent: there are none. */
  readonly watch?: ConfigWatch | undefined;
}

/** A running service. */
export interface Tocsin {
  /** The address at which it listens, with the port that was assigned. */
  readonly address: Address;
  readonly log: Logger;
  readonly targets: Pick<TargetRegistry, "entries">;
  /** Reloads the configuration. Without a configuration file it only logs that there is none. */
  reload(): Promise<void>;
  /**
   * Stops intake, then attempts in flight (after 10 s at most), then everything else. No accepted alert is lost in any of these
   * steps.
   */
  stop(): Promise<void>;
}
