export const dashboardStyle = `
:root { color-scheme: light dark; --line: #8884; --ink: #1b1b1b; --paper: #fff; --dim: #595959; --critical: #b3001b; --error: #a34200; --warning: #7a5b00; --info: #2257a0; --good: #1f6b2e; }
@media (prefers-color-scheme: dark) { :root { --ink: #eee; --paper: #161616; --dim: #b0b0b0; --critical: #ff8a96; --error: #ffb07a; --warning: #f0cf6a; --info: #9cc4ff; --good: #8fdd9f; } }
body { margin: 0 auto; max-width: 80rem; padding: 1rem; font: 1rem/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
header { display: flex; flex-wrap: wrap; gap: 0 1rem; align-items: baseline; justify-content: space-between; }
h1 { font-size: 1.3rem; margin: 0; }
h2 { font-size: 1.05rem; margin: 1.5rem 0 .4rem; }
p { margin: .2rem 0; color: var(--dim); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-size: .85rem; color: var(--dim); font-weight: 600; white-space: nowrap; }
td.key { font-family: ui-monospace, monospace; font-size: .85rem; overflow-wrap: anywhere; max-width: 18rem; }
#refused td.key { white-space: nowrap; max-width: none; }
#refused td:last-child, #others td:last-child { width: 100%; }
td.nowrap { white-space: nowrap; }
.critical { color: var(--critical); } .error { color: var(--error); } .warning { color: var(--warning); } .info { color: var(--info); } .resolved { color: var(--good); }
button { font: inherit; font-size: .9rem; padding: .15rem .6rem; margin: 0 .3rem .2rem 0; border: 1px solid currentColor; border-radius: .3rem; background: none; color: inherit; cursor: pointer; }
button:focus-visible, .scroll:focus-visible { outline: 3px solid var(--info); outline-offset: 2px; }
`;
