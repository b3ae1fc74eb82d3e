import pg from "pg";

/** Every row of every table in the database as text, and the statements that its sessions ran last. */
export async function dumpOf(connectionString: string): Promise<{ readonly tables: string[]; readonly text: string }> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    const found = await client.query<{ name: string }>(
      "SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1",
    );
    const tables = found.rows.map(({ name }) => name);
    const texts: string[] = [];
    for (const table of [...tables, "pg_stat_activity"]) {
      const { rows } = await client.query<{ row: string }>(`SELECT whole::text AS row FROM ${table} AS whole`);
      texts.push(`${table}\n${rows.map(({ row }) => row).join("\n")}`);
    }
    return { tables, text: texts.join("\n") };
  } finally {
    await client.end();
  }
}
