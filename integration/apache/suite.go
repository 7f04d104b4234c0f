package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gorocket/integration/harness"
)

// suite is Apache's tests, ready to run against one kind of server. Not for concurrent use.
type suite struct {
	work string // jars and results; kept
	logs string // output of tests and servers of the last run; kept
	dir  string // stores; removed at the end

	classPath       string
	groupClasses    map[string]string // by group: what stands before the class path
	index           map[string]string // simple class name to full name
	namesrv, broker string            // command lines
	conf            string            // settings for every broker
}

func newSuite(kind harness.Kind) (*suite, error) {
	if why := harness.MissingJava(); why != "" {
		return nil, fmt.Errorf("%s", why)
	}
	work := filepath.Join(harness.Work(), "apache-"+harness.JavaVersion)
	s := &suite{work: work, logs: work + "/logs-" + string(kind), conf: *brokerConf}
	if kind == harness.Java && s.conf == "" {
		// a busy machine must not make the reference refuse sends
		s.conf = "brokerFastFailureEnable=false osPageCacheBusyTimeOutMills=20000"
	}
	if err := os.RemoveAll(s.logs); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(s.logs, 0o755); err != nil {
		return nil, err
	}
	var err error
	if s.dir, err = os.MkdirTemp("", "apache-it-"); err != nil {
		return nil, err
	}
	if err := s.prepare(kind); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *suite) prepare(kind harness.Kind) error {
	source, lib, classes := filepath.Join(harness.Root(), "apache", "java"), s.work+"/lib", s.dir+"/classes"
	jar, err := fetch(source, lib)
	if err != nil {
		return err
	}
	if err := compile(source, lib, classes); err != nil {
		return err
	}
	if s.index, err = classIndex(jar); err != nil {
		return err
	}
	own, err := filepath.Glob(classes + "/gorocket/apacheit/*IT.class") // what the published tests leave out
	if err != nil {
		return err
	}
	for _, name := range own {
		simple := strings.TrimSuffix(filepath.Base(name), ".class")
		s.index[simple] = "gorocket.apacheit." + simple
	}
	conf, err := harness.QuietConf(s.dir + "/conf")
	if err != nil {
		return err
	}
	s.classPath = strings.Join([]string{classes, conf, lib + "/*"}, ":")
	if err := s.standIns(source, lib); err != nil {
		return err
	}
	s.namesrv, s.broker, err = commands(kind, conf, lib)
	return err
}

// standIns compiles java/<group>: classes that only the tests of one group see in place of Apache's.
func (s *suite) standIns(source, lib string) error {
	folders, err := filepath.Glob(source + "/*/src")
	s.groupClasses = map[string]string{}
	for _, f := range folders {
		group := filepath.Base(filepath.Dir(f))
		s.groupClasses[group] = s.dir + "/classes-" + group
		if err := compile(filepath.Dir(f), lib, s.groupClasses[group]); err != nil {
			return err
		}
	}
	return err
}

func (s *suite) close() { os.RemoveAll(s.dir) }

// runAll runs the groups and then, alone, what failed.
func (s *suite) runAll(ctx context.Context, todo []group, base table) ([]row, error) {
	var all []row
	for _, g := range todo {
		begin := time.Now()
		rows, err := s.runGroup(ctx, g, base)
		if err != nil {
			return nil, err
		}
		fmt.Printf("== %s: %.0f s\n", g.name, time.Since(begin).Seconds())
		all = append(all, rows...)
	}
	for range *retries {
		if err := s.again(ctx, all, base); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// again runs failed methods once more and overwrites the rows of those that pass now.
func (s *suite) again(ctx context.Context, all []row, base table) error {
	g := group{name: "again", peersMillis: 16000}
	at := map[string]int{}
	for i, r := range all {
		if _, seen := at[r.key()]; r.bad() && !seen && r.method != "-" {
			at[r.key()] = i
			g.classes = append(g.classes, r.key())
		}
	}
	if len(at) == 0 {
		return nil
	}
	rows, err := s.runGroup(ctx, g, base)
	for _, r := range rows {
		if i, ok := at[r.key()]; ok && r.result == "pass" {
			r.message = "at the second try; before: " + all[i].message
			all[i] = r
		}
	}
	return err
}

// runGroup runs one JVM, or more where a class ends one.
func (s *suite) runGroup(ctx context.Context, g group, base table) (all []row, err error) {
	var specs []string
	for _, c := range g.classes {
		simple, method, one := strings.Cut(c, "#")
		full, ok := s.index[simple]
		if !ok {
			return nil, fmt.Errorf("no class %s among Apache's tests", simple)
		}
		if one {
			full += "#" + method
		}
		specs = append(specs, full)
	}
	fmt.Printf("== %s\n", g.name)
	for len(specs) > 0 {
		j := jvm{suite: s, group: g, leftOut: base.leftOut()}
		done, err := j.run(ctx, specs)
		all = append(all, j.rows...)
		if err != nil {
			return all, err
		}
		specs = specs[done:]
	}
	return all, nil
}
