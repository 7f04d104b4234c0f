package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// tarball is the program with its other names, configuration, units, scripts in the place of Java's, and documents.
func (r *release) tarball(arch, binary string) error {
	name := fmt.Sprintf("gorocket-%s-linux-%s", r.version, arch)
	all := []entry{{to: name + "/bin/gorocket", from: binary, mode: 0o755}}
	for _, n := range names {
		all = append(all, entry{to: name + "/bin/" + n, link: "gorocket", mode: 0o777})
	}
	docs, err := r.documents(name)
	for from, to := range map[string]string{"docs/packages/conf": "conf", "docs/packages/systemd": "systemd",
		"docs/packages/java-layout": "java-layout"} {
		more, terr := r.tree(from, name+"/"+to)
		all, err = append(all, more...), errors.Join(err, terr)
	}
	if err != nil {
		return err
	}
	return r.targz(filepath.Join(r.out, name+".tar.gz"), append(all, docs...))
}

// targz writes entries in their order by name, of root, with the commit's time.
func (r *release) targz(path string, all []entry) error {
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression) // its header has no time and no name
	if err != nil {
		return err
	}
	t := tar.NewWriter(z)
	for _, e := range sorted(all) {
		h := &tar.Header{Name: e.to, Mode: int64(e.mode), ModTime: r.when, Format: tar.FormatPAX, Typeflag: tar.TypeReg}
		var text []byte
		if e.link != "" {
			h.Typeflag, h.Linkname = tar.TypeSymlink, e.link
		} else if text, err = os.ReadFile(e.from); err != nil {
			return err
		}
		h.Size = int64(len(text))
		if err := t.WriteHeader(h); err != nil {
			return err
		}
		if _, err := t.Write(text); err != nil {
			return err
		}
	}
	if err := errors.Join(t.Close(), z.Close()); err != nil {
		return err
	}
	return write(path, out.Bytes(), 0o644)
}

// image is the rest of the folder that an image is built from.
func (r *release) image() error {
	dir := filepath.Join(r.out, "image")
	layout, err := r.tree("docs/packages/java-layout", "java-layout")
	if err != nil {
		return err
	}
	for name, text := range map[string]string{
		"passwd":     "root:x:0:0:root:/:/sbin/nologin\ngorocket:x:10001:10001:gorocket:/var/lib/gorocket:/sbin/nologin\n",
		"group":      "root:x:0:\ngorocket:x:10001:\n",
		"data/.keep": ""} {
		if err := write(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return copyTo(dir, layout)
}

// chart is the Helm chart as an archive, with the version of the program.
func (r *release) chart() error {
	all, err := r.tree("docs/packages/helm/gorocket", "gorocket")
	if err != nil {
		return err
	}
	return r.targz(filepath.Join(r.out, "gorocket-helm-"+r.version+".tgz"), all)
}

// checksums writes SHA256SUMS of everything but itself, for sha256sum -c.
func (r *release) checksums() error {
	sums, err := sumsOf(r.out)
	if err != nil {
		return err
	}
	return write(filepath.Join(r.out, "SHA256SUMS"), []byte(sums), 0o644)
}

func sumsOf(dir string) (string, error) {
	var sums strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "SHA256SUMS" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(text), filepath.ToSlash(rel))
		return err
	})
	return sums.String(), err
}
