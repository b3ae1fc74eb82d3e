export { type History, playHistory } from "./histories.ts";
export { allSenderKinds, type SenderKind, senderKinds } from "./kinds.ts";
