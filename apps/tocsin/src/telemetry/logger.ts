import { type Logger as PinoLogger, pino } from "pino";
import { pretty } from "./pretty.ts";
import type { Scrubber } from "./scrubber.ts";

export type Logger = PinoLogger;

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
