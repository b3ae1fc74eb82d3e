/** The colors and sizes of Tocsin's own page. Text has a contrast of at least 4.5 to 1 in both themes. */
export const dashboardStyle = `
:root { color-scheme: light dark; --page: light-dark(#fff, #111417); --panel: light-dark(#f4f5f7, #1a1e23); --line: light-dark(#d3d8de, #343b43); --text: light-dark(#16191d, #e3e6e9); --muted: light-dark(#545c66, #a0a8b2); --link: light-dark(#0a4fb8, #8ab8ff); --field: light-dark(#78818c, #7d8792); --critical: light-dark(#b3130f, #ff8f86); --error: light-dark(#9c4300, #ffab6b); --warning: light-dark(#765700, #eac54f); --info: light-dark(#3d5a80, #9dbfe6); --good: light-dark(#1a6b34, #7ed79a); }
* { box-sizing: border-box; }
html { background: var(--page); color: var(--text); font: 15px/1.45 system-ui, sans-serif; font-variant-numeric: tabular-nums; -webkit-text-size-adjust: 100%; }
body { margin: 0; }
header { display: flex; flex-wrap: wrap; gap: 0 1rem; align-items: center; justify-content: space-between; min-height: 44px; padding: 0 .75rem; border-bottom: 1px solid var(--line); }
header p { color: var(--muted); font-size: .85rem; margin: 0; }
main { margin: 0 auto; max-width: 1500px; padding: 0 .75rem 3rem; }
h1 { font-size: 1rem; line-height: 1.25; margin: 0; }
h2 { font-size: 1rem; margin: 1.4rem 0 .4rem; }
p { margin: .4rem 0; color: var(--muted); }
code, td.key { font-family: ui-monospace, monospace; font-size: .9em; }
table { border-collapse: collapse; width: 100%; }
th { color: var(--muted); font-size: .8rem; font-weight: 400; padding: .2rem .5rem; text-align: left; white-space: nowrap; }
td { border-top: 1px solid var(--line); overflow-wrap: break-word; padding: .35rem .5rem; vertical-align: top; }
td.key, #incidents td:nth-child(3), td:last-child { overflow-wrap: anywhere; }
td.key { max-width: 18rem; min-width: 14rem; }
#refused td.key, td.nowrap { white-space: nowrap; }
#refused td:last-child, #others td:last-child { width: 100%; }
.critical, .error, .warning, .info, .triggered { font-weight: 600; white-space: nowrap; }
.critical { color: var(--critical); } .error { color: var(--error); } .warning { color: var(--warning); } .info { color: var(--info); } .resolved { color: var(--good); }
button { background: var(--page); border: 1px solid var(--field); border-radius: 4px; color: inherit; cursor: pointer; font: inherit; margin: 0 .3rem .2rem 0; min-height: 36px; padding: .25rem .6rem; }
button:hover { background: var(--panel); }
button:focus-visible, .scroll:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
@media (max-width: 799px) {
  thead { clip-path: inset(50%); position: absolute; }
  table, tbody { display: block; }
  tr { border-top: 1px solid var(--line); display: flex; flex-wrap: wrap; gap: .1rem .8rem; padding: .5rem 0; }
  table[hidden] { display: none; }
  td, #refused td:last-child, #others td:last-child { border: 0; display: block; padding: 0; width: auto; }
  td.key { max-width: 100%; min-width: 0; }
  #incidents td:nth-child(7)::after { color: var(--muted); content: " events"; }
  #incidents td:nth-child(3), #incidents td:last-child, #refused td:last-child, #others td:last-child { flex: 1 1 100%; }
  button { min-height: 44px; }
}
`;
