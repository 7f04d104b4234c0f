package plain

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gorocket/compat"
	"gorocket/compat/yaml"
)

// Change is an account as it is to be; what is empty stays as it was, but Admin.
type Change struct {
	Account
	// WhiteGiven: WhiteRemoteAddress counts also when it is empty.
	WhiteGiven bool
}

// Put changes an account, or makes it in the default file. It acts when Put returns. Java:
// PlainPermissionManager.updateAccessConfig.
func (s *Service) Put(c Change) error {
	if len(c.AccessKey) < minKey || len(c.SecretKey) < minKey {
		return fmt.Errorf("The accessKey=%.100s and secretKey=*** cannot be null and length should longer than 6",
			c.AccessKey)
	}
	for _, text := range slices.Concat(c.TopicPerms, c.GroupPerms) {
		if err := checkEntry(text); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	name := filepath.Join(s.set.Home, defaultFile)
	if old := s.now.Load().accounts[c.AccessKey]; old != nil {
		name = old.file
	}
	return s.edit(name, func(doc *yaml.Node) error {
		list, at, err := findAccount(doc, c.AccessKey)
		if err != nil {
			return err
		}
		if list == nil {
			list = yaml.List()
			doc.Set("accounts", list)
		}
		if at == nil {
			at = &found{yaml.Mapping(), -1}
			list.Append(at.node)
		}
		c.apply(at.node)
		return nil
	})
}

// apply sets what is given. Java: createAclAccessConfigMap.
func (c *Change) apply(n *yaml.Node) {
	n.Set("accessKey", yaml.Text(c.AccessKey))
	n.Set("secretKey", yaml.Text(c.SecretKey))
	if c.WhiteGiven {
		n.Set("whiteRemoteAddress", yaml.Text(c.WhiteRemoteAddress))
	}
	n.Set("admin", yaml.Flag(c.Admin))
	if c.DefaultTopicPerm != "" {
		n.Set("defaultTopicPerm", yaml.Text(c.DefaultTopicPerm))
	}
	if c.DefaultGroupPerm != "" {
		n.Set("defaultGroupPerm", yaml.Text(c.DefaultGroupPerm))
	}
	if c.TopicPerms != nil {
		n.Set("topicPerms", yaml.Texts(c.TopicPerms))
	}
	if c.GroupPerms != nil {
		n.Set("groupPerms", yaml.Texts(c.GroupPerms))
	}
}

// checkEntry refuses what is no name=permission. Java: Permission.checkResourcePerms.
func checkEntry(text string) error {
	items := strings.FieldsFunc(text, func(c rune) bool { return c == '=' })
	if len(items) != 2 {
		return fmt.Errorf("Parse Resource format error for %.200s.\nThe expected resource format is 'Res=Perm'. "+
			"For example: topicA=SUB", text)
	}
	if _, known := permOf(items[1]); !known {
		return fmt.Errorf("Parse resource permission error for %.200s.\nThe expected permissions are 'SUB' or 'PUB' or "+
			"'SUB|PUB' or 'PUB|SUB'.", text)
	}
	return nil
}

// found is an account in a list, and its place.
type found struct {
	node *yaml.Node
	at   int
}

// findAccount finds the list of accounts, nil when there is none, and the account, nil when it is not there.
func findAccount(doc *yaml.Node, key string) (list *yaml.Node, f *found, err error) {
	list, err = doc.Get("accounts")
	if err != nil {
		return nil, nil, err
	}
	all, err := list.List()
	for i, n := range all {
		v, err := n.Get("accessKey")
		if err != nil {
			return nil, nil, err
		}
		if text, err := v.Text(); err != nil || text == key {
			return list, &found{n, i}, err
		}
	}
	return list, nil, err
}

// Delete takes an account away; false when there is none. Java: deleteAccessConfig.
func (s *Service) Delete(key string) (found bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.now.Load().accounts[key]
	if old == nil {
		return false, nil
	}
	return true, s.edit(old.file, func(doc *yaml.Node) error {
		list, f, err := findAccount(doc, key)
		if err == nil && f != nil {
			list.Remove(f.at)
		}
		return err
	})
}

// SetWhite replaces the addresses of whom nothing is asked in one of the files, "" is the default one; false when it is
// none of them. Java: updateGlobalWhiteAddrsConfig, which takes any file below ROCKETMQ_HOME.
func (s *Service) SetWhite(list []string, name string) (found bool, err error) {
	standard := filepath.Join(s.set.Home, defaultFile)
	if name == "" {
		name = standard
	}
	name = filepath.Clean(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	known := slices.ContainsFunc(s.now.Load().files, func(f file) bool { return f.name == name })
	if !known && name != standard {
		return false, nil
	}
	return true, s.edit(name, func(doc *yaml.Node) error {
		doc.Set("globalWhiteRemoteAddresses", yaml.Texts(list))
		return nil
	})
}

// edit changes a file, checks what it would be before it is written, and reads all files again. The caller holds mu.
func (s *Service) edit(name string, change func(doc *yaml.Node) error) error {
	data, err := readFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	doc, err := yaml.Edit(data)
	if err == nil {
		err = change(doc)
	}
	if err == nil {
		err = nextVersion(doc)
	}
	if err != nil {
		return failure(name, err)
	}
	text, err := doc.Encode()
	if err != nil {
		return failure(name, err)
	}
	if err := (&state{accounts: map[string]*account{}}).add(name, text); err != nil {
		var e *FileError
		if errors.As(err, &e) {
			e.Line = 0 // of a file that is not to be
		}
		return err
	}
	if err := s.set.Write(name, text); err != nil {
		return err
	}
	list, err := names(s.set.Home)
	if err == nil {
		s.seen.Changed(list)
		err = s.load()
	}
	return err
}

// nextVersion counts one change. Java: updateAclConfigFileVersion.
func nextVersion(doc *yaml.Node) error {
	old, err := doc.Get("dataVersion")
	if err != nil {
		return err
	}
	v, err := parseVersion(old)
	if err != nil {
		return err
	}
	m := yaml.Mapping()
	m.Set("counter", yaml.Int(v.Counter+1))
	m.Set("timestamp", yaml.Int(time.Now().UnixMilli()))
	doc.Set("dataVersion", yaml.List(m))
	return nil
}

// Versions say how new the default file is, and each file by its name.
func (s *Service) Versions() (standard compat.DataVersion, all map[string]compat.DataVersion) {
	all = map[string]compat.DataVersion{}
	for _, f := range s.now.Load().files {
		all[f.name] = f.version
		if f.name == filepath.Join(s.set.Home, defaultFile) {
			standard = f.version
		}
	}
	return standard, all
}

// All is what all files say; of an account that is there more than once the one that counts. It holds secrets. Java:
// getAllAclConfig.
func (s *Service) All() (white []string, accounts []Account) {
	white, accounts = []string{}, []Account{}
	seen := map[string]bool{}
	for _, f := range s.now.Load().files {
		white = append(white, f.white...)
		for _, a := range f.accounts {
			if !seen[a.AccessKey] {
				seen[a.AccessKey] = true
				accounts = append(accounts, a)
			}
		}
	}
	return white, accounts
}
