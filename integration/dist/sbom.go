package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// bom is a software bill of materials in the form of CycloneDX 1.5.
type bom struct {
	Format     string       `json:"bomFormat"`
	Spec       string       `json:"specVersion"`
	Serial     string       `json:"serialNumber"`
	Version    int          `json:"version"`
	Metadata   metadata     `json:"metadata"`
	Components []component  `json:"components"`
	Depends    []dependency `json:"dependencies"`
}

type metadata struct {
	Timestamp string    `json:"timestamp"`
	Component component `json:"component"`
}

type component struct {
	Ref     string `json:"bom-ref"`
	Type    string `json:"type"`
	Name    string `json:"name"`
	Version string `json:"version"`
	PURL    string `json:"purl"`
	Hashes  []hash `json:"hashes,omitempty"`
}

type hash struct {
	Alg     string `json:"alg"`
	Content string `json:"content"`
}

type dependency struct {
	Ref string   `json:"ref"`
	On  []string `json:"dependsOn"`
}

// sbom lists what the linker put into a program: the modules, and Go's own library.
func (r *release) sbom(arch, binary string) error {
	text, err := os.ReadFile(binary)
	if err != nil {
		return err
	}
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(text)
	self := purl("gorocket", r.version) + "?goarch=" + arch + "&goos=linux"
	b := &bom{Format: "CycloneDX", Spec: "1.5", Version: 1, Serial: serial(sum), Metadata: metadata{
		Timestamp: r.when.Format("2006-01-02T15:04:05Z"), Component: component{Ref: self, Type: "application", Name: "gorocket",
			Version: r.version, PURL: self, Hashes: []hash{{"SHA-256", hex.EncodeToString(sum[:])}}}}}
	goVersion := strings.TrimPrefix(info.GoVersion, "go")
	std := component{Type: "library", Name: "std", Version: goVersion, PURL: purl("std", goVersion), Ref: purl("std", goVersion)}
	b.Components = append(b.Components, std)
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		c := component{Ref: purl(m.Path, m.Version), Type: "library", Name: m.Path, Version: m.Version,
			PURL: purl(m.Path, m.Version)}
		if h, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(m.Sum, "h1:")); err == nil && len(h) == 32 {
			c.Hashes = []hash{{"SHA-256", hex.EncodeToString(h)}} // of go.sum: over the names and sums of the module's files
		}
		b.Components = append(b.Components, c)
	}
	on := dependency{Ref: self}
	for _, c := range b.Components {
		on.On = append(on.On, c.Ref)
	}
	b.Depends = []dependency{on}
	out, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return err
	}
	return write(filepath.Join(r.out, fmt.Sprintf("gorocket-%s-linux-%s.cdx.json", r.version, arch)), append(out, '\n'), 0o644)
}

func purl(path, version string) string { return "pkg:golang/" + path + "@" + version }

// serial is a UUID made of a sum: the same program has the same one.
func serial(sum [32]byte) string {
	u := sum[:16]
	u[6], u[8] = u[6]&0x0f|0x50, u[8]&0x3f|0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}
