import type { TargetSamples } from "../../test/target-samples.ts";

export const targetSamples: TargetSamples = {
  target: (url) => ({ webhook_url: `${url}/hooks/abcdefgh12345678` }),
  compatible: {
    "by webhook": (url) => ({ webhook_url: `${url}/hooks/abcdefgh12345678` }),
    "by bot": (url) => ({ url, bot_token: "xoxb-1234567890-abc", channel: "ops" }),
  },
  keepsIncidents: false,
  identities: [
    [
      { webhook_url: "https://hooks.slack.com/services/T/B/x" },
      [
        [{ webhook_url: "https://hooks.slack.com/services/T/B/y" }, "endpoint access credential"],
        [{ headers: { "X-Proxy": "a" } }, "access"],
      ],
    ],
    [
      { bot_token: "xoxb-1", channel: "C1" },
      [
        [{ channel: "C2" }, "endpoint access"],
        [{ bot_token: "xoxb-2" }, "endpoint access credential"],
      ],
    ],
  ],
};
