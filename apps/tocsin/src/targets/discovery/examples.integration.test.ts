import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { hashKey } from "@tocsin/simulator";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { startService, type TestService } from "../../service.fixture.ts";
import { ApiServer } from "../../kubernetes/api-server.fixture.ts";

const examples = join(import.meta.dirname, "../../../../../examples/k8s");

interface Manifest {
  readonly file: string;
  readonly kind: string;
  readonly type: string;
  readonly metadata: { readonly name: string; readonly namespace: string; readonly labels: Record<string, string> };
  readonly stringData: Record<string, string>;
}
const manifests = globSync("*.yaml", { cwd: examples })
  .toSorted()
  .flatMap((file) =>
    parseAllDocuments(readFileSync(join(examples, file), "utf8")).map(
      (document) => ({ file, ...(document.toJS() as object) }) as Manifest,
    ),
  );
const targetOf = ({ stringData }: Manifest) =>
  JSON.parse(stringData["target.json"] ?? "") as {
    readonly name: string;
    readonly type: string;
    readonly headers?: { readonly routing_key?: string };
  };
/** Returns the credential: the entry beside the target, or the header in the target. */
const keyOf = (manifest: Manifest): string => {
  const { "target.json": _, ...beside } = manifest.stringData;
  return Object.values(beside)[0] ?? targetOf(manifest).headers?.routing_key ?? "";
};

/** URLs of the simulator that replace the receivers in the examples. */
const stands: Readonly<Record<string, string>> = {
  "https://events.pagerduty.com": "",
  "https://tickets.example.com/hooks/tocsin": "/webhook/tickets",
  "https://alertmanager.example.com": "",
  "https://hooks.slack.com": "",
  "https://api.rootly.com": "",
};
const locally = (text: string, url: string): string =>
  Object.entries(stands)
    .reduce((said, [receiver, path]) => said.replace(receiver, url + path), text)
    // One second per message would take longer than a test may.
    .replace('"type": "slack"', '$&, "rate_limit": { "limit": 0 }');

/** The README's tables. Each row is an object with the headings as keys. */
const readme = readFileSync(join(examples, "README.md"), "utf8");
const tables = [...readme.matchAll(/(?:^\|.*\|\n)+/gm)].map(([text]) => {
  const [headings = [], , ...rows] = text
    .trimEnd()
    .split("\n")
    .map((line) =>
      line
        .slice(1, -1)
        .split(" | ")
        .map((cell) => cell.trim()),
    );
  return rows.map((row) => Object.fromEntries(headings.map((heading, index) => [heading, row[index] ?? ""])));
});
/** The tables after the files, which say which target receives which alert. */
const [files = [], ...decisions] = tables;

/** The alerts of the tables, such as `severity=critical team=shop`, each of them once. */
const texts = [...new Set(decisions.flat().map(({ alert = "" }) => alert))];
const alerts = texts.map((alert, index) => ({
  status: "firing",
  fingerprint: `example-${index}`,
  labels: {
    alertname: "Example",
    ...Object.fromEntries(
      alert
        .replaceAll("`", "")
        .split(" ")
        .map((pair) => pair.split("=")),
    ),
  } as Record<string, string>,
  // Slack shows no fingerprint.
  annotations: { summary: `This is example-${index}` },
  startsAt: "2026-11-23T10:00:00Z",
}));
const cells = decisions
  .flat()
  .flatMap(({ alert = "", ...row }) =>
    Object.entries(row).map(([target, expected]) => [alert, target, expected] as const),
  );
const manifestOf = (heading: string) =>
  manifests.find(({ metadata: { name } }) => name === heading || name.endsWith(`-${heading}`));

let service: TestService;
let server: ApiServer;
const dir = mkdtempSync(join(tmpdir(), "tocsin-examples-"));
beforeAll(async () => {
  server = await ApiServer.start();
  service = await startService((url) => {
    for (const { metadata, stringData } of manifests) {
      const local = Object.fromEntries(Object.entries(stringData).map(([entry, text]) => [entry, locally(text, url)]));
      server.put(metadata.namespace, metadata.name, local, metadata.labels);
    }
    return {
      targets: [],
      discovery: {
        kubernetes: { enabled: true, kubeconfig: server.kubeconfig(dir) },
        // The address at which the simulator listens.
        policy: { allowLoopback: true },
      },
    };
  });
  service.simulator.setLimit({ receiver: "slack", limit: 0 });
  await service.until("it is ready", async () => (await service.ask("GET", "/readyz")).status === 200 || undefined);
  const tickets = manifests.find(({ stringData }) => "signing_secret" in stringData)!;
  service.simulator.setWebhookSecrets("tickets", [keyOf(tickets)]);
  await service.ask("POST", "/api/v1/webhook/alertmanager", { alerts });
  await service.until("nothing is due", async () => {
    const incidents = (await service.ask("GET", "/api/v1/stats")).body.incidents as { state: string; count: number }[];
    return incidents.every(({ state, count }) => count === 0 || !/due|in_flight/.test(state)) || undefined;
  });
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true });
});

