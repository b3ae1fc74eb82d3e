import { Simulator } from "../src/index.ts";
import { post } from "./requests.ts";

export const webhookPath = "/services/T0001/B0001/abcdefghijklmnop";
export const botToken = "xoxb-1-2-three";

export const hook = (message: unknown, simulator = new Simulator(), path = webhookPath) => {
  const answer = simulator.handle(post(path, message));
  return { status: answer.status, body: answer.body, headers: answer.headers, simulator };
};

export const api = (simulator: Simulator, method: string, body: unknown, token: string | undefined = botToken) => {
  const headers = { "content-type": "application/json", ...(token === "" ? {} : { authorization: `Bearer ${token}` }) };
  const answer = simulator.handle(post(`/api/${method}`, body, headers));
  return { status: answer.status, body: JSON.parse(answer.body) as Record<string, unknown>, headers: answer.headers };
};

export const section = (text: string) => ({ type: "section", text: { type: "mrkdwn", text } });

export const fits = (blocks: unknown): boolean => hook({ text: "x", blocks }).status === 200;
export const button = (more: object = {}) => ({ type: "button", text: { type: "plain_text", text: "Open" }, ...more });
