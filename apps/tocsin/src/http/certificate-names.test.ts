import { expect, test } from "vitest";
import { certificateName, namesIn } from "./certificate-names.ts";

const has = (text: string, san: string) => namesIn(text).has(certificateName(san));

test.each<[string, string]>([
  ["DNS:am.example", "am.example"],
  ["DNS:AM.example", "am.EXAMPLE"],
  ["DNS:other.example, DNS:am.example", "am.example"],
  ["URI:spiffe://cluster.local/ns/monitoring/sa/am", "spiffe://cluster.local/ns/monitoring/sa/am"],
  ['URI:"spiffe://a/b, c", DNS:am.example', "am.example"],
  ['URI:"spiffe://a/b, c", DNS:am.example', "spiffe://a/b, c"],
  ["IP Address:10.0.0.7", "10.0.0.7"],
  ["IP Address:FD00:0:0:0:0:0:0:7", "fd00::7"],
  ["email:am@example.com, Registered ID:1.2.3", "am@example.com"],
])("a certificate with %s has the name %s", (text, san) => {
  expect(has(text, san)).toBe(true);
});

test.each<[string, string]>([
  ["", "am.example"],
  ["DNS:*.example", "am.example"],
  ["DNS:am.example.evil.example", "am.example"],
  ["URI:am.example", "am.example"],
  ["DNS:spiffe://a/b", "spiffe://a/b"],
  ["URI:spiffe://a/B", "spiffe://a/b"],
  ['URI:"spiffe://evil/, DNS:am.example"', "am.example"],
  ['DNS:"a, DNS:am.example"', "am.example"],
  ["DNS:10.0.0.7", "10.0.0.7"],
  ["othername:am.example", "am.example"],
  ['DNS:am.example, URI:"not closed', "am.example"],
  ['DNS:am.example"x"', "am.example"],
])("a certificate with %s does not have the name %s", (text, san) => {
  expect(has(text, san)).toBe(false);
});
