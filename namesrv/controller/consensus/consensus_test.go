package consensus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/raft"
	"github.com/rs/zerolog"

	"gorocket/compat/testutil"
)

// TestMain looks for goroutines that outlive the tests.
func TestMain(m *testing.M) { testutil.Main(m) }

// list is a machine that keeps the commands.
type list struct {
	mu  sync.Mutex
	all []string
}

func (l *list) Apply(c []byte) any {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, string(c))
	return len(l.all)
}

func (l *list) Snapshot() ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return json.Marshal(l.all)
}

func (l *list) Restore(b []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return json.Unmarshal(b, &l.all)
}

func (l *list) Check(b []byte) error { return new(list).Restore(b) }

func (l *list) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.all, " ")
}

// net joins members in one process; those in cut do not hear each other.
type network struct {
	mu  sync.Mutex
	at  map[string]*Transport // guarded by mu
	cut map[string]bool       // guarded by mu
}

func (n *network) call(from string) Caller {
	return func(ctx context.Context, addr string, h *Header, body []byte) ([]byte, error) {
		n.mu.Lock()
		t, cut := n.at[addr], n.cut[addr] || n.cut[from]
		n.mu.Unlock()
		if t == nil || cut {
			return nil, errors.New("unreachable")
		}
		return t.Serve(ctx, h, body)
	}
}

type testMember struct {
	*Node
	list *list
}

type cluster struct {
	t     *testing.T
	net   *network
	dirs  []string
	peers []Peer
	up    []*testMember
	edit  func(i int, cfg *Config)
}

func newCluster(t *testing.T, n int) *cluster { return newClusterOn(t, n, func(int, *Config) {}) }

func newClusterOn(t *testing.T, n int, edit func(i int, cfg *Config)) *cluster {
	c := &cluster{t: t, edit: edit, net: &network{at: map[string]*Transport{}, cut: map[string]bool{}}, up: make([]*testMember, n)}
	for i := range n {
		c.peers = append(c.peers, Peer{fmt.Sprint("n", i), fmt.Sprint("h:", i)})
		c.dirs = append(c.dirs, t.TempDir())
	}
	for i := range n {
		c.start(i)
	}
	t.Cleanup(func() {
		for i := range c.up {
			c.stop(i)
		}
	})
	return c
}

func (c *cluster) start(i int) {
	c.t.Helper()
	p := c.peers[i]
	tr := NewTransport(p, "g", c.net.call(p.Addr))
	l := &list{}
	cfg := Config{Group: "g", Self: p.ID, Peers: c.peers, Dir: c.dirs[i], Transport: tr, Machine: l,
		Log: zerolog.Nop(), Timeout: 100 * time.Millisecond}
	c.edit(i, &cfg)
	n, err := Open(cfg, func(bool) {})
	if err != nil {
		c.t.Fatal(err)
	}
	c.net.mu.Lock()
	c.net.at[p.Addr] = tr
	c.net.mu.Unlock()
	c.up[i] = &testMember{n, l}
}

func (c *cluster) stop(i int) {
	if c.up[i] == nil {
		return
	}
	if err := c.up[i].Close(); err != nil {
		c.t.Error(err)
	}
	c.net.mu.Lock()
	delete(c.net.at, c.peers[i].Addr)
	c.net.mu.Unlock()
	c.up[i] = nil
}

// leader waits for one that is not but.
func (c *cluster) leader(but int) (at int) {
	c.t.Helper()
	testutil.WaitFor(c.t, "somebody leads", func() bool {
		for i, m := range c.up {
			if i != but && m != nil && m.Leading() {
				at = i
				return true
			}
		}
		return false
	})
	return at
}

func (c *cluster) propose(i int, text string) (any, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return c.up[i].Propose(ctx, []byte(text))
}

// must has the leader agree on a command.
func (c *cluster) must(text string) (result any) {
	c.t.Helper()
	testutil.WaitFor(c.t, "the leader takes "+text, func() bool {
		var err error
		result, err = c.propose(c.leader(-1), text)
		return err == nil
	})
	return result
}

func (c *cluster) all(want string) {
	c.t.Helper()
	for i, m := range c.up {
		if m != nil {
			testutil.WaitFor(c.t, fmt.Sprintf("member %d has %q", i, want), func() bool { return m.list.text() == want })
		}
	}
}

func TestMembersAgree(t *testing.T) {
	c := newCluster(t, 3)
	if r := c.must("a"); r != 1 {
		t.Errorf("result %v", r)
	}
	lead := c.leader(-1)
	for i := range c.up {
		testutil.WaitFor(t, "all know the leader", func() bool { return c.up[i].Leader() == c.peers[lead] })
		if got := c.up[i].Members(); fmt.Sprint(got) != fmt.Sprint(c.peers) {
			t.Errorf("members %v", got)
		}
		if i != lead {
			if _, err := c.propose(i, "x"); !errors.Is(err, ErrNotLeader) {
				t.Errorf("a follower: %v", err)
			}
		}
	}
	c.stop(lead) // hands over
	c.must("b")
	c.start(lead)
	c.all("a b")
	for i := range c.up { // nothing is forgotten when all end
		c.stop(i)
	}
	for i := range c.up {
		c.start(i)
	}
	c.must("c")
	c.all("a b c")
}

// TestCutOffLeader: who cannot reach the others neither decides nor stays leader, and what it was asked is not done
// behind the new leader's back.
func TestCutOffLeader(t *testing.T) {
	c := newCluster(t, 3)
	c.must("a")
	lead := c.leader(-1)
	c.net.mu.Lock()
	c.net.cut[c.peers[lead].Addr] = true
	c.net.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := c.up[lead].Propose(ctx, []byte("lost")); err == nil {
		t.Error("decided alone")
	}
	testutil.WaitFor(t, "it notices", func() bool { return !c.up[lead].Leading() })
	other := c.leader(lead)
	if _, err := c.propose(other, "b"); err != nil {
		t.Fatal(err)
	}
	c.net.mu.Lock()
	clear(c.net.cut)
	c.net.mu.Unlock()
	c.all("a b")
}

