import type { SecretInput } from "@tocsin/core";
import { isLoopback } from "@tocsin/http";
import { type Integration, isTrue, type Settings, settingsIn, textIn } from "./read-alertmanager-file.ts";
import type { Remark } from "./remark.ts";

/** What a conversion needs from its surroundings. */
export interface Surroundings {
  readonly global: Settings;
  /** A secret that Alertmanager reads from a file, as the new configuration refers to it. */
  readonly secretFile: (file: string) => SecretInput;
  /** A secret that is written in Alertmanager's configuration. `key` makes the name of its new file. */
  readonly literal: (key: string, value: string) => SecretInput;
  /** The content of a file that Alertmanager names, without the final newline; undefined: it cannot be read here. */
  readonly contentOf: (file: string) => string | undefined;
}

/** The keys of a target that say where it sends. Undefined: the integration cannot be carried over, and a remark says why. */
export interface Converted {
  readonly fields: Readonly<Record<string, unknown>> | undefined;
  readonly remarks: readonly Remark[];
}

/** Converts one integration of a receiver to the keys of a target. */
export function convertIntegration(integration: Integration, around: Surroundings): Converted {
  const remarks: Remark[] = [];
  const note: Note = (kind, key, reason, advice) => {
    const path = key === "" ? integration.path : `${integration.path}.${key}`;
    remarks.push({ kind, path, reason, advice });
  };
  const convert = converters[integration.kind];
  if (convert === undefined) {
    note("left_out", "", `Tocsin has no target for ${integration.kind}`, keepReceiver);
    return { fields: undefined, remarks };
  }
  const fields = convert(integration.settings, around, note);
  if (fields !== undefined) noteOthers(integration, note);
  return { fields, remarks };
}

type Note = (kind: Remark["kind"], key: string, reason: string, advice: string) => void;
type Convert = (settings: Settings, around: Surroundings, note: Note) => Converted["fields"];

const keepReceiver =
  "Keep this receiver in Alertmanager, beside the receiver that sends to Tocsin; or send its alerts to a target of another type";

const converters: Readonly<Record<string, Convert | undefined>> = { pagerduty, slack, webhook };

function secretOf(settings: Settings, key: string, { secretFile, literal }: Surroundings): SecretInput | undefined {
  const value = textIn(settings[key]);
  if (value !== undefined) return literal(key, value);
  const file = textIn(settings[`${key}_file`]);
  return file === undefined ? undefined : secretFile(file);
}

const isTemplate = (text: string): boolean => text.includes("{{");

const pagerdutyUrl = "https://events.pagerduty.com/v2/enqueue";

function pagerduty(settings: Settings, around: Surroundings, note: Note): Converted["fields"] {
  const own = secretOf(settings, "routing_key", around);
  const old = secretOf(settings, "service_key", around);
  const key = own ?? old;
  if (key === undefined) {
    note("left_out", "routing_key", "there is no routing_key and no routing_key_file", "Add the integration key");
    return undefined;
  }
  if (own === undefined)
    note(
      "changed",
      "service_key",
      "a service key belongs to PagerDuty's Events API v1; Tocsin uses v2",
      "Test it with tocsin targets test NAME --key-only; if PagerDuty refuses it, add an integration of type Events API v2",
    );
  const url = textIn(settings["url"]) ?? (own && textIn(around.global["pagerduty_url"]));
  const severity = textIn(settings["severity"]);
  if (severity !== undefined && isTemplate(severity))
    note(
      "changed",
      "severity",
      "it is a Go template",
      "Tocsin takes the severity from the alert's labels; see severity_map",
    );
  return {
    type: "pagerduty",
    routing_key: key,
    ...(url !== undefined && url !== pagerdutyUrl && urlFields(url)),
    ...(severity !== undefined && !isTemplate(severity) && { template: { severity } }),
  };
}

const isRemoteHttp = (url: string): boolean => {
  const parsed = URL.parse(url);
  return parsed?.protocol === "http:" && !isLoopback(parsed.hostname);
};

/** Alertmanager allows plain http everywhere; a target must say that it does. */
const urlFields = (url: string) => ({ url, ...(isRemoteHttp(url) && { allow_insecure: true }) });

const slackApi = /^https:\/\/[\w.-]*slack(?:-gov)?\.com\/api\//;

function slack(settings: Settings, around: Surroundings, note: Note): Converted["fields"] {
  const isOwn = settings["api_url"] !== undefined || settings["api_url_file"] !== undefined;
  const named = (key: string) => (isOwn ? settings[key] : around.global[`slack_${key}`]);
  const [url, file] = [textIn(named("api_url")), textIn(named("api_url_file"))];
  const channel = textIn(settings["channel"]);
  if (url === undefined && file === undefined) {
    note("left_out", "api_url", "there is no api_url and no slack_api_url", "Add the URL of an incoming webhook");
    return undefined;
  }
  if (url !== undefined && slackApi.test(url)) return slackBot(settings, around, note);
  if (channel !== undefined)
    note(
      "changed",
      "channel",
      "an incoming webhook of Slack posts to the channel that it was made for",
      "Check that channel; a bot (bot_token and channel) can post to any",
    );
  const secret = url === undefined ? around.secretFile(file!) : around.literal("webhook_url", url);
  return {
    type: "slack",
    webhook_url: secret,
    ...(url !== undefined && isRemoteHttp(url) && { allow_insecure: true }),
  };
}

