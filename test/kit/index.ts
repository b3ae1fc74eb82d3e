export * from "../contracts/ledger-contract.ts";
export * from "../contracts/publisher-contract.ts";
export * from "../contracts/scripted-receiver.ts";
export * from "./makers.ts";
export * from "./hanging-listener.ts";