describe("the example Secrets", () => {
  test("are all found as Secrets with one target each, and are described in the README", () => {
    expect(manifests.map(({ kind, type, metadata: { labels } }) => [kind, type, labels])).toEqual(
      manifests.map(() => ["Secret", "Opaque", { "publishing-target": "true" }]),
    );
    const listed = files.map(({ file, target }) => `${/\((.*)\)/.exec(file ?? "")?.[1]}: ${target}`);
    expect(new Set(listed)).toEqual(new Set(manifests.map((one) => `${one.file}: \`${targetOf(one).name}\``)));
    for (const { file, metadata } of manifests) expect(metadata.name).toBe(basename(file, ".yaml"));
  });

  test("hold distinct keys that are visibly not real", () => {
    const keys = manifests.map(keyOf);
    for (const key of keys) expect(key).toMatch(/(\b|_)PUTYOUR[A-Z]+HERE0*$/);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test("are ready without changes, and cause no warning", async () => {
    const { body } = await service.ask("GET", "/api/v1/targets");
    expect(
      body.targets.map(({ name, state, errors, warnings }: Record<string, unknown>) => [name, state, errors, warnings]),
    ).toEqual(manifests.map((manifest) => [`tocsin/${targetOf(manifest).name}`, "ready", [], []]));
  });

  test("appear in every cell of the README's table", () => {
    expect(texts.length).toBeGreaterThan(8);
    const columns = decisions.flatMap(([row]) => Object.keys(row ?? {}).filter((heading) => heading !== "alert"));
    expect(columns).toHaveLength(manifests.length);
    expect(new Set(columns.map((heading) => manifestOf(heading)))).toEqual(new Set(manifests));
    for (const [, , expected] of cells) expect(expected).not.toBe("");
  });
});

const sorted = (labels: object = {}): string =>
  JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));

/** Returns what the receiver of a target got about an alert, at the place where a receiver of its type keeps it. */
function received(manifest: Manifest, { fingerprint, labels }: (typeof alerts)[number]): unknown[] {
  const { simulator } = service;
  const speaksOf = (row: unknown) => JSON.stringify(row).includes(`"${fingerprint}"`);
  const eventsOf = (receiver: string, credential: string) =>
    simulator
      .incidents()
      .filter((row) => row.receiver === receiver && row.key === hashKey(credential))
      .flatMap(({ events }) => events);
  switch (targetOf(manifest).type) {
    case "pagerduty": {
      const changes = simulator.changes().filter((row) => row.key === hashKey(keyOf(manifest)));
      return (labels["change_event"] === "true" ? changes : eventsOf("pagerduty", keyOf(manifest))).filter(speaksOf);
    }
    case "webhook":
      return simulator.deliveries().filter((row) => row.name === "tickets" && row.signed && speaksOf(row));
    case "alertmanager": {
      // Alertmanager identifies alerts by their labels alone.
      const own = sorted(labels);
      const posted = eventsOf("alertmanager", `Bearer ${keyOf(manifest)}`) as unknown as { labels?: object }[];
      return posted.filter((event) => sorted(event.labels) === own);
    }
    case "slack": {
      const { pathname } = new URL(keyOf(manifest));
      const channel = simulator.messages().filter((row) => row.key === hashKey(pathname));
      return channel.filter((row) => new RegExp(`${fingerprint}\\b`).test(row.text));
    }
    case "rootly":
      return eventsOf("rootly", keyOf(manifest)).filter(speaksOf);
    default:
      throw new Error(`the test cannot read what ${manifest.file} sent`);
  }
}

describe("receivers and explain agree with the README:", () => {
  test.each(cells)("%s at %s: %s", async (text, heading, expected) => {
    const manifest = manifestOf(heading)!;
    const alert = alerts[texts.indexOf(text)]!;
    expect(received(manifest, alert)).toHaveLength(expected === "told" ? 1 : 0);

    const { body } = await service.ask("GET", `/api/v1/explain?fingerprint=${alert.fingerprint}`);
    const target = `tocsin/${targetOf(manifest).name}`;
    const said = body.targets.find((one: { target: string }) => one.target === target);
    expect([said.wouldTell, said.detail]).toEqual(expected === "told" ? [true, undefined] : [false, expected]);
  });
});
