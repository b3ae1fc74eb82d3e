import { normalize, resolve } from "node:path";
import { checkInput, type Issue, type ReadSecret, type SecretInput } from "@tocsin/core";
import { parseConnectionUrl, type PostgresServer, shownConnectionUrl } from "@tocsin/engine";
import { type Expectation, expectationsIn } from "../heartbeats/expectation-settings.ts";
import { outgoingHeartbeatIn, type OutgoingHeartbeatSettings } from "../heartbeats/outgoing-settings.ts";
import { type Callback, callbacksIn } from "../callbacks/callback.ts";
import { type ClassificationSettings, classificationIn } from "../classification/classification-settings.ts";
import { type ChangeSource, changeSourcesIn } from "../changes/sources/change-source.ts";
import { type ReaderSettings, readersIn } from "../ingest/readers/reader-settings.ts";
import { type SignatureSettings, signaturesIn } from "../ingest/signatures.ts";
import { type TraceSettings, tracesIn } from "../telemetry/traces/trace-settings.ts";
import { ConfigError } from "./config-error.ts";
import { type ServerTls, serverTlsIn } from "./server-tls.ts";
import type { SourcePosition } from "./source-positions.ts";
import { type ConfigOutput, configSchema, isPostgres, type Role } from "./schema.ts";
import { type SecretPlaces, secretReader } from "./secrets.ts";

/** A bearer token and its permissions. Its value is compared and removed from logs, and never shown. */
export interface Token {
  readonly name: string;
  readonly value: string;
  readonly roles: readonly Role[];
}

/** A client with a certificate and its permissions. */
export type Client = ConfigOutput["server"]["auth"]["clients"][number];

/** The place of the ledger. A path is absolute, or `:memory:`. */
export type LedgerPlace =
  | { readonly kind: "sqlite"; readonly path: string }
  | { readonly kind: "postgres"; readonly server: PostgresServer };

/** The name of the ledger for logs and errors, without credentials. */
export const ledgerName = (ledger: LedgerPlace): string =>
  ledger.kind === "sqlite" ? ledger.path : shownConnectionUrl(ledger.server);

/** The file of a SQLite ledger. Undefined: the ledger is in PostgreSQL, or only in memory. */
export const sqliteFileOf = (ledger: LedgerPlace): string | undefined =>
  ledger.kind === "sqlite" && ledger.path !== ":memory:" ? ledger.path : undefined;

/** The configuration as code uses it: validated, secrets read, paths absolute, durations in ms. */
export interface Config {
  /** Absent: there is no file, and these are the defaults. */
  readonly file: string | undefined;
  readonly server: Pick<
    ConfigOutput["server"],
    "listen" | "probes" | "basePath" | "maxBodyBytes" | "publicUrl" | "allowedHosts" | "trustedProxies"
  > & {
    readonly tokens: readonly Token[];
    readonly clients: readonly Client[];
    /** Undefined: the API speaks plain HTTP. */
    readonly tls: ServerTls | undefined;
  };
  readonly ledger: LedgerPlace & {
    /** The first key encrypts, all keys decrypt. Empty: the key file beside the ledger is used. */
    readonly keys: readonly Buffer[];
    readonly retentionMs: number;
  };
  /**
   * The targets as written; undefined: the key is absent. Each target is checked by itself, so that an invalid one affects no
   * other.
   */
  readonly targets: readonly unknown[] | undefined;
  readonly discovery: {
    /** The directories, each as written and as an absolute path. */
    readonly files: readonly { readonly where: string; readonly directory: string }[];
    /** Undefined: disabled. The path of the kubeconfig is absolute. */
    readonly kubernetes: Omit<ConfigOutput["discovery"]["kubernetes"], "enabled"> | undefined;
    /** Undefined: not written, so the default policy applies to targets from Secrets only. */
    readonly policy: ConfigOutput["discovery"]["policy"];
  };
  /** The Alertmanager APIs that are read, and the sources of their alerts. */
  readonly readers: readonly ReaderSettings[];
  /** The signatures that sources demand. */
  readonly signatures: readonly SignatureSettings[];
  /** The sources that must send regularly. */
  readonly expectations: readonly Expectation[];
  /** Undefined: Tocsin reports its own problems to no target. */
  readonly selfAlerts: ConfigOutput["selfAlerts"];
  /** Undefined: no canary is played. */
  readonly canary: ConfigOutput["canary"];
  /** Undefined: no heartbeat is sent. */
  readonly heartbeat: OutgoingHeartbeatSettings | undefined;
  /** Undefined: alerts are not classified. */
  readonly classification: ClassificationSettings | undefined;
  readonly delivery: ConfigOutput["delivery"];
  readonly changes: Omit<ConfigOutput["changes"], "kubernetes"> & {
    /** Undefined: disabled. The path of the kubeconfig is absolute. */
    readonly kubernetes: Omit<ConfigOutput["changes"]["kubernetes"], "enabled"> | undefined;
  };
  /** The sources of changes, with their secrets. */
  readonly changeSources: readonly ChangeSource[];
  /** The receivers that report, with their secrets. */
  readonly callbacks: readonly Callback[];
  readonly telemetry: Pick<ConfigOutput["telemetry"], "logs"> & {
    /** Undefined: nothing is traced. */
    readonly traces: TraceSettings | undefined;
  };
  readonly readSecret: ReadSecret;
  /** Returns the position at which a path of this configuration was written. */
  readonly placeOf: (path: string) => SourcePosition | undefined;
}

