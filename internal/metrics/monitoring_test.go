package metrics

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"

	"finscope/analyzer"
)

// families returns the names of all samples that a capture can have, with their labels.
func families(t *testing.T) map[string][]string {
	t.Helper()
	m := New()
	f := flow(1, 1, analyzer.Graceful)
	f.Client.State = analyzer.FinWait2
	for _, kind := range []analyzer.EventKind{analyzer.EventStuck, analyzer.EventClosed} {
		m.Event(&analyzer.Event{Kind: kind, Flow: f})
	}
	m.now.timeWait = map[string]analyzer.HeldNow{other: {}}
	m.now.ranges = []analyzer.PortUse{{Holder: f.Client.IP, Capacity: 1}}
	all, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for _, family := range all {
		var labels []string
		for _, l := range family.Metric[0].Label {
			labels = append(labels, l.GetName())
		}
		out[family.GetName()] = labels
		if family.Metric[0].Histogram != nil {
			out[family.GetName()+"_bucket"] = append(labels, "le")
			out[family.GetName()+"_sum"], out[family.GetName()+"_count"] = labels, labels
		}
	}
	return out
}

// checkQuery holds a query against PromQL's grammar, and its metrics and labels against those there are.
func checkQuery(t *testing.T, known map[string][]string, query string) {
	t.Helper()
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(strings.ReplaceAll(query, "$__rate_interval", "1m"))
	if err != nil {
		t.Errorf("%s: %v", query, err)
		return
	}
	metrics := 0
	var labels []string // that the metrics of the query have
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if v, ok := node.(*parser.VectorSelector); ok {
			metrics++
			have, ok := known[v.Name]
			if !ok {
				t.Errorf("%s: there is no metric %s", query, v.Name)
				return nil
			}
			have = append(slices.Clone(have), "__name__", "instance")
			labels = append(labels, have...)
			for _, m := range v.LabelMatchers {
				if !slices.Contains(have, m.Name) {
					t.Errorf("%s: %s has no label %s", query, v.Name, m.Name)
				}
			}
		}
		return nil
	})
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if a, ok := node.(*parser.AggregateExpr); ok {
			for _, label := range a.Grouping {
				if !slices.Contains(labels, label) {
					t.Errorf("%s: no metric has a label %s", query, label)
				}
			}
		}
		return nil
	})
	if metrics == 0 {
		t.Errorf("%s: no metric", query)
	}
}

// TestAlertRules holds the rules against their format and the metrics there are; what they say when is in alerts_test.yml,
// for promtool.
func TestAlertRules(t *testing.T) {
	data, err := os.ReadFile("../../monitoring/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(&file); err != nil {
		t.Fatal(err)
	}
	known := families(t)
	rules := 0
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			rules++
			checkQuery(t, known, r.Expr)
			if _, err := time.ParseDuration(r.For); err != nil || r.Alert == "" || r.Labels["severity"] == "" || r.Annotations["summary"] == "" {
				t.Errorf("rule %+v: %v", r, err)
			}
		}
	}
	if rules < 2 {
		t.Errorf("%d rules", rules)
	}
}

// TestAlertsFire lets promtool play the rules, where it is installed.
func TestAlertsFire(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("SKIPPED: promtool is not installed (Debian: package prometheus)")
	}
	for _, args := range [][]string{{"check", "rules", "../../monitoring/alerts.yml"}, {"test", "rules", "../../monitoring/alerts_test.yml"}} {
		if out, err := exec.Command(promtool, args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %v: %v\n%s", args, err, out)
		}
	}
}

// TestDashboard holds the queries of the dashboard against the metrics there are, and the metrics against the dashboard: what
// is counted is shown.
func TestDashboard(t *testing.T) {
	data, err := os.ReadFile("../../monitoring/grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	type box struct{ X, Y, W, H int }
	var board struct {
		Title  string
		Panels []struct {
			ID      int
			Title   string
			GridPos box
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(data, &board); err != nil {
		t.Fatal(err)
	}
	known := families(t)
	var queries strings.Builder
	for i, p := range board.Panels {
		if p.Title == "" || len(p.Targets) == 0 {
			t.Errorf("panel %d: %+v", i, p)
		}
		for _, q := range board.Panels[:i] {
			a, b := p.GridPos, q.GridPos
			if p.ID == q.ID || a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H {
				t.Errorf("%s and %s lie on one another", p.Title, q.Title)
			}
		}
		for _, target := range p.Targets {
			checkQuery(t, known, target.Expr)
			queries.WriteString(target.Expr + "\n")
		}
	}
	for name := range known {
		name = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_sum"), "_count")
		if strings.HasPrefix(name, "finscope_") && name != "finscope_tcp_packets_total" && !strings.Contains(queries.String(), name) {
			t.Errorf("%s is not shown", name)
		}
	}
}
