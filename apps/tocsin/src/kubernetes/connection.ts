import { existsSync, readFileSync } from "node:fs";
import type { RequestOptions } from "node:https";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import type { KubeConfig } from "@kubernetes/client-node";
import { parse } from "yaml";
import { ApiFailure } from "./api-failure.ts";

/**
 * Directory in which the kubelet mounts the pod's token and CA:
 * https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
 */
const usualAccountDir = "/var/run/secrets/kubernetes.io/serviceaccount";

export interface ConnectionOptions {
  /** Absolute path; null: searched for as docs/kubernetes.md describes. */
  readonly kubeconfig: string | null;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** @default the directory in which the kubelet mounts it */
  readonly accountDir?: string;
}

/** The address of the API, and how to send a request there: TLS settings, proxy and credential. */
export interface Connection {
  readonly server: string;
  /** Runs credential plugins and reads token files again when their results are old. */
  readonly options: () => Promise<Omit<RequestOptions, "headers"> & { readonly headers: Record<string, string> }>;
}

/**
 * Reads the configuration with the official client, which supports kubeconfigs, credential plugins and proxies. Loading that
 * client costs 90 MB and half a second, so it is imported here, only when it is needed.
 *
 * @throws ApiFailure
 */
export async function connect(o: ConnectionOptions): Promise<Connection> {
  const client = await import("@kubernetes/client-node");
  let config: KubeConfig;
  try {
    config = load(o, () => new client.KubeConfig());
  } catch (error) {
    throw error instanceof ApiFailure ? error : unreadable(error);
  }
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new ApiFailure("configuration", "the kubeconfig names no current cluster");
  // The client refuses plain http. To this machine it is intended, as with `kubectl proxy`.
  if (/^http:\/\/(localhost|127\.\d+\.\d+\.\d+|\[::1\])[:/]/.test(`${cluster.server}/`)) {
    Object.assign(cluster, { skipTLSVerify: true });
  }
  return {
    server: cluster.server,
    async options() {
      const options: RequestOptions = {};
      try {
        await config.applyToHTTPSOptions(options);
      } catch (error) {
        throw unreadable(error);
      }
      // A token file may end with a newline; a header must not.
      const headers = Object.entries(options.headers ?? {}).map(([name, value]) => [name, String(value).trim()]);
      return { ...options, headers: Object.fromEntries(headers) as Record<string, string> };
    },
  };
}

/** Replaces the client's messages: they quote the output of credential plugins, which may hold secrets. */
function unreadable(error: unknown): ApiFailure {
  const { code, path } = error as NodeJS.ErrnoException;
  if (code !== undefined && path !== undefined) return new ApiFailure("configuration", `cannot read ${path} (${code})`);
  return new ApiFailure("configuration", "the kubeconfig, or the credential that it names, cannot be used");
}

function load(
  { kubeconfig, env, accountDir = usualAccountDir }: ConnectionOptions,
  make: () => KubeConfig,
): KubeConfig {
  const named = (env["KUBECONFIG"] ?? "").split(delimiter).filter((path) => path !== "");
  const usual = join(env["HOME"] ?? homedir(), ".kube", "config");
  if (kubeconfig !== null) return loadFiles([kubeconfig], make);
  if (named.length > 0) return loadFiles(named, make);
  if (env["KUBERNETES_SERVICE_HOST"] && existsSync(join(accountDir, "token")))
    return loadAccount(make(), env, accountDir);
  if (existsSync(usual)) return loadFiles([usual], make);
  throw new ApiFailure(
    "configuration",
    "there is no kubeconfig, and Tocsin does not run in a pod with a service account",
  );
}

/** Merges several files as kubectl does: the first file that sets a value wins, and a missing file is skipped. */
function loadFiles(paths: readonly string[], make: () => KubeConfig): KubeConfig {
  const there = paths.length > 1 ? paths.filter((path) => existsSync(path)) : paths;
  const read = there.map((path) => {
    const config = make();
    config.loadFromFile(path);
    useTokenFiles(config, path);
    return config;
  });
  const whole = make();
  whole.loadFromOptions({
    clusters: firsts(read.flatMap(({ clusters }) => clusters)),
    users: firsts(read.flatMap(({ users }) => users)),
    contexts: firsts(read.flatMap(({ contexts }) => contexts)),
    currentContext: read.find(({ currentContext }) => currentContext)?.currentContext,
  });
  return whole;
}

const firsts = <T extends { readonly name: string }>(named: readonly T[]): T[] =>
  named.filter(({ name }, index) => named.findIndex((other) => other.name === name) === index);

/** Adds support for `tokenFile` of users, which the client ignores. The file is read again regularly, because it is rotated. */
function useTokenFiles(config: KubeConfig, path: string): void {
  const { users } = (parse(readFileSync(path, "utf8")) ?? {}) as {
    users?: readonly { readonly name?: unknown; readonly user?: { readonly tokenFile?: unknown } }[];
  };
  const files = new Map((users ?? []).map(({ name, user }) => [name, user?.tokenFile]));
  config.users = config.users.map((user) => {
    const file = files.get(user.name);
    return typeof file === "string" ? withTokenFile(user, resolve(dirname(path), file)) : user;
  });
}

const withTokenFile = (user: KubeConfig["users"][number], tokenFile: string) => {
  const { token: _, ...rest } = user;
  return { ...rest, authProvider: { name: "tokenFile", config: { tokenFile } } };
};

/**
 * Loads the pod's service account. The client's own function reads the process environment and fixed paths, so it cannot be
 * tested.
 */
function loadAccount(config: KubeConfig, env: ConnectionOptions["env"], account: string): KubeConfig {
  const host = env["KUBERNETES_SERVICE_HOST"] ?? "";
  const server = `https://${host.includes(":") ? `[${host}]` : host}:${env["KUBERNETES_SERVICE_PORT"] ?? "443"}`;
  const cluster = { name: "in-cluster", server, caFile: join(account, "ca.crt"), skipTLSVerify: false };
  config.loadFromClusterAndUser(cluster, withTokenFile({ name: "in-cluster" }, join(account, "token")));
  return config;
}
