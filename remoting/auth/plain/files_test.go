package plain

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gorocket/compat/yaml"
)

// rewritten is what a file says after its version was counted; false when it has to be changed by hand.
func rewritten(t *testing.T, data []byte) (*state, bool) {
	t.Helper()
	doc, err := yaml.Edit(data)
	if err != nil {
		return nil, false
	}
	if err := nextVersion(doc); err != nil {
		t.Fatal(err)
	}
	text, err := doc.Encode()
	if err != nil {
		t.Fatal(err)
	}
	s := &state{accounts: map[string]*account{}}
	if err := s.add("f.yml", text); err != nil {
		t.Fatalf("%q was taken, and not what became of it, %q: %v", data, text, err)
	}
	return s, true
}

const one = "accounts:\n- {accessKey: account123, secretKey: one-secret-12}\n"

// TestReload: a file that changes counts when nobody has written for a while; what cannot be used, and a file that is
// suddenly empty, leaves things as they are and is told once, with its line, and so is that it is right again.
func TestReload(t *testing.T) {
	r := newRig(t, true, one)
	file := filepath.Join(r.home, "conf", "plain_acl.yml")
	says := func(secret, want string) {
		t.Helper()
		if got := r.ask("28", "account123", secret, "127.0.0.1"); got != want {
			t.Errorf("%s: %s, want %s", secret, got, want)
		}
	}
	const wrong = "Check signature failed for accessKey=account123"
	told := func(want string) {
		t.Helper()
		r.watch.Look()
		r.watch.Look()
		select {
		case err := <-r.told:
			if want == "" || err == nil && want != "read" || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("told %v, want %q", err, want)
			}
			if len(r.told) > 0 {
				t.Error("told twice")
			}
		default:
			if want != "" {
				t.Errorf("nothing is told, want %q", want)
			}
		}
	}
	told("")
	says("one-secret-12", "let in")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(one, "one-", "two-")), 0o600); err != nil {
		t.Fatal(err)
	}
	told("") // somebody may be writing still
	says("two-secret-12", wrong)
	write(t, r.home, "plain_acl.yml", strings.ReplaceAll(one, "one-", "two-"))
	told("read")
	says("two-secret-12", "let in")
	write(t, r.home, "plain_acl.yml", "accounts:\n- accessKey: account123\n  secretKey: two-se")
	told("plain_acl.yml:2: The accessKey=account123")
	write(t, r.home, "plain_acl.yml", "accounts:\n- {accessKey: acc")
	told("plain_acl.yml:")
	write(t, r.home, "plain_acl.yml", "")
	told("nothing is in it, and 1 accounts were")
	says("two-secret-12", "let in")
	write(t, r.home, "plain_acl.yml", one)
	told("read")
	says("two-secret-12", wrong)
	write(t, r.home, "acl/team.yaml", "accounts:\n- {accessKey: account456, secretKey: team-secret-1, admin: yes}\n")
	told("read")
	if got := r.ask("25", "account456", "team-secret-1", "127.0.0.1"); got != "let in" {
		t.Error(got)
	}
	if err := os.RemoveAll(filepath.Join(r.home, "conf", "acl")); err != nil {
		t.Fatal(err)
	}
	told("read")
	if got := r.ask("25", "account456", "team-secret-1", "127.0.0.1"); got != "No acl config for account456" {
		t.Error(got)
	}
}

// TestFiles: which files are read, and that the first one counts; conf/acl goes before the default one, folders of
// Kubernetes that are linked from above are not read twice.
func TestFiles(t *testing.T) {
	account := func(key, secret string) string {
		return "accounts:\n- {accessKey: " + key + ", secretKey: " + secret + "}\n"
	}
	r := newRig(t, true, account("same-key-1", "from-default-1"), "acl/b/c.yml", account("same-key-1", "from-folder-1"),
		"acl/note.txt", "no: [yaml", "acl/..data/d.yml", account("hidden-key", "from-hidden-1"))
	link := filepath.Join(r.home, "conf", "acl", "d.yml")
	if err := os.Symlink(filepath.Join("..data", "d.yml"), link); err != nil {
		t.Fatal(err)
	}
	if err := r.load(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ key, secret, want string }{
		{"same-key-1", "from-folder-1", "let in"}, {"same-key-1", "from-default-1", "Check signature failed for accessKey=same-key-1"},
		{"hidden-key", "from-hidden-1", "let in"},
	} {
		if got := r.ask("28", c.key, c.secret, "127.0.0.1"); got != c.want {
			t.Errorf("%s: %s", c.key, got)
		}
	}
	if d := r.Doubts(); len(d) != 1 || !strings.Contains(d[0], "plain_acl.yml:2: account same-key-1 is in") {
		t.Errorf("doubts: %q", d)
	}
	if _, list := r.All(); len(list) != 2 || r.Sizes() != 2 {
		t.Errorf("%d accounts", len(list))
	}
}