export interface Origin extends SecretPlaces {
  readonly file?: string;
  readonly placeOf?: Config["placeOf"];
  /** Command line options that replace a key, by the path of the key. */
  readonly setBy?: ReadonlyMap<string, string>;
}

/** @throws ConfigError with all issues */
export function readConfig(
  input: unknown,
  { file, placeOf = () => undefined, setBy = new Map(), ...places }: Origin,
): Config {
  const secrets = new Secrets(secretReader(places));
  const fail = (issues: readonly Issue[]) => {
    const placed = issues.map((issue) => {
      const option = setBy.get(issue.path);
      if (option !== undefined) return { path: "", message: issue.message, file: option };
      const place = placeOf(issue.path);
      return place === undefined ? issue : { ...issue, place };
    });
    const { targets } = (input ?? {}) as { readonly targets?: unknown };
    return new ConfigError(
      placed,
      file,
      Array.isArray(targets) ? { targets, readSecret: secrets.read, placeOf } : undefined,
    );
  };
  const parsed = checkInput(configSchema, input);
  if ("issues" in parsed) {
    const { issues } = parsed;
    // One issue per position: a second one, for example of a comparison, follows from the first.
    throw fail(issues.filter(({ path }, index) => issues.findIndex((issue) => issue.path === path) === index));
  }
  const { server, ledger, targets, discovery, sources, delivery, changes, telemetry, selfAlerts, canary } = parsed.data;
  const tokens = secrets.tokens(server.auth.tokens);
  const tls = serverTlsIn(server.tls, secrets);
  const keys = secrets.keys(ledger.encryptionKey);
  const place = secrets.ledger(ledger, places.dir);
  const readers = readersIn(sources, secrets);
  const senders = [...tokens, ...server.auth.clients];
  const signatures = signaturesIn(sources, senders, secrets);
  const traces = tracesIn(telemetry.traces, secrets);
  const expectations = expectationsIn(sources, {
    selfAlertTargets: selfAlerts?.targets,
    senders,
    issues: secrets.issues,
  });
  const heartbeat = outgoingHeartbeatIn(telemetry.heartbeat, secrets);
  const classification = classificationIn(parsed.data.classification, secrets);
  const changeSources = changeSourcesIn(changes.sources, secrets, senders);
  const callbacks = callbacksIn(parsed.data.callbacks, secrets, {
    targets,
    areDiscovered: discovery.files.length > 0 || discovery.kubernetes.enabled,
  });
  if (secrets.issues.length > 0) throw fail(secrets.issues);
  const { listen, probes, basePath, maxBodyBytes, publicUrl, allowedHosts, trustedProxies } = server;
  return {
    file,
    server: {
      listen,
      probes,
      basePath,
      maxBodyBytes,
      publicUrl,
      allowedHosts,
      trustedProxies,
      tokens,
      clients: server.auth.clients,
      tls,
    },
    ledger: { ...place, keys, retentionMs: ledger.retention },
    targets,
    discovery: placesOf(discovery, places.dir),
    readers,
    signatures,
    expectations,
    selfAlerts,
    canary,
    heartbeat,
    classification,
    delivery,
    changes: { ...changes, kubernetes: enabledIn(changes.kubernetes, places.dir) },
    changeSources,
    callbacks,
    telemetry: { logs: telemetry.logs, traces },
    readSecret: secrets.read,
    placeOf,
  };
}

