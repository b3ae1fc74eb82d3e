import type { ClassificationBody } from "../api/incident-body.ts";
import { Fields } from "../parts/fields.tsx";
import { Text } from "../parts/text.tsx";

const changes = {
  filled: "set the severity, because no label states one",
  raised: "raised the severity",
  lowered: "lowered the severity",
};

/** The verdict of a model or of rules: plain text only, because a model wrote it. */
export function Classification({ of }: { readonly of: ClassificationBody }) {
  const isRules = of.provider === "rules";
  const recommendations = of.recommendations.filter((one) => one.trim() !== "");
  return (
    <section aria-labelledby="classification">
      <h2 id="classification">Classification by {isRules ? "rules" : "AI"}</h2>
      <Fields
        rows={[
          ["Severity", `${of.severity} (${Math.round(of.confidence * 100)} %)`],
          ["Effect", of.changed === null ? "changed nothing" : changes[of.changed]],
          [isRules ? "Rule" : "Model", <Text value={of.model} most={80} />],
          ["Category", of.category.trim() !== "" && <Text value={of.category} most={80} />],
          ["Fallback", of.fallback && "the model gave no verdict in time, so the rules decided"],
          ["Origin", of.ofShape && "a verdict about a similar alert"],
          ["Reasoning", of.reasoning.trim() !== "" && <Text value={of.reasoning} />],
          [
            "Recommendations",
            recommendations.length > 0 && (
              <ul>
                {recommendations.map((one) => (
                  <li>
                    <Text value={one} />
                  </li>
                ))}
              </ul>
            ),
          ],
        ]}
      />
    </section>
  );
}
