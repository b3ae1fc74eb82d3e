import { expect, test } from "vitest";
import { linksIn } from "./links-in.ts";

test("finds the links of an event of any receiver, each once", () => {
  const event = {
    client_url: "https://not-a-link-object.example",
    links: [
      { href: "https://a.example", text: "Runbook" },
      { href: "https://a.example", text: "again" },
      { href: "javascript:alert(1)", text: "bad" },
    ],
    blocks: [{ elements: [{ type: "button", url: "http://b.example", text: { type: "plain_text" } }] }],
  };
  expect(linksIn(event)).toEqual([
    { href: "https://a.example", text: "Runbook" },
    { href: "http://b.example", text: undefined },
  ]);
});

test("is bounded, whatever the event contains", () => {
  const many = Array.from({ length: 1_000 }, (_, index) => ({ href: `https://a.example/${index}` }));
  expect(linksIn(many)).toHaveLength(20);
  const deep = Array.from({ length: 1_000 }).reduce<unknown>((inner) => ({ inner }), { href: "https://a.example" });
  expect(linksIn(deep)).toEqual([]);
  expect(linksIn(null)).toEqual([]);
});
