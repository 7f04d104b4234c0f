package plain

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gorocket/compat"
	"gorocket/compat/yaml"
)

// maxFiles is how many files of accounts there may be.
const maxFiles = 1000

// Where the accounts are below ROCKETMQ_HOME. Java: PlainPermissionManager.
const (
	defaultFile = "conf/plain_acl.yml" // and in Java what -Drocketmq.acl.plain.file says
	folder      = "conf/acl"
)

// state is the accounts of one moment. Immutable.
type state struct {
	white    []Addresses // of whom nothing is asked
	accounts map[string]*account
	files    []file // in the order in which they count
	doubts   []string
}

// file is one file of accounts as it was read. Immutable.
type file struct {
	name     string
	white    []string
	accounts []Account
	version  compat.DataVersion
}

// FileError is what is wrong with a file of accounts.
type FileError struct {
	File string
	Line int // 0: of the file as a whole
	Msg  string
}

func (e *FileError) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Msg
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Msg)
}

func failure(name string, err error) error {
	var e *yaml.Error
	if errors.As(err, &e) {
		return &FileError{name, e.Line, e.Msg}
	}
	return &FileError{File: name, Msg: err.Error()}
}

// names are the files below home in the order in which they count: conf/acl by name, then the default file. Folders
// that begin with two dots are those of Kubernetes, whose files are linked from above. Java: getAllAclFiles, in the
// order of the folder.
func names(home string) (list []string, err error) {
	root := filepath.Join(home, folder)
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil && path == root && errors.Is(err, fs.ErrNotExist):
			return filepath.SkipAll
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(d.Name(), ".."):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".yml") && !strings.HasSuffix(path, ".yaml"):
			return nil
		}
		if list = append(list, path); len(list) > maxFiles {
			return fmt.Errorf("%s: more than %d files", root, maxFiles)
		}
		return nil
	})
	slices.Sort(list)
	return append(list, filepath.Join(home, defaultFile)), err
}

// load reads all files. An error names the file and the line, and no secret.
func load(home string) (*state, error) {
	list, err := names(home)
	if err != nil {
		return nil, err
	}
	s := &state{accounts: map[string]*account{}}
	for _, name := range list {
		data, err := readFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // the default file, or one that went meanwhile
		}
		if err != nil {
			return nil, err
		}
		if err := s.add(name, data); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// readFile reads a file of accounts, of which there is a limit.
func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, yaml.MaxSize+1))
}

// add takes a file's content in.
func (s *state) add(name string, data []byte) error {
	doc, err := yaml.Parse(data)
	if err != nil {
		return failure(name, err)
	}
	f := file{name: name}
	pairs, err := doc.Pairs()
	for _, p := range pairs {
		switch p.Key {
		case "globalWhiteRemoteAddresses":
			err = s.addWhite(&f, p.Value)
		case "accounts":
			err = s.addAccounts(&f, p.Value)
		case "dataVersion":
			f.version, err = parseVersion(p.Value)
		}
		if err != nil {
			break
		}
	}
	if err != nil {
		return failure(name, err)
	}
	s.files = append(s.files, f)
	return nil
}

func (s *state) addWhite(f *file, n *yaml.Node) error {
	list, err := n.List()
	if err != nil {
		return err
	}
	for _, v := range list {
		text, err := v.Text()
		if err != nil {
			return err
		}
		a, err := ParseAddresses(text)
		if err != nil {
			return v.Fail("globalWhiteRemoteAddresses: %s", err)
		}
		if a.All() {
			s.doubts = append(s.doubts, fmt.Sprintf("%s:%d: globalWhiteRemoteAddresses has every address: nobody is asked "+
				"for anything", f.name, v.Line()))
		}
		f.white, s.white = append(f.white, text), append(s.white, a)
	}
	if len(s.white) > maxAccounts {
		return n.Fail("more than %d addresses", maxAccounts)
	}
	return nil
}

func (s *state) addAccounts(f *file, n *yaml.Node) error {
	list, err := n.List()
	if err != nil {
		return err
	}
	for _, v := range list {
		a, err := parseAccount(v)
		if err != nil {
			return err
		}
		r, err := a.ready(f.name)
		if err != nil {
			return v.Fail("%s", err)
		}
		for _, d := range r.doubts {
			s.doubts = append(s.doubts, fmt.Sprintf("%s:%d: %s", f.name, v.Line(), d))
		}
		f.accounts = append(f.accounts, a)
		if old := s.accounts[a.AccessKey]; old != nil { // Java: the first one counts
			s.doubts = append(s.doubts, fmt.Sprintf("%s:%d: account %.100s is in %s already, which counts", f.name, v.Line(),
				a.AccessKey, old.file))
			continue
		}
		if s.accounts[a.AccessKey] = r; len(s.accounts) > maxAccounts {
			return v.Fail("more than %d accounts", maxAccounts)
		}
	}
	return nil
}

// parseVersion reads dataVersion: a list whose first element has counter and timestamp.
func parseVersion(n *yaml.Node) (v compat.DataVersion, err error) {
	list, err := n.List()
	if err != nil || len(list) == 0 {
		return v, err
	}
	for key, to := range map[string]*int64{"counter": &v.Counter, "timestamp": &v.Timestamp,
		"stateVersion": &v.StateVersion} {
		value, err := list[0].Get(key)
		if err == nil {
			*to, err = value.Int()
		}
		if err != nil {
			return v, err
		}
	}
	return v, nil
}

// emptied is a file of accounts that has none any more, though nobody has said so: half of a write.
func (s *state) emptied(old *state) error {
	for i := range old.files {
		o := &old.files[i]
		at := slices.IndexFunc(s.files, func(f file) bool { return f.name == o.name })
		if at < 0 || len(o.accounts) == 0 {
			continue
		}
		if f := &s.files[at]; len(f.accounts) == 0 && f.version == (compat.DataVersion{}) && f.white == nil {
			return &FileError{File: o.name, Msg: fmt.Sprintf("nothing is in it, and %d accounts were: to take them away "+
				"delete the file, or leave a globalWhiteRemoteAddresses in it", len(o.accounts))}
		}
	}
	return nil
}

// fresh tells that one of the files was written so lately that somebody may still be writing.
func fresh(list []string, now time.Time) bool {
	for _, name := range list {
		if info, err := os.Stat(name); err == nil && now.Sub(info.ModTime()) < settle && !info.ModTime().After(now) {
			return true
		}
	}
	return false
}

// settle is how old a file's last write has to be before it is read again.
const settle = 300 * time.Millisecond
