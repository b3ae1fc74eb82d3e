import { once } from "node:events";
import { createServer, type AddressInfo, type LookupFunction, type Socket } from "node:net";
import { HangingListener } from "@tocsin/test";
import { expect, test } from "vitest";
import { receive } from "../test/receiver.ts";
import { connect } from "./connect.ts";

/** Resolves every name to these. */
const resolvingTo =
  (...addresses: string[]): LookupFunction =>
  (_, __, callback) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    );

const connected = (lookup: LookupFunction, port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    connect({ hostname: "receiver.test", port, lookup }, (error, socket) => (socket ? resolve(socket) : reject(error)));
  });

test.each([
  ["hangs", (hanging: HangingListener) => hanging.host],
  ["refuses", () => "127.0.0.3"],
  ["refuses, in IPv6", () => "::1"],
])("a name is reached at its second address when the first one %s", async (_, first) => {
  const server = createServer((socket) => socket.resume()).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await using hanging = await HangingListener.open("127.0.0.2", port);
  const socket = await connected(resolvingTo(first(hanging), "127.0.0.1"), port);
  expect(socket.remoteAddress).toBe("127.0.0.1");
  socket.destroy();
  server.close();
  await once(server, "close");
});

test("a connection that is cancelled while its name is looked up is not opened, and reports nothing", async () => {
  let answer: (() => void) | undefined;
  const opened: unknown[] = [];
  const server = createServer((socket) => opened.push(socket)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const lookup: LookupFunction = (name, options, callback) => {
    answer = () => resolvingTo("127.0.0.1")(name, options, callback);
  };
  const cancel = connect({ hostname: "receiver.test", port, lookup }, (...result) => opened.push(result));
  cancel();
  answer?.();
  // The server sees this one after any that began before it.
  (await connected(resolvingTo("127.0.0.1"), port)).destroy();
  server.close();
  await once(server, "close");
  expect(opened).toHaveLength(1);
});

test.each<[string, LookupFunction, string]>([
  ["fails", (_, __, callback) => callback(Object.assign(new Error(), { code: "EAI_AGAIN" }), []), "EAI_AGAIN"],
  ["finds nothing", resolvingTo(), "ENOTFOUND"],
])("a lookup that %s at once is reported later", async (_, lookup, code) => {
  let returned = false;
  const error = await new Promise<Error | undefined>((resolve) => {
    connect({ hostname: "receiver.test", port: 1, lookup }, (failure) => {
      expect(returned).toBe(true);
      resolve(failure);
    });
    returned = true;
  });
  expect(error).toMatchObject({ code });
});

test.each(["app.localhost", "APP.localhost."])(
  "looks %s up as localhost, so that DNS cannot lead it elsewhere",
  async (hostname) => {
    await using receiver = await receive();
    const names: string[] = [];
    const lookup: LookupFunction = (name, _, callback) => {
      names.push(name);
      callback(null, [{ address: "127.0.0.1", family: 4 }]);
    };
    const socket = await new Promise<Socket | undefined>((resolve) => {
      connect({ hostname, port: receiver.port, lookup }, (_, opened) => resolve(opened));
    });
    socket?.destroy();
    expect([socket === undefined, names]).toEqual([false, ["localhost"]]);
  },
);
