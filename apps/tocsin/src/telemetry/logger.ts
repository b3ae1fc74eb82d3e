import { pino } from "pino";
import type { LogEvent, LogLevel } from "./log-events.ts";
import { pretty } from "./pretty.ts";
import type { Scrubber } from "./scrubber.ts";

/** The fields of a log line. `event` is in the list of docs/logs.md. */
export interface LogFields {
  readonly event: LogEvent;
  readonly [field: string]: unknown;
}

type Write = (fields: LogFields, message: string) => void;

/** Writes log lines. Every line has an event. */
export interface Logger extends Readonly<Record<LogLevel, Write>> {
  /** Lines of lower levels are not written. May be set at any time. */
  level: string;
  /** Whether lines of the level are written: ask before you build fields for every alert. */
  isLevelEnabled(level: LogLevel): boolean;
}

export interface LogSettings {
  readonly level: string;
  readonly format: "json" | "pretty";
}

/** `write` receives whole lines that hold no known secret. */
export function createLogger(settings: LogSettings, scrubber: Scrubber, write: (line: string) => void): Logger {
  const print = settings.format === "pretty" ? pretty : (line: string) => line;
  return pino(
    { level: settings.level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level } },
    { write: (line: string) => write(print(scrubber.scrub(line))) },
  );
}

const level = (label: string) => ({ level: label });
