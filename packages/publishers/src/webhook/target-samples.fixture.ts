import type { TargetSamples } from "../../test/target-samples.ts";

const signed = (letter: string) => `whsec_${letter.repeat(32)}`;
const authorization = (value: string) => ({ headers: { Authorization: value } });

export const targetSamples: TargetSamples = {
  target: (url) => ({ url: `${url}/hook` }),
  compatible: {
    "without a credential": (url) => ({ url: `${url}/hook` }),
  },
  keepsIncidents: false,
  identities: [
    [
      { url: "https://hooks.example.com/in" },
      [
        [{ url: "https://hooks.example.com/other" }, "endpoint access credential"],
        [{ url: "https://hooks.example.com/in?token=a" }, "endpoint access credential"],
        [authorization("Bearer a"), "access credential"],
        [authorization("Basic YTpi"), "access credential"],
        [{ signing_secret: signed("A") }, "access"],
      ],
    ],
    [
      {
        url: "https://hooks.example.com/in?token=a",
        ...authorization("a"),
        signing_secret: signed("A"),
      },
      [
        [{ url: "https://hooks.example.com/in?token=b" }, "endpoint access credential"],
        [authorization("b"), "access credential"],
        [{ headers: { "X-Team": "a" } }, "access credential"],
        [{ signing_secret: [signed("B"), signed("A")] }, "access"],
        [{ headers: { authorization: "a" } }, ""],
      ],
    ],
  ],
};
