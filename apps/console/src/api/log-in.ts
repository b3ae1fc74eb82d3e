import type { Failure } from "./failure.ts";
import { request } from "./request.ts";
import { type Session, session } from "./session.ts";

/** Asks who uses the page. Returns the failure if the service does not answer. */
export async function readSession(): Promise<Failure | undefined> {
  const answer = await request<Session>("session");
  if (!answer.ok) return answer.failure;
  session.value = answer.body;
  return undefined;
}

/** Returns why the login failed, in words. The token goes into this request and nowhere else. */
export async function logIn(token: string): Promise<string | undefined> {
  const answer = await request("session", { method: "POST", body: { token } });
  if (answer.ok) return (await readSession())?.message;
  const { status, message } = answer.failure;
  if (status === 401) return "This token is not known. Check it and try again.";
  if (status === 429) return `Too many attempts. Try again in ${answer.retryAfterSeconds ?? 60} s.`;
  return message;
}

export async function logOut(): Promise<void> {
  await request("session", { method: "DELETE" });
  await readSession();
}