// TestBadAccounts: what stops a start, with the file, the line, and nothing that is secret.
func TestBadAccounts(t *testing.T) {
	for text, want := range map[string]string{
		"accounts:\n- {accessKey: short, secretKey: hidden-secret}\n":                              ":2: The accessKey=short and secretKey=***",
		"accounts:\n- {accessKey: account123, secretKey: hidden}\n":                                ":2: The accessKey=account123",
		"accounts:\n- {accessKey: account123}\n":                                                   ":2: The accessKey=account123",
		one + "- {accessKey: account456, secretKey: hidden-secret, whiteRemoteAddress: 1.2.3}\n":   ":3: account account456: whiteRemoteAddress",
		one + "- {accessKey: account456, secretKey: hidden-secret, topicPerms: [a]}\n":             ":3: Parse resource permission failed for topic:a",
		one + "- {accessKey: account456, secretKey: hidden-secret, groupPerms: [a=PUB=SUB]}\n":     ":3: Parse resource permission failed for group:a=PUB=SUB",
		one + "- {accessKey: account456, secretKey: hidden-secret, admin: perhaps}\n":              ":3: true or false",
		one + "- {accessKey: account456, secretKey: 0123456789}\n":                                 ":3: without quotes",
		"globalWhiteRemoteAddresses:\n- 10.0.0.1\n- 10.0.0.x\n":                                    ":3: globalWhiteRemoteAddresses: \"10.0.0.x\"",
		"globalWhiteRemoteAddresses: 10.0.0.1\n":                                                   ":1: a list has to",
		"dataVersion:\n- {counter: x}\n":                                                           ":2: a number",
		"accounts: {}\n":                                                                           ":1: a list has to",
		"accounts:\n- {<<: {accessKey: account123}, secretKey: hidden-secret}\n":                   ":2: mappings are not merged",
		"accounts:\n- {accessKey: account123, secretKey: hidden-secret, secretKey: x}\n":           ":2: a key for the second time",
		"accounts:\n- {accessKey: account123, secretKey: " + strings.Repeat("hidden", 200) + "}\n": ":2: accessKey and secretKey have at most",
		"accounts:\n- {accessKey: account123, secretKey: hidden-secret, topicPerms: [" +
			strings.Repeat("a=PUB,", maxPerms+1) + "]}\n": ":2: account account123: 2001 entries",
	} {
		home := t.TempDir()
		write(t, home, "plain_acl.yml", text)
		_, err := New(Settings{Home: home}, nil, time.Now)
		var e *FileError
		if !errors.As(err, &e) || !strings.Contains(err.Error(), "plain_acl.yml"+want) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%.80q: %v, want %s", text, err, want)
		}
	}
	if _, err := New(Settings{}, nil, time.Now); err == nil {
		t.Error("without a home")
	}
	if s, err := New(Settings{Home: t.TempDir()}, nil, time.Now); err != nil || s.Sizes() != 0 {
		t.Errorf("without files: %v", err)
	}
}

// TestDoubts: what lets in more than is good, and what is probably not meant, is said with its line.
func TestDoubts(t *testing.T) {
	r := newRig(t, true, "globalWhiteRemoteAddresses:\n- \"*\"\naccounts:\n"+
		"- {accessKey: account123, secretKey: tooShort, whiteRemoteAddress: \"*\", defaultTopicPerm: ALL, groupPerms: [g=pub]}\n")
	all := strings.Join(r.Doubts(), "\n")
	for _, want := range []string{":2: globalWhiteRemoteAddresses has every address", ":4: account account123: whiteRemoteAddress is every",
		"its secret has 8 bytes only", `defaultTopicPerm: "ALL" is none of DENY, PUB, SUB, PUB|SUB: denied`, `group g: "pub" is none of`} {
		if !strings.Contains(all, want) {
			t.Errorf("%s is not among\n%s", want, all)
		}
	}
	if len(r.Doubts()) != 5 || strings.Contains(all, "tooShort") {
		t.Errorf("%d: %s", len(r.Doubts()), all)
	}
}

// TestWatch: Start looks by itself, and Stop ends that.
func TestWatch(t *testing.T) {
	r := newRig(t, true, one)
	r.Start()
	defer r.Stop()
	write(t, r.home, "plain_acl.yml", strings.ReplaceAll(one, "one-", "two-"))
	select {
	case err := <-r.told:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("nothing is told")
	}
	if got := r.ask("28", "account123", "two-secret-12", "127.0.0.1"); got != "let in" {
		t.Error(got)
	}
}
