import pg from "pg";

/** What a PostgreSQL answers, on a connection of its own. */
export async function queryPostgres<Row extends object>(
  connectionString: string,
  sql: string,
): Promise<readonly Row[]> {
  const client = new pg.Client({ connectionString });
  try {
    await client.connect();
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}
