import { expect, test } from "vitest";
import { parseEvents } from "./parse-events.ts";

const stream =
  'retry: 2000\n\nid: a-1\nevent: reset\ndata: {}\n\n:\n\nid: a-2\nevent: incident\ndata: {"id":1}\n\ndata: one\ndata: two\n\n';
const events = [
  { id: "a-1", event: "reset", data: "{}" },
  { id: "a-2", event: "incident", data: '{"id":1}' },
  { id: "a-2", event: "message", data: "one\ntwo" },
];

test("parses events, and skips comments and the retry time", () => {
  expect(parseEvents()(stream)).toEqual(events);
});

test.each([1, 2, 3, 7, 50])("finds the same events in pieces of %d characters", (size) => {
  const parse = parseEvents();
  const pieces = Array.from({ length: Math.ceil(stream.length / size) }, (_, index) =>
    stream.slice(index * size, (index + 1) * size),
  );
  expect(pieces.flatMap(parse)).toEqual(events);
});

test.each([1, 3, 1_000])("accepts CRLF in pieces of %d characters", (size) => {
  const parse = parseEvents();
  const crlf = stream.replaceAll("\n", "\r\n");
  const pieces = Array.from({ length: Math.ceil(crlf.length / size) }, (_, index) =>
    crlf.slice(index * size, (index + 1) * size),
  );
  expect(pieces.flatMap(parse)).toEqual(events);
});

test("gives no event that a cut left incomplete", () => {
  expect(parseEvents()("event: incident\ndata: {}\n")).toEqual([]);
});