/** Reads the secrets and collects the issues of their values. */
class Secrets {
  readonly issues: Issue[] = [];
  readonly read: ReadSecret;

  constructor(read: ReadSecret) {
    this.read = read;
  }

  tokens(inputs: ConfigOutput["server"]["auth"]["tokens"]): Token[] {
    const tokens = inputs.map(({ token, name, roles }, index) => {
      const path = `server.auth.tokens[${index}].token`;
      return { name, roles, path, value: this.value(token, path) };
    });
    for (const [index, { value, path }] of tokens.entries()) {
      if (value !== "" && tokens.findIndex((other) => other.value === value) < index) {
        this.issues.push({ path, message: "must not be the same as an earlier one" });
      }
      if (/\s/.test(value)) this.issues.push({ path, message: "must not contain blanks" });
    }
    return tokens.map(({ name, value, roles }) => ({ name, value, roles }));
  }

  keys(input: SecretInput | readonly SecretInput[] | undefined): Buffer[] {
    const path = "ledger.encryptionKey";
    if (input === undefined) return [];
    return isList(input) ? input.map((one, index) => this.#key(one, `${path}[${index}]`)) : [this.#key(input, path)];
  }

  ledger({ url, password, tls }: ConfigOutput["ledger"], dir: string): LedgerPlace {
    if (!isPostgres(url)) return { kind: "sqlite", path: ledgerPath(url, dir) };
    const server = parseConnectionUrl(url, {
      ...(password !== undefined && { password: this.value(password, "ledger.password") }),
      ...(tls.ca !== undefined && { ca: this.value(tls.ca, "ledger.tls.ca") }),
    });
    return { kind: "postgres", server };
  }

  #key(input: SecretInput, path: string): Buffer {
    const value = this.value(input, path);
    const key = Buffer.from(value, "base64");
    if (value !== "" && key.byteLength !== 32) this.issues.push({ path, message: "expected 32 bytes in base64" });
    return key;
  }

  value(input: SecretInput, path: string): string {
    try {
      const value = this.read(input);
      if (value === "") this.issues.push({ path, message: "must not be empty" });
      return value;
    } catch (error) {
      this.issues.push({ path, message: (error as Error).message });
      return "";
    }
  }
}

const isList = (input: SecretInput | readonly SecretInput[]): input is readonly SecretInput[] => Array.isArray(input);

function placesOf({ files, kubernetes, policy }: ConfigOutput["discovery"], dir: string): Config["discovery"] {
  return {
    files: files.map((path) => ({ where: normalize(path), directory: resolve(dir, path) })),
    kubernetes: enabledIn(kubernetes, dir),
    policy,
  };
}

/** Returns the settings with an absolute path of the kubeconfig; undefined: disabled. */
function enabledIn<T extends { readonly enabled: boolean; readonly kubeconfig: string | null }>(
  settings: T,
  dir: string,
) {
  const { enabled, kubeconfig, ...rest } = settings;
  return enabled ? { ...rest, kubeconfig: kubeconfig === null ? null : resolve(dir, kubeconfig) } : undefined;
}

function ledgerPath(url: string, dir: string): string {
  const path = url.slice("sqlite:".length);
  return path === ":memory:" ? path : resolve(dir, path.replace(/^\/\/(?=\/)/, ""));
}
