/** Responses that every client reads in the same way. */
export const answers: readonly string[] = [
  'HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{"status":"success"}',
  "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 30\r\nContent-Length: 4\r\n\r\nslow",
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nServer: x\r\n\r\n5\r\nhello\r\n7;a=b\r\n, world\r\n0\r\n\r\n",
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Check: 1\r\n\r\n",
  "HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<h1>no</h1>",
  "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\nConnection: keep-alive\r\nKeep-Alive: timeout=9\r\nContent-Length: 0\r\n\r\n",
  "HTTP/1.1 204 No Content\r\nX-Request-Id: 1\r\n\r\n",
  "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
  "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
  "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}",
  "HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno",
];

/** Lines that give the length of a response, or seem to. */
const lines = [
  "Content-Length: 2",
  "Content-Length: 20",
  "content-length:2",
  "Content-Length : 2",
  "Content-Length: +2",
  "Content-Length: 2, 2",
  "Content-Length: 2, 3",
  "Transfer-Encoding: chunked",
  "Transfer-Encoding: gzip, chunked",
  "Transfer-Encoding: chunked, identity",
  "Transfer-Encoding : chunked",
  "Transfer-Encoding: xchunked",
  "Connection: close",
  "Connection: keep-alive",
  "Retry-After: 9",
  " folded",
  "\tfolded: 2",
  "x",
  ": x",
  "HTTP/1.1 100 Continue\r\n",
  "HTTP/1.1 200 OK",
  "",
];

const bytes = ["\r", "\n", "\r\n", "\0", " ", "\t", ":", ";", ",", "0", "1", "9", "f", "\x7f", "\x80", "-", "x"];

/** Numbers from 0 up to and without 1, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Changes a response in one to three places, mostly in its status line and in the headers for its length. */
export function mutate(answer: string, random: () => number): string {
  const below = (count: number) => Math.floor(random() * count);
  const oneOf = <T>(all: readonly T[]): T => all[below(all.length)]!;
  let text = answer;
  for (let left = 1 + below(3); left > 0; left--) {
    const at = below(text.length + 1);
    const all = text.split("\n");
    const line = below(all.length);
    const to = at + 1 + below(4);
    const changes = [
      () => text.slice(0, at) + oneOf(bytes) + text.slice(at),
      () => text.slice(0, at) + oneOf(bytes) + text.slice(at + 1),
      () => text.slice(0, at) + text.slice(to),
      () => text.slice(0, to) + text.slice(at),
      () => text.slice(0, at),
      () => all.toSpliced(line, 0, `${oneOf(lines)}\r`).join("\n"),
      () => all.toSpliced(line, 0, all[line]!).join("\n"),
      () => all.toSpliced(line, 1).join("\n"),
      () => all.with(line, all[line]!.replace("\r", "")).join("\n"),
      () => text.replace(/\r\n/g, "\n"),
      () => text.replace(/\d+/, () => String(below(1_000))),
      () => text.replace(/HTTP\/1\.\d/, () => `HTTP/${oneOf(["0.9", "1.0", "1.1", "1.2", "1.9", "2.0", "1", "1.10"])}`),
    ];
    text = oneOf(changes)();
  }
  return text;
}