// TestClosedWhileAsked: a member that ends under proposals answers all of them, and refuses those that come then.
func TestClosedWhileAsked(t *testing.T) {
	for range 5 {
		c := newCluster(t, 1)
		c.must("a")
		n := c.up[0].Node
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for err := error(nil); err == nil; {
					if _, err = n.Propose(t.Context(), []byte("b")); err != nil && !errors.Is(err, ErrNotLeader) {
						t.Error(err)
					}
				}
			})
		}
		c.stop(0)
		wg.Wait()
		if left := n.asked.Load(); left != 0 {
			t.Errorf("%d were not answered", left)
		}
	}
}

// TestSnapshots lets a member be away for so long that its log is no longer continued.
func TestSnapshots(t *testing.T) {
	c := newCluster(t, 3)
	c.must("a")
	away := (c.leader(-1) + 1) % 3
	c.stop(away)
	c.must("b")
	lead := c.leader(-1)
	if err := c.up[lead].raft.ReloadConfig(raft.ReloadableConfig{TrailingLogs: 0, SnapshotInterval: time.Hour,
		SnapshotThreshold: 1, HeartbeatTimeout: 100 * time.Millisecond, ElectionTimeout: 100 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	if err := c.up[lead].raft.Snapshot().Error(); err != nil {
		t.Fatal(err)
	}
	c.must("c")
	c.start(away)
	c.all("a b c")
}

func TestForeignRequests(t *testing.T) {
	c := newCluster(t, 1)
	c.must("a")
	tr := c.net.at["h:0"]
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	vote, _ := encode(&raft.RequestVoteRequest{})
	for _, r := range []struct {
		h    Header
		body []byte
		want string
	}{
		{Header{"other", kindVote}, vote, `a member of another group: "other", this is "g"`},
		{Header{"g", "what"}, vote, `unknown kind of request "what"`},
		{Header{"g", kindAppend}, []byte{0xff, 0xff}, ""},
		{Header{"g", kindSnapshot}, []byte{0, 0, 1, 0, 1}, "malformed"},
		{Header{"g", kindSnapshot}, nil, "malformed"},
	} {
		if _, err := tr.Serve(ctx, &r.h, r.body); err == nil || !strings.Contains(err.Error(), r.want) {
			t.Errorf("%+v: %v", r.h, err)
		}
	}
	c.must("b")
}

func TestFolderOfAnotherMember(t *testing.T) {
	dir := t.TempDir()
	if err := claim(dir, "g", "n0"); err != nil {
		t.Fatal(err)
	}
	if err := claim(dir, "g", "n0"); err != nil {
		t.Error(err)
	}
	st, err := openStores(dir, newLogger(zerolog.Nop()), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openStores(dir, newLogger(zerolog.Nop()), nil); err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("opened twice: %v", err)
	}
	if err := st.close(); err != nil {
		t.Error(err)
	}
	for _, other := range [][2]string{{"g", "n1"}, {"h", "n0"}} {
		err := claim(dir, other[0], other[1])
		if err == nil || !strings.Contains(err.Error(), dir+` belongs to member "n0" of group "g"`) {
			t.Errorf("%v: %v", other, err)
		}
	}
}

func TestParsePeers(t *testing.T) {
	got, err := ParsePeers("n0-127.0.0.1:9877; n1-[::1]:9878;")
	if err != nil || fmt.Sprint(got) != "[{n0 127.0.0.1:9877} {n1 [::1]:9878}]" {
		t.Errorf("%v %v", got, err)
	}
	for in, want := range map[string]string{
		"": "0 members", "n0": `"n0" is no member`, "n0-h": "is no member", "n0-h:0": "is no member", "-h:1": "is no member",
		"n0-:1": "is no member", "n0-h:1;n0-h:2": `two members have the id "n0"`, "n0-h:1;n1-h:1": `two members have the address`,
		"n0-h:70000": "is no member", "1-h:1;2-h:2;3-h:3;4-h:4;5-h:5;6-h:6;7-h:7;8-h:8;9-h:9;a-h:10": "10 members",
	} {
		if _, err := ParsePeers(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", in, err, want)
		}
	}
}

// FuzzRequest feeds what another member may send.
func FuzzRequest(f *testing.F) {
	for kind, v := range map[string]any{kindAppend: &raft.AppendEntriesRequest{Term: 5, Entries: []*raft.Log{{Index: 1, Data: []byte("x")}}},
		kindVote: &raft.RequestVoteRequest{Term: 1}, kindPreVote: &raft.RequestPreVoteRequest{}, kindTimeoutNow: &raft.TimeoutNowRequest{}} {
		b, _ := encode(v)
		f.Add(kind, b)
	}
	b, _ := encode(&raft.InstallSnapshotRequest{Size: 1})
	f.Add(kindSnapshot, append(append(appendLength(nil, len(b)), b...), 'x'))
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		rpc, snapshot, err := decodeRequest(kind, body)
		const now = 5
		k := known{func() uint64 { return now }, func() uint64 { return 5 }, (*list)(nil).Check, func() error { return nil }}
		if err != nil || k.check(&rpc, snapshot) != nil {
			return
		}
		if a, ok := rpc.Command.(*raft.AppendEntriesRequest); ok && a.Term >= now { // raft reads no older one
			for _, e := range a.Entries {
				if e == nil {
					t.Fatal("an entry is nil")
				}
			}
		}
	})
}
