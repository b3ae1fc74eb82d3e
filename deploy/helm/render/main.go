// Renders a Helm chart without Helm, for the tests: Go's templates, Debian's sprig, and the functions of Helm that the chart
// uses. Reads {"chart": directory, "values": the merged values, "release": {"name", "namespace"}} from standard input and
// writes the manifests of each template, by its name, as JSON. A mistake ends it with 1 and a message.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"sigs.k8s.io/yaml"
)

// Files is `.Files` of a template.
type Files string

// Get returns a file of the chart as text; "" if there is none, as Helm does.
func (chart Files) Get(name string) string {
	text, _ := os.ReadFile(filepath.Join(string(chart), name))
	return string(text)
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func functions(all *template.Template) template.FuncMap {
	functions := sprig.TxtFuncMap()
	// Helm takes these two away: a chart must not read the environment.
	delete(functions, "env")
	delete(functions, "expandenv")
	functions["include"] = func(name string, data interface{}) (string, error) {
		var text strings.Builder
		err := all.ExecuteTemplate(&text, name, data)
		return text.String(), err
	}
	functions["required"] = func(message string, value interface{}) (interface{}, error) {
		if value == nil || value == "" {
			return nil, fmt.Errorf("%s", message)
		}
		return value, nil
	}
	functions["toYaml"] = func(value interface{}) (string, error) {
		text, err := yaml.Marshal(value)
		return strings.TrimSuffix(string(text), "\n"), err
	}
	functions["fromYaml"] = func(text string) (map[string]interface{}, error) {
		value := map[string]interface{}{}
		err := yaml.Unmarshal([]byte(text), &value)
		return value, err
	}
	return functions
}

func main() {
	var input struct {
		Chart   string
		Values  map[string]interface{}
		Release struct{ Name, Namespace string }
	}
	must(json.NewDecoder(os.Stdin).Decode(&input))
	about := map[string]interface{}{}
	text, err := os.ReadFile(filepath.Join(input.Chart, "Chart.yaml"))
	must(err)
	must(yaml.Unmarshal(text, &about))
	data := map[string]interface{}{
		"Values": input.Values,
		"Chart":  map[string]interface{}{"Name": about["name"], "Version": about["version"], "AppVersion": about["appVersion"]},
		"Release": map[string]interface{}{
			"Name": input.Release.Name, "Namespace": input.Release.Namespace, "Service": "Helm",
		},
		"Files": Files(input.Chart),
	}
	all := template.New("chart").Option("missingkey=zero")
	all.Funcs(functions(all))
	paths, err := filepath.Glob(filepath.Join(input.Chart, "templates", "*"))
	must(err)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		must(err)
		_, err = all.New(filepath.Base(path)).Parse(string(text))
		must(err)
	}
	rendered := map[string]string{}
	for _, path := range paths {
		name := filepath.Base(path)
		if strings.HasPrefix(name, "_") {
			continue
		}
		var text strings.Builder
		must(all.ExecuteTemplate(&text, name, data))
		rendered[name] = strings.ReplaceAll(text.String(), "<no value>", "")
	}
	must(json.NewEncoder(os.Stdout).Encode(rendered))
}
