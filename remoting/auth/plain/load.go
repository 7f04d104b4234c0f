package plain

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gorocket/compat"
	"gorocket/compat/stamp"
	"gorocket/compat/yaml"
)

// Limits of files of accounts: how many there may be, and in how many folders one may lie.
const (
	maxFiles = 1000
	maxDepth = 16
)

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

// names are the files below home in the order in which they count: conf/acl by name, then the default file. Java:
// getAllAclFiles, in the order of the folder.
func names(home string) (list []string, err error) {
	root := filepath.Join(home, folder)
	if list, err = below(nil, root, 0); errors.Is(err, fs.ErrNotExist) {
		list, err = nil, nil
	}
	slices.Sort(list)
	return append(list, filepath.Join(home, defaultFile)), err
}

// below appends the files of a folder, or of a link to one. Folders that begin with two dots are those of Kubernetes,
// whose files are linked from above.
func below(list []string, dir string, depth int) ([]string, error) {
	if depth > maxDepth {
		return nil, &FileError{File: dir, Msg: fmt.Sprintf("folders lie in each other %d times: a link to one above?", depth)}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		info, err := os.Stat(path) // of what a link leads to
		isFolder := err == nil && info.IsDir()
		switch {
		case isFolder && strings.HasPrefix(e.Name(), ".."):
		case isFolder:
			if list, err = below(list, path, depth+1); err != nil {
				return nil, err
			}
		case strings.HasSuffix(path, ".yml") || strings.HasSuffix(path, ".yaml"):
			list = append(list, path)
		}
		if len(list) > maxFiles {
			return nil, &FileError{File: dir, Msg: fmt.Sprintf("more than %d files", maxFiles)}
		}
	}
	return list, nil
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
func readFile(name string) ([]byte, error) { return stamp.Read(name, yaml.MaxSize) }

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
