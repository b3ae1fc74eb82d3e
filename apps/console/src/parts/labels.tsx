import { safeLink } from "../format/safe-link.ts";
import { OutsideLink } from "./outside-link.tsx";
import { LineText, Text } from "./text.tsx";

type LabelSet = Readonly<Record<string, string>>;

/** All labels, one per line. */
export function Labels({ labels }: { readonly labels: LabelSet }) {
  return (
    <dl class="fields labels">
      {Object.entries(labels).map(([name, value]) => (
        <div>
          <dt>
            <Text value={name} most={80} />
          </dt>
          <dd>{safeLink(value) === undefined ? <Text value={value} /> : <OutsideLink href={value} />}</dd>
        </div>
      ))}
    </dl>
  );
}

const mostInLine = 6;

/** The labels in one line, without those that the row shows already. */
export function LabelLine({ labels, except = [] }: { readonly labels: LabelSet; readonly except?: readonly string[] }) {
  const rest = Object.entries(labels).filter(([name]) => !except.includes(name));
  return (
    <span class="label-line">
      {rest.slice(0, mostInLine).map(([name, value]) => (
        <span class="label">
          <LineText value={name} most={40} />=<LineText value={value} most={60} />
        </span>
      ))}
      {rest.length > mostInLine && <span class="muted">+{rest.length - mostInLine}</span>}
    </span>
  );
}
