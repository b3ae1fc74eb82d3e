import { Secret } from "@tocsin/core";
import { describe, expect, test } from "vitest";
import { Signatures } from "./signatures.ts";

const header = "X-Grafana-Alerting-Signature";
const secret = new Secret("grafana-secret");
const body = Buffer.from('{"alerts":[]}');

/** Made with `openssl dgst -sha256 -hmac grafana-secret`. One signs the body, the other signs "1700000000:" and the body. */
const plain = "74fcaf9cb837272d4cbd7d1d26d72f05b0ea8c3c4fc73cf8a426cdc0bd72695d";
const timed = "5c7a4e78fa7be1fb646b9eb88b816ed67b1f0831f56985e84d548069fe345da3";

const clock = (seconds: number) => ({ now: () => seconds * 1_000 });
const over = (timestampHeader?: string, seconds = 1_700_000_000) =>
  new Signatures([{ source: "grafana", secret, header, timestampHeader }], clock(seconds));
const demands = 'the source "grafana" demands signed requests, and ';
const mismatch = `${demands}the signature does not match the body; compare the secret and the timestamp header on both sides`;

describe("a signature over the body", () => {
  test.each<[string, Record<string, string>, string | undefined]>([
    ["is accepted in lower case", { [header.toLowerCase()]: plain }, undefined],
    ["is accepted in upper case", { [header.toLowerCase()]: plain.toUpperCase() }, undefined],
    ["must be present", {}, `${demands}the header ${header} is missing`],
    [
      "must be whole",
      { [header.toLowerCase()]: plain.slice(2) },
      `${demands}the header ${header} is not a SHA-256 in hex`,
    ],
    [
      "must not be repeated",
      { [header.toLowerCase()]: `${plain}, ${plain}` },
      `${demands}the header ${header} is not a SHA-256 in hex`,
    ],
    ["must match", { [header.toLowerCase()]: plain.replace(/^./, (digit) => (digit === "0" ? "1" : "0")) }, mismatch],
    ["must not include a time", { [header.toLowerCase()]: timed, "x-time": "1700000000" }, mismatch],
  ])("%s", (_, headers, reason) => {
    expect(over().refusal("grafana", headers, body)).toBe(reason);
  });

  test("must match every byte of the body", () => {
    const headers = { [header.toLowerCase()]: plain };
    expect(over().refusal("grafana", headers, Buffer.from('{"alerts": []}'))).toBe(mismatch);
    expect(over().refusal("grafana", headers, Buffer.alloc(0))).toBe(mismatch);
  });

  test("is demanded of its source only", () => {
    expect(over().refusal("other", {}, body)).toBeUndefined();
  });
});

describe("a signature over the time and the body", () => {
  const signed = (more: Record<string, string>) => ({ [header.toLowerCase()]: timed, ...more });

  test.each<[string, Record<string, string>, string | undefined]>([
    ["is accepted", { "x-time": "1700000000" }, undefined],
    ["needs the time", {}, `${demands}the header X-Time is missing`],
    ["needs a time in seconds", { "x-time": "2023-11-14" }, `${demands}the header X-Time is not in Unix seconds`],
    ["needs the signed time", { "x-time": "1700000001" }, mismatch],
    ["must include the time", { [header.toLowerCase()]: plain, "x-time": "1700000000" }, mismatch],
  ])("%s", (_, more, reason) => {
    expect(over("X-Time").refusal("grafana", signed(more), body)).toBe(reason);
  });

  test.each([
    [-301, false],
    [-300, true],
    [300, true],
    [301, false],
  ])("is checked with a clock that differs by %d s", (seconds, accepted) => {
    expect(over("X-Time", 1_700_000_000 + seconds).refusal("grafana", signed({ "x-time": "1700000000" }), body)).toBe(
      accepted ? undefined : `${demands}the signed time differs by more than 5 minutes from this server's clock`,
    );
  });
});
