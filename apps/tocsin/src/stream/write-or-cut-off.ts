import type { Writable } from "node:stream";

/** A listener with more unread bytes than this is cut off and can reconnect. */
const maxUnreadBytes = 512 * 1_024;

/** Writes to a listener's connection, or ends it if the listener reads too slowly: it delays no other, and memory is bounded. */
export function writeOrCutOff(connection: Writable, text: string): void {
  if (connection.writableLength > maxUnreadBytes) connection.destroy();
  if (!connection.destroyed) connection.write(text);
}
