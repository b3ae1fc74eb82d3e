import { existsSync, readFileSync } from "node:fs";
import type { RequestOptions } from "node:https";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import type { KubeConfig } from "@kubernetes/client-node";
import { parse } from "yaml";
import { ApiFailure } from "./api-failure.ts";

/** Where the kubelet puts what a pod needs: https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/ */
const usualAccountDir = "/var/run/secrets/kubernetes.io/serviceaccount";

export interface ConnectionOptions {
  /** Absolute; null: found as described in docs/kubernetes.md. */
  readonly kubeconfig: string | null;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** @default where the kubelet puts it */
  readonly accountDir?: string;
}

/** Where the API is, and how a request is made there: with TLS settings, proxy and credential. */
export interface Connection {
  readonly server: string;
  /** Asks credential plugins and reads token files where they are old. */
  readonly options: () => Promise<Omit<RequestOptions, "headers"> & { readonly headers: Record<string, string> }>;
}

/**
 * Reads the configuration with the official client, which knows kubeconfigs, credential plugins and proxies. It costs
 * 90 MB and half a second to load, so it is loaded here, where it is needed, and not before.
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
  // The client refuses plain http; to this machine, as to `kubectl proxy`, it is how it is meant.
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
      // A token file may end with a newline, and no header may.
      const headers = Object.entries(options.headers ?? {}).map(([name, value]) => [name, String(value).trim()]);
      return { ...options, headers: Object.fromEntries(headers) as Record<string, string> };
    },
  };
}

/** The messages of the client quote what a plugin wrote, and that may be anything. */
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
  throw new ApiFailure("configuration", "there is no kubeconfig, and this is no pod with a service account");
}

/** As kubectl does: of several files the first that names something wins, and one that is missing is passed over. */
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

/** The client overlooks `tokenFile` of users, which is read again and again where it is rotated. */
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

/** The client's own way reads the process's environment and fixed paths. */
function loadAccount(config: KubeConfig, env: ConnectionOptions["env"], account: string): KubeConfig {
  const host = env["KUBERNETES_SERVICE_HOST"] ?? "";
  const server = `https://${host.includes(":") ? `[${host}]` : host}:${env["KUBERNETES_SERVICE_PORT"] ?? "443"}`;
  const cluster = { name: "in-cluster", server, caFile: join(account, "ca.crt"), skipTLSVerify: false };
  config.loadFromClusterAndUser(cluster, withTokenFile({ name: "in-cluster" }, join(account, "token")));
  return config;
}
