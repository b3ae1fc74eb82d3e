import { describe, expect, test } from "vitest";
import { compileTemplate } from "./template.ts";

/** The error of loading a template; undefined: it is accepted. */
function errorOf(text: string): string | undefined {
  try {
    compileTemplate(text);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const example =
  "write for example {{ labels.instance }} or {% if labels.instance %}; the variables are labels, annotations,";

describe("a Go template", () => {
  test.each([
    ["{{ .Labels.instance }}", "write {{ labels.instance }}"],
    ["{{.Labels.instance}}", "write {{ labels.instance }}"],
    ["{{- .CommonLabels.alertname -}}", "write {{ labels.alertname }}"],
    ["{{ .GroupLabels.job }}", "write {{ labels.job }}"],
    ["{{ .Annotations.summary }}", "write {{ annotations.summary }}"],
    ["{{ .CommonAnnotations.summary }}", "write {{ annotations.summary }}"],
    ["{{ $labels.instance }} is {{ $value }}", "write {{ labels.instance }}"],
    ["value {{ $value }}", "write {{ value_string }}"],
    ["{{ .ValueString }}", "write {{ value_string }}"],
    ["{{ .StartsAt }}", "write {{ starts_at }}"],
    ["{{ .Labels.x | toUpper }}", "write {{ labels.x | upcase }}"],
    ["{{ toUpper .Labels.x }}", "write {{ labels.x | upcase }}"],
    ["{{ title labels.x }}", "write {{ labels.x | capitalize }}"],
    ['{{ index .Labels "my-label" }}', 'write {{ labels["my-label"] }}'],
    ["{{ range .Alerts }}x{{ end }}", "write {% for label in labels %}"],
    ["{{ range $name, $value := .Labels }}", "write {% for label in labels %}"],
    ["{{ if .Labels.x }}a{{ end }}", "write {% if labels.x %}"],
    ['{{ if eq .Labels.x "a" }}', 'write {% if labels.x == "a" %}'],
    ["{{ with .Annotations.summary }}", "write {% if annotations.summary %}"],
    ["a{{ else }}b", "write {% else %}"],
    ['{{ else if ne .Labels.x "a" }}', 'write {% elsif labels.x != "a" %}'],
    ["a{{ end }}", "write {% endif %} or {% endfor %}"],
    ['{{ template "title" . }}', "write the text itself"],
    ['{{ define "title" }}', "write the text itself"],
    ["{{ $x := .Labels.a }}", "write {% assign name = labels.a %}"],
    ["{{ /* note */ }}", "write {% comment %}"],
    ["{% if .Labels.x %}{% endif %}", "write {% if labels.x %}"],
    ['{% if eq labels.x "a" %}{% endif %}', 'write {% if labels.x == "a" %}'],
    ["{{ . }}", example],
    ["{{ $ }}", example],
    ["{{ .Status }}", example],
    ["{{ len .Alerts.Firing }}", example],
    ["{{ humanize $value }}", example],
    ['{{ printf "%s" .Labels.x }}', example],
    ["{{ (index .Alerts 0).Labels.x }}", example],
    ["{{ `raw` }}", example],
    ["{{ labels.x | default: .Labels.y }}", example],
    ["{% for a in .Alerts %}{% endfor %}", example],
    ["{{ labels.x }} {% if labels.y %}{{ .Labels.z }}{% endif %}", "write {{ labels.z }}"],
    ["{{ labels.x | toLower }}", "undefined filter: toLower, line:1, col:1; write downcase"],
    ["{% range labels %}{% end %}", 'tag "range" not found, line:1, col:1; write for'],
    ["{% if labels.x %}{% end %}", 'tag "end" not found, line:1, col:18; write endif or endfor'],
  ])("%s is refused: %s", (text, instead) => {
    expect(errorOf(text)).toContain(instead);
  });

  test.each([
    "{{ labels.instance }} {{ labels['a.b'] }} {{ .labels.instance }} {{ alert_name | upcase }}",
    "{% raw %}{{ .Labels.x }} {{ range .Alerts }}{% endraw %}",
    "{% comment %}{{ .Labels.x }}{% endcomment %}{% # .Labels.x %}",
    "{{ \".Labels\" }} {{ labels.a | default: '$x .y {% end %}' }} costs $5 .Labels",
    "{% if labels.a == '$5' and labels.b contains \".x\" or severity != 'info' %}{% endif %}",
    "{% if not labels.a %}{% elsif labels.b %}{% else %}{% endif %}",
    "{% for i in (1..5) %}{{ forloop.index }}{% endfor %}",
    "{% assign first = labels.a | split: '.' | first %}{{ first }}",
    "{% assign end = 'x' %}{{ end | upcase }} {{ 1.5 | times: .5 }}",
    "{% liquid\n if labels.a\n echo labels.a\n endif\n%}",
    "{{ labels.match == 'x' }} {{ labels.a and labels.b }} {{ metadata.a.b[0].c }}",
  ])("is not mistaken for Liquid: %s", (text) => {
    expect(errorOf(text)).toBeUndefined();
  });
});
