import type { AddressInfo } from "node:net";
import type { FastifyInstance } from "fastify";
import { type Address, formatAddress } from "../config/address.ts";
import { OperatorError } from "../config/operator-error.ts";

/**
 * Listens on the address that the setting `key` names. Returns it with the port that was assigned.
 *
 * @throws OperatorError
 */
export async function listen(app: FastifyInstance, address: Address, key: string): Promise<Address> {
  try {
    await app.listen({ ...address });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why =
      code === "EADDRINUSE"
        ? `the address is already in use; is another Tocsin running? \`${key}\` changes it`
        : message;
    throw new OperatorError(`cannot listen on ${formatAddress(address)}: ${why}`, { cause: error });
  }
  return { host: address.host, port: (app.server.address() as AddressInfo).port };
}
