import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startService, type TestService } from "../../apps/tocsin/src/service.fixture.ts";
import { webhookAlert, type WebhookAlert } from "./alerts.ts";
import { freePort } from "./free-port.ts";
import { Receiver } from "./receiver.ts";
import { tempDir } from "./temp-dir.ts";
import { waitUntil } from "./wait-until.ts";

/** Texts that a page must show as they are. Each sets `hacked`, or leads to another site, if a browser believes it. */
export const hostileTexts = {
  image: `<img src=x onerror="window.hacked=1">`,
  script: `"'></script><script>window.hacked=1</script>`,
  remote: `<link rel=stylesheet href=//evil.example/a.css><iframe src=https://evil.example/></iframe>`,
  link: `javascript:window.hacked=1//https://evil.example/`,
  template: "{{constructor.constructor('window.hacked=1')()}} ${window.hacked=1} </bdi></td></table></main>",
  rightToLeft: "invoice\u202Egnp.exe\u202C \u0627\u0644\u0642\u0631\u0635 \u0645\u0645\u062A\u0644\u0626",
  zeroWidth: "db\u200B-\u200D1\u2060\uFEFF\u00AD\u0000\u001B[31m",
  marks: `z${"\u0301".repeat(200)}algo`,
} as const;

/** One word of 100,000 characters. */
export const longText = `long${"x".repeat(99_992)}tail`;

export const hostileTokens = {
  operate: { name: "night <b>shift</b>\u202E", token: "of-the-night", roles: ["ingest", "read", "operate"] },
  read: { name: "visitor", token: "of-the-day", roles: ["read"] },
};

const { image, script, remote, link, template, rightToLeft, zeroWidth, marks } = hostileTexts;

const hostileAlert = (
  name: string,
  more: Readonly<Record<string, string>> = {},
): WebhookAlert & { generatorURL: string } => {
  const alert = webhookAlert(name, "firing");
  return {
    ...alert,
    labels: {
      ...alert.labels,
      alertname: image,
      instance: script,
      service: "shop",
      [image]: template,
      [`a${zeroWidth}`]: rightToLeft,
      url: link,
      long: longText,
      ...more,
    },
    annotations: {
      summary: `${image} ${rightToLeft} ${zeroWidth} ${marks}`,
      description: longText,
      runbook_url: link,
      dashboard_url: "https://person:secret@evil.example/",
      other: remote,
    },
    generatorURL: link,
  };
};

export interface HostileService extends AsyncDisposable {
  readonly url: string;
  readonly service: TestService;
  /** Numbers of the incident at the target that works, and of a dead letter. */
  readonly incident: number;
  readonly letter: number;
  readonly fingerprint: string;
}

const answer = (status: number, body: string): Promise<Receiver> =>
  Receiver.open((_request, response) =>
    response.writeHead(status, { "content-type": "text/html", "x-hostile": "<b>" }).end(body),
  );

/** A service in a storm: 150 alerts wait for a target that is down, and everything that others write is hostile. */
export async function startHostileService(): Promise<HostileService> {
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(tempDir());
  writeFileSync(join(dir.path, "bad.json"), JSON.stringify({ name: `bad ${image}`, type: script, url: link }));
  const refusing = stack.use(await answer(400, `${image}${script}${rightToLeft}${zeroWidth}${remote}`));
  const down = stack.use(await answer(503, `${script}${longText}`));
  const port = await freePort();
  const service = stack.use(
    await startService((simulatorUrl) => ({
      server: {
        listen: `127.0.0.1:${port}`,
        publicUrl: `http://localhost:${port}`,
        auth: { tokens: Object.values(hostileTokens) },
      },
      targets: [
        {
          name: "pager",
          type: "pagerduty",
          url: simulatorUrl,
          routing_key: "R0UT1NGKEY0123456789abcdefABCDEF",
          filters: { matchers: ['at!="storm"'] },
        },
        { name: "refusing", type: "webhook", url: refusing.url, filters: { matchers: ['at="refusing"'] } },
        { name: "down", type: "webhook", url: down.url, filters: { matchers: ['at="storm"'] } },
        { name: "shadow", type: "webhook", url: down.url, mode: "shadow" },
        { name: "disabled", type: "webhook", url: down.url, enabled: false },
      ],
      discovery: { files: [dir.path] },
    })),
  );
  const headers = { authorization: `Bearer ${hostileTokens.operate.token}` };
  const tell = async (path: string, body: object): Promise<void> => {
    const { status, text } = await service.ask("POST", path, body, headers);
    if (status >= 300) throw new Error(`${path} answered ${status}: ${text}`);
  };
  const change = {
    id: "build",
    summary: `${image} ${rightToLeft} ${script}`,
    environment: remote,
    labels: { service: "shop" },
    timestamp: new Date(Date.now() - 60_000).toISOString(),
    links: [
      { href: "https://ci.example.com/1", text: `${image} ${rightToLeft}` },
      { href: `https://ci.example.com/${"x".repeat(1_000)}`, text: longText.slice(0, 1_000) },
    ],
  };
  await tell("/api/v1/changes", change);
  const fingerprint = `${image}${zeroWidth}`;
  const storm = Array.from({ length: 150 }, (_, n) =>
    webhookAlert(`storm-${n}`, "firing", { severity: ["critical", "error", "warning", "info"][n % 4] ?? "" }),
  );
  await tell("/api/v1/webhook/alertmanager", {
    alerts: storm.map((alert) => ({ ...alert, labels: { ...alert.labels, at: "storm" } })),
  });
  await tell("/api/v1/webhook/alertmanager", {
    alerts: [
      { ...hostileAlert("one"), fingerprint },
      { ...hostileAlert("storm", { at: "storm" }), fingerprint: "storm" },
      { ...hostileAlert("refused", { at: "refusing" }), fingerprint: `refused ${script}` },
      { ...hostileAlert("none", { at: "storm", severity: rightToLeft }), fingerprint: "none" },
    ],
  });
  const read = (path: string) => service.ask("GET", path, undefined, headers);
  const { id: incident } = await waitUntil("the hostile alert is delivered", async () => {
    const { incidents } = (await read("/api/v1/incidents?target=pager&state=told")).body;
    return incidents.find((one: { wanted: { summary: string } }) => one.wanted.summary.includes("<img"));
  });
  const { id: letter } = await waitUntil(
    "there is a dead letter",
    async () => (await read("/api/v1/deadletters")).body.deadletters[0],
  );
  const owned = stack.move();
  return {
    service,
    incident,
    letter,
    fingerprint,
    url: `http://localhost:${port}`,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
