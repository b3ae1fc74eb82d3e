import { Pool } from "undici";

/** Posts bodies over a few connections, in order per connection; returns each answer's time, ms. */
export async function postAll(
  url: string,
  bodies: readonly string[],
  options: { path: string; connections?: number; headers?: Record<string, string> },
): Promise<number[]> {
  const { connections = 4 } = options;
  const pool = new Pool(url, { connections });
  const times: number[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let i = next++; i < bodies.length; i = next++) {
      const sentAt = performance.now();
      const { statusCode, body } = await pool.request({
        path: options.path,
        method: "POST",
        headers: { "content-type": "application/json", ...options.headers },
        body: bodies[i] as string,
      });
      const text = await body.text();
      if (statusCode >= 300) throw new Error(`${options.path} answered ${statusCode}: ${text}`);
      times.push(performance.now() - sentAt);
    }
  };
  await Promise.all(Array.from({ length: connections }, lane));
  await pool.close();
  return times;
}
