/*
 * Asks for the overview once a second; the answer is 304 while nothing has changed. All received text is inserted
 * as text, never as markup. A row keeps its element, so that a focused button stays focused.
 */
export const dashboardScript = `
"use strict";
const state = document.getElementById("state");
const say = (text) => { if (state.textContent !== text) state.textContent = text; };
const cell = (text, name) => { const td = document.createElement("td"); td.textContent = text; if (name) td.className = name; return td; };
const time = (at) => at.slice(11, 19);
let etag = "";

function button(row, verb, label) {
  const one = document.createElement("button");
  one.type = "button";
  one.textContent = label;
  one.setAttribute("aria-label", label + ": " + row.summary);
  one.addEventListener("click", async () => {
    one.disabled = true;
    await fetch("/_sim/incidents/" + encodeURIComponent(row.id) + "/" + verb, { method: "POST" });
    await refresh();
  });
  return one;
}

function incidentCells(row) {
  const acts = document.createElement("td");
  acts.className = "nowrap";
  if (row.status === "triggered") acts.append(button(row, "acknowledge", "Acknowledge"));
  if (row.status !== "resolved") acts.append(button(row, "resolve", "Resolve"));
  return [cell(row.status, row.status), cell(row.severity, row.severity), cell(row.summary), cell(row.receiver + (row.region === "eu" ? " (EU)" : "")),
    cell(row.dedup_key, "key"), cell(time(row.opened_at), "nowrap"), cell(String(row.events)), acts];
}

function fill(name, rows, idOf, cells) {
  const table = document.getElementById(name);
  table.hidden = rows.length === 0;
  document.getElementById(name + "-none").hidden = rows.length > 0;
  const body = table.tBodies[0];
  const before = new Map([...body.rows].map((tr) => [tr.dataset.id, tr]));
  const wanted = rows.map((row) => {
    const id = idOf(row), seen = JSON.stringify(row);
    const tr = before.get(id) ?? document.createElement("tr");
    if (tr.dataset.seen !== seen) { tr.dataset.id = id; tr.dataset.seen = seen; tr.replaceChildren(...cells(row)); }
    return tr;
  });
  const isSame = wanted.length === body.rows.length && wanted.every((tr, index) => tr === body.rows[index]);
  if (!isSame) body.replaceChildren(...wanted);
}

async function refresh() {
  try {
    const answer = await fetch("/_sim/overview", { headers: etag ? { "if-none-match": etag } : {}, cache: "no-store" });
    if (answer.status === 304) return;
    etag = answer.headers.get("etag") ?? "";
    const seen = await answer.json();
    say(seen.open + " open, " + seen.total + " in all" + (seen.faults.length ? ", " + seen.faults.length + " faults set" : ""));
    fill("incidents", seen.incidents, (row) => row.id, incidentCells);
    fill("refused", seen.refused, (row) => row.request + " " + row.field, (row) =>
      [cell(time(row.at), "nowrap"), cell(row.receiver), cell(String(row.status)), cell(row.field, "key"), cell(row.reason)]);
    const others = [...seen.changes.map((row) => ({ at: row.at, receiver: row.receiver, text: row.summary })),
      ...seen.messages.map((row) => ({ at: row.at, receiver: row.receiver, text: row.text }))];
    fill("others", others, (row) => row.at + " " + row.text, (row) => [cell(time(row.at), "nowrap"), cell(row.receiver), cell(row.text)]);
  } catch {
    etag = "";
    say("The simulator does not answer.");
  }
}

refresh();
setInterval(refresh, 1000);
`;
