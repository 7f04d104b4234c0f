// Package chart tests the Helm chart of docs/packages/helm: what it renders, and that a cluster of it works.
package chart

import (
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	policy "k8s.io/api/policy/v1"
	"sigs.k8s.io/yaml"
)

const chartDir = "../../../docs/packages/helm/gorocket"

// rendered is what a cluster would be given.
type rendered struct {
	sets     map[string]*apps.StatefulSet
	services map[string]*core.Service
	files    map[string]string // of all ConfigMaps: name of the file -> text
	budgets  map[string]*policy.PodDisruptionBudget
	others   []string // kinds that the API server has from others
}

// render has Helm's engine render the chart, and reads each document as the API server does: an unknown field, or a
// wrong type, is an error.
func render(t *testing.T, values map[string]any) *rendered {
	t.Helper()
	c, err := loader.Load(chartDir)
	if err != nil {
		t.Fatal(err)
	}
	all, err := chartutil.ToRenderValues(c, values, chartutil.ReleaseOptions{Name: "mq", Namespace: "prod", IsInstall: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	texts, err := engine.Render(c, all)
	if err != nil {
		t.Fatal(err)
	}
	r := &rendered{map[string]*apps.StatefulSet{}, map[string]*core.Service{}, map[string]string{},
		map[string]*policy.PodDisruptionBudget{}, nil}
	for name, text := range texts {
		if !strings.HasSuffix(name, ".yaml") {
			continue
		}
		for _, doc := range strings.Split("\n"+text, "\n---") {
			if strings.TrimSpace(doc) != "" {
				r.take(t, name, doc)
			}
		}
	}
	return r
}

func (r *rendered) take(t *testing.T, name, doc string) {
	t.Helper()
	var kind struct{ APIVersion, Kind string }
	if err := yaml.Unmarshal([]byte(doc), &kind); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, doc)
	}
	strict := func(into any) {
		t.Helper()
		if err := yaml.UnmarshalStrict([]byte(doc), into); err != nil {
			t.Errorf("%s: %v\n%s", name, err, doc)
		}
	}
	switch kind.APIVersion + "/" + kind.Kind {
	case "apps/v1/StatefulSet":
		var s apps.StatefulSet
		strict(&s)
		r.sets[s.Name] = &s
	case "v1/Service":
		var s core.Service
		strict(&s)
		r.services[s.Name] = &s
	case "v1/ConfigMap":
		var m core.ConfigMap
		strict(&m)
		for file, text := range m.Data {
			r.files[file] = text
		}
	case "policy/v1/PodDisruptionBudget":
		var b policy.PodDisruptionBudget
		strict(&b)
		r.budgets[b.Name] = &b
	default:
		r.others = append(r.others, kind.Kind)
	}
}

// TestRendered: the objects that values ask for, each valid, and hardened.
func TestRendered(t *testing.T) {
	for _, c := range []struct {
		name                 string
		values               map[string]any
		sets, files, budgets int
		others               string
	}{
		{"defaults", nil, 4, 10, 4, ""},
		{"no controllers", map[string]any{"controller": map[string]any{"replicas": 0}}, 3, 7, 3, ""},
		{"one of each", map[string]any{"namesrv": map[string]any{"replicas": 1}, "controller": map[string]any{"replicas": 1},
			"broker": map[string]any{"sets": 1, "replicas": 1}}, 3, 3, 0, ""},
		{"secure", map[string]any{"secure": map[string]any{"enabled": true}, "podDisruptionBudget": false,
			"metrics": map[string]any{"serviceMonitor": true}}, 4, 10, 0, "ServiceMonitor"},
	} {
		r := render(t, c.values)
		if len(r.sets) != c.sets || len(r.services) != c.sets || len(r.files) != c.files || len(r.budgets) != c.budgets ||
			strings.Join(r.others, ",") != c.others {
			t.Errorf("%s: %d sets, %d services, %d files, %d budgets, others %v", c.name, len(r.sets), len(r.services),
				len(r.files), len(r.budgets), r.others)
		}
		for name, s := range r.sets {
			checkSet(t, c.name+"/"+name, s, r)
		}
	}
}

// checkSet looks at what an operator would look at.
func checkSet(t *testing.T, name string, s *apps.StatefulSet, r *rendered) {
	t.Helper()
	pod := &s.Spec.Template.Spec
	box := &pod.Containers[0]
	if pod.SecurityContext.RunAsNonRoot == nil || !*pod.SecurityContext.RunAsNonRoot || *pod.AutomountServiceAccountToken ||
		!*box.SecurityContext.ReadOnlyRootFilesystem || *box.SecurityContext.AllowPrivilegeEscalation ||
		box.SecurityContext.Capabilities.Drop[0] != "ALL" || box.Resources.Limits.Memory().IsZero() {
		t.Errorf("%s is not hardened: %+v %+v", name, pod.SecurityContext, box.SecurityContext)
	}
	service := r.services[s.Spec.ServiceName]
	if service == nil || service.Spec.ClusterIP != "None" || !service.Spec.PublishNotReadyAddresses {
		t.Errorf("%s has no headless service", name)
		return
	}
	for k, v := range service.Spec.Selector {
		if s.Spec.Template.Labels[k] != v || k != "app.kubernetes.io/instance" && s.Spec.Selector.MatchLabels[k] != v {
			t.Errorf("%s: the service does not select its pods: %s=%s", name, k, v)
		}
	}
	if box.StartupProbe == nil || box.ReadinessProbe == nil || box.LivenessProbe == nil || box.LivenessProbe.TCPSocket == nil {
		t.Errorf("%s has no probes", name)
	}
	mounted := map[string]bool{}
	for _, v := range pod.Volumes {
		mounted[v.Name] = true
	}
	for _, v := range s.Spec.VolumeClaimTemplates {
		mounted[v.Name] = true
	}
	for _, m := range box.VolumeMounts {
		if !mounted[m.Name] {
			t.Errorf("%s mounts %s, which is not there", name, m.Name)
		}
	}
}

// TestRefusedValues: what cannot work is an error of helm install.
func TestRefusedValues(t *testing.T) {
	c, err := loader.Load(chartDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, values := range []map[string]any{{"controller": map[string]any{"replicas": 2}},
		{"broker": map[string]any{"sets": 0}}, {"namesrv": map[string]any{"replicas": 0}},
		{"broker": map[string]any{"port": "x"}}, {"clusterName": "a b"}} {
		if _, err := chartutil.ToRenderValues(c, values, chartutil.ReleaseOptions{Name: "mq"}, nil); err == nil {
			t.Errorf("%v is taken", values)
		}
	}
}