function slackBot(settings: Settings, around: Surroundings, note: Note): Converted["fields"] {
  const own = settingsIn(settings["http_config"]);
  const http = Object.keys(own).length > 0 ? own : settingsIn(around.global["http_config"]);
  const token = secretOf(settingsIn(http["authorization"]), "credentials", around);
  const channel = textIn(settings["channel"]);
  if (token === undefined || channel === undefined) {
    note(
      "left_out",
      "",
      "a bot needs http_config.authorization.credentials and a channel",
      "Add bot_token and channel",
    );
    return undefined;
  }
  return { type: "slack", bot_token: token, channel };
}

function webhook(settings: Settings, around: Surroundings, note: Note): Converted["fields"] {
  const file = textIn(settings["url_file"]);
  const text = textIn(settings["url"]) ?? (file === undefined ? undefined : around.contentOf(file));
  const url = text === undefined ? null : URL.parse(text.trim());
  if (url === null) {
    const unread = "the URL of a target cannot be in a file, and this file cannot be read or has no URL";
    const reason = file === undefined ? "there is no valid URL" : unread;
    note("left_out", file === undefined ? "url" : "url_file", reason, "Add the target yourself, with its url");
    return undefined;
  }
  if (/(?:^|\.)rootly\.com$/.test(url.hostname)) {
    note("left_out", "", "this webhook is an alert source of Rootly, which needs Alertmanager's body", rootlyAdvice);
    return undefined;
  }
  const authorization = authorizationOf(url, settingsIn(settings["http_config"]), around);
  if (authorization === null) {
    note(
      "left_out",
      "http_config",
      "Tocsin cannot build this Authorization header from a file that has only a part of it",
      'Write the whole header, such as "Bearer …", into a file, and add the target with headers: { Authorization: { file } }',
    );
    return undefined;
  }
  url.username = url.password = "";
  note(
    "changed",
    "",
    "the body of Tocsin's webhooks differs from Alertmanager's",
    "Change the program that receives it, or keep this receiver in Alertmanager",
  );
  return {
    type: "webhook",
    ...urlFields(url.href),
    ...(authorization !== undefined && { headers: { Authorization: authorization } }),
  };
}

const rootlyAdvice =
  "Add a target with type: rootly and an API key; until then keep this receiver in Alertmanager, beside Tocsin";

/** Undefined: none. Null: there is one, but it cannot be built. */
function authorizationOf(url: URL, http: Settings, { literal }: Surroundings): SecretInput | null | undefined {
  const basic = (user: string, password: string) =>
    literal("authorization", `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`);
  if (url.username !== "" || url.password !== "")
    return basic(decodeURIComponent(url.username), decodeURIComponent(url.password));
  const [auth, user] = [settingsIn(http["authorization"]), settingsIn(http["basic_auth"])];
  const bearer = textIn(auth["credentials"]) ?? textIn(http["bearer_token"]);
  if (bearer !== undefined) return literal("authorization", `${textIn(auth["type"]) ?? "Bearer"} ${bearer}`);
  if (user["password_file"] !== undefined) return null;
  if (user["username"] !== undefined) return basic(textIn(user["username"]) ?? "", textIn(user["password"]) ?? "");
  const isPartial = [auth["credentials_file"], http["bearer_token_file"], http["oauth2"]].some(
    (part) => part !== undefined,
  );
  return isPartial ? null : undefined;
}

/** The keys that the converters read, and those without a meaning in Tocsin. */
const known = new Set(
  "send_resolved url url_file routing_key routing_key_file service_key service_key_file severity api_url api_url_file channel max_alerts http_config".split(
    " ",
  ),
);

function noteOthers({ kind, settings }: Integration, note: Note): void {
  const resolves = settings["send_resolved"] === undefined ? kind !== "slack" : isTrue(settings["send_resolved"]);
  if (!resolves)
    note(
      "changed",
      "send_resolved",
      kind === "slack" && settings["send_resolved"] === undefined
        ? "Alertmanager sends no resolves to Slack by default; Tocsin does"
        : "Tocsin always sends resolves",
      "Nothing to do, if a message about the end of an alert is welcome",
    );
  const others = Object.keys(settings).filter((key) => !known.has(key));
  if (others.length > 0)
    note("changed", "", `these keys are not carried over: ${others.join(", ")}`, "See template in docs/targets.md");
  const http = Object.keys(settingsIn(settings["http_config"])).filter((key) => !/auth|bearer/.test(key));
  if (http.length > 0)
    note(
      "changed",
      "http_config",
      `these keys are not carried over: ${http.join(", ")}`,
      "See tls in docs/targets.md and docs/proxies.md",
    );
}
