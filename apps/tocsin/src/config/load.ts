import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";

import { formatPath, type Issue, type ReadSecret, type SecretInput } from "@tocsin/core";
import { LineCounter, parseDocument } from "yaml";

import { type Located, located } from "../issues.ts";
import { type Place, placeOf } from "./places.ts";
import { type ConfigInput, configSchema, type Role } from "./schema.ts";
import { secretReader } from "./secrets.ts";

/** A token with what may be done with it. Its value is compared and scrubbed, and shown nowhere. */
export interface Token {
  readonly name: string;
  readonly value: string;
  readonly roles: readonly Role[];
}

/** The configuration as code sees it: checked, secrets read, paths absolute, durations in ms. */
export interface Config {
  /** Absent: nothing was written, these are the defaults. */
  readonly file?: string;
  readonly server: Omit<ConfigInput["server"], "auth" | "tls"> & {
    readonly tokens: readonly Token[];
    readonly open: boolean;
  };
  readonly ledger: {
    /** Absolute, or `:memory:`. */
    readonly path: string;
    /** The first encrypts, all decrypt. Empty: the key beside the file. */
    readonly keys: readonly Buffer[];
    readonly retentionMs: number;
  };
  /** As written; each is judged by itself, so that a wrong one does not keep the others from working. */
  readonly targets: readonly unknown[];
  readonly delivery: ConfigInput["delivery"];
  readonly telemetry: ConfigInput["telemetry"];
  readonly readSecret: ReadSecret;
  /** Where a path of this configuration was written. */
  readonly placeOf: (path: readonly PropertyKey[]) => Place | undefined;
}

/** Everything that is wrong with a configuration. The CLI prints it and ends with exit code 78. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly issues: readonly (Issue & { readonly place?: Place })[];
  readonly file: string | undefined;

  constructor(issues: readonly (Issue & { readonly place?: Place })[], file?: string) {
    super(issues.map((issue) => `${file ?? ""}${describe(issue)}`).join("\n"));
    this.issues = issues;
    this.file = file;
  }
}

const describe = ({ path, message, place }: Issue & { readonly place?: Place }): string =>
  `${place ? `:${place.line}:${place.column}` : ""}: ${path === "" ? "" : `${path}: `}${message}`;

export interface Surroundings {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** @throws ConfigError with all issues */
export function loadConfig(file: string | undefined, { cwd, env }: Surroundings): Config {
  if (file === undefined) return read({}, { dir: cwd, env }, () => undefined);
  const path = resolve(cwd, file);
  const lines = new LineCounter();
  const document = parseDocument(readText(path), { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    const issues = document.errors.map(({ message, pos }) => {
      const { line, col } = lines.linePos(pos[0]);
      return { path: "", message, place: { line, column: col } };
    });
    throw new ConfigError(issues, path);
  }
  const config = read(
    document.toJS() ?? {},
    { dir: dirname(path), env },
    (steps) => placeOf(document, lines, steps),
    path,
  );
  return { ...config, file: path };
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === "ENOENT" ? "no such file" : "cannot be read";
    throw new ConfigError([{ path: "", message: reason }], path);
  }
}

function read(
  input: unknown,
  places: { readonly dir: string; readonly env: Surroundings["env"] },
  place: Config["placeOf"],
  file?: string,
): Config {
  const fail = (issues: readonly Located[]) => {
    const placed = issues.map(({ path, message }) => {
      const at = place(path);
      return { path: formatPath(path), message, ...(at && { place: at }) };
    });
    return new ConfigError(placed, file);
  };
  const parsed = configSchema.safeParse(input);
  if (!parsed.success) throw fail(located(parsed.error));

  const { server, ledger, targets = [], delivery, telemetry } = parsed.data;
  const { auth, listen, maxBodyBytes, publicUrl } = server;
  const readSecret = secretReader(places);
  const issues: Located[] = [];
  const secret = (where: SecretInput, path: readonly PropertyKey[]): string => {
    try {
      const value = readSecret(where);
      if (value === "") throw new Error("must not be empty");
      return value;
    } catch (error) {
      issues.push({ path, message: (error as Error).message });
      return "";
    }
  };
  const tokens = auth.tokens.map(({ token, ...rest }, index) => ({
    ...rest,
    value: secret(token, ["server", "auth", "tokens", index, "token"]),
  }));
  for (const [index, { value }] of tokens.entries()) {
    if (value !== "" && tokens.findIndex((other) => other.value === value) < index) {
      issues.push({ path: ["server", "auth", "tokens", index, "token"], message: "is the same as an earlier one" });
    }
  }
  const written = ledger.encryptionKey;
  const keyInputs = written === undefined ? [] : Array.isArray(written) ? written : [written];
  const keys = keyInputs.map((keyInput, index) => {
    const path = ["ledger", "encryptionKey", ...(Array.isArray(written) ? [index] : [])];
    const value = secret(keyInput, path);
    const key = Buffer.from(value, "base64");
    if (value !== "" && key.byteLength !== 32) issues.push({ path, message: "expected 32 bytes in base64" });
    return key;
  });
  if (issues.length > 0) throw fail(issues);

  return {
    server: { listen, maxBodyBytes, publicUrl, tokens, open: tokens.length === 0 },
    ledger: { path: ledgerPath(ledger.url, places.dir), keys, retentionMs: ledger.retention },
    targets,
    delivery,
    telemetry,
    readSecret,
    placeOf: place,
  };
}

function ledgerPath(url: string, dir: string): string {
  const path = url.slice("sqlite:".length);
  return path === ":memory:" ? path : resolve(dir, path.replace(/^\/\/(?=\/)/, ""));
}
