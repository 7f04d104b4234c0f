package main

import (
	"bytes"
	"fmt"
	"path/filepath"

	"github.com/goreleaser/nfpm/v2"
	_ "github.com/goreleaser/nfpm/v2/deb" // registers it
	"github.com/goreleaser/nfpm/v2/files"
	_ "github.com/goreleaser/nfpm/v2/rpm" // registers it
)

// packages are the .deb and the .rpm of an architecture.
func (r *release) packages(arch, binary string) error {
	for _, kind := range []string{"deb", "rpm"} {
		all, err := r.installed(binary, kind)
		if err != nil {
			return err
		}
		info, err := r.info(kind, arch, all)
		if err != nil {
			return err
		}
		p, err := nfpm.Get(kind)
		if err != nil {
			return err
		}
		var out bytes.Buffer
		if err := p.Package(info, &out); err != nil {
			return fmt.Errorf("%s for %s: %w", kind, arch, err)
		}
		if err := write(filepath.Join(r.out, p.ConventionalFileName(info)), out.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// installed is what a package puts where.
func (r *release) installed(binary, kind string) ([]entry, error) {
	units := "/usr/lib/systemd/system"
	if kind == "deb" {
		units = "/lib/systemd/system"
	}
	all := []entry{{to: "/usr/bin/gorocket", from: binary, mode: 0o755},
		{to: "/etc/gorocket", dir: true, mode: 0o770, own: true}}
	for _, n := range names {
		all = append(all, entry{to: "/usr/bin/" + n, link: "gorocket"})
	}
	for _, server := range []string{"broker", "namesrv", "controller"} {
		from := filepath.Join(r.root, "docs", "packages")
		all = append(all, entry{to: "/etc/gorocket/" + server + ".conf", from: filepath.Join(from, "conf", server+".conf"),
			mode: 0o660, conf: true, own: true},
			entry{to: units + "/gorocket-" + server + ".service", mode: 0o644,
				from: filepath.Join(from, "systemd", "gorocket-"+server+".service")})
	}
	docs, err := r.documents("/usr/share/doc/gorocket")
	return sorted(append(all, docs...)), err
}

func (r *release) info(kind, arch string, all []entry) (*nfpm.Info, error) {
	info := &nfpm.Info{Name: "gorocket", Arch: arch, Platform: "linux", Version: r.number(), VersionSchema: "none",
		Section: "net", Priority: "optional", Maintainer: "the gorocket project <gorocket@example.invalid>",
		Description: "Apache RocketMQ's NameServer, broker, controller and tools, without Java", License: "Apache-2.0",
		MTime: r.when}
	info.RPM.BuildHost, info.RPM.Group, info.Scripts = "reproducible", "System Environment/Daemons", r.scripts()
	for _, e := range all {
		c := &files.Content{Source: e.from, Destination: e.to, FileInfo: &files.ContentFileInfo{Mode: e.mode, MTime: r.when,
			Owner: "root", Group: "root"}}
		switch {
		case e.link != "":
			c.Type, c.Source = files.TypeSymlink, e.link
		case e.dir:
			c.Type = files.TypeDir
		case e.conf:
			c.Type = files.TypeConfigNoReplace
		}
		if e.own {
			c.FileInfo.Group = "gorocket"
		}
		info.Contents = append(info.Contents, c)
	}
	info = nfpm.WithDefaults(info)
	return info, nfpm.PrepareForPackager(info, kind)
}

// scripts make the user and tell systemd of the units. Nothing is started: an operator configures it first.
func (r *release) scripts() nfpm.Scripts {
	dir := filepath.Join(r.root, "docs", "packages", "scripts")
	return nfpm.Scripts{PreInstall: filepath.Join(dir, "preinstall.sh"), PostInstall: filepath.Join(dir, "postinstall.sh"),
		PreRemove: filepath.Join(dir, "preremove.sh"), PostRemove: filepath.Join(dir, "postremove.sh")}
}
