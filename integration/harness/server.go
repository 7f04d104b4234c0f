package harness

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gorocket/integration/wire"
)

// Conf is the content of a properties file.
type Conf map[string]string

// Server is one name server or broker that this process started. Not for concurrent use.
type Server struct {
	Kind Kind
	Name string
	Port int
	Dir  string // own folder: configuration, log, store
	Conf Conf
	// Advertised is what a broker tells its name servers, when that is not Addr.
	Advertised string
	// Seen is where this process finds a broker's name servers, when that is not where the broker does.
	Seen string
	// Host is where clients reach it; empty: 127.0.0.1. Prefix stands in front of its command line. Both are for a server in
	// a network namespace.
	Host   string
	Prefix []string
	// Descriptors limits the process's open files (RLIMIT_NOFILE, soft and hard) when it is not 0.
	Descriptors int

	names string // name servers of a broker, "a:1;b:2"; empty for a name server
	proc  *Process
	limit time.Duration
}

// Addr is the address clients use.
func (s *Server) Addr() string { return fmt.Sprintf("%s:%d", cmp.Or(s.Host, "127.0.0.1"), s.Port) }

// Process is the running child.
func (s *Server) Process() *Process { return s.proc }

// Names are the addresses of a broker's name servers, joined with ";".
func (s *Server) Names() string { return s.names }

// StartLimit is the time a server of this kind may take to start, or to refuse to.
func (s *Server) StartLimit() time.Duration { return s.limit }

// Store is the broker's store root.
func (s *Server) Store() string { return s.Conf["storePathRootDir"] }

// NewNamesrv prepares a name server below base; nothing runs yet.
func NewNamesrv(kind Kind, base, name string, conf Conf) (*Server, error) {
	// its own, and not that of the home directory, in which every NameServer of this user leaves its namespaces
	return newServer(kind, base, name, "", conf, Conf{"kvConfigPath": filepath.Join(base, name, "kvConfig.json")})
}

// NewBroker prepares a broker with a small, fast store that registers at the given name servers.
func NewBroker(kind Kind, base, name, names string, conf Conf) (*Server, error) {
	dir := filepath.Join(base, name)
	return newServer(kind, base, name, names, conf, Conf{
		"brokerName": name, "brokerIP1": "127.0.0.1", "brokerClusterName": "DefaultCluster",
		"storePathRootDir": dir + "/store", "storePathCommitLog": dir + "/store/commitlog",
		"mappedFileSizeCommitLog": "67108864", "mappedFileSizeConsumeQueue": "60000",
		"maxHashSlotNum": "50000", "maxIndexNum": "200000",
		// level 3 is the first retry: seconds instead of minutes
		"messageDelayLevel": "1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s",
		// producers are asked about their transactions within seconds
		"transactionTimeOut": "1000", "transactionCheckInterval": "1000",
		// a busy machine must not make a broker refuse sends
		"waitTimeMillsInSendQueue": "10000", "osPageCacheBusyTimeOutMills": "10000",
		"timerWheelEnable": "false",
		// nor a full disk of the machine delete what a test has sent
		"diskMaxUsedSpaceRatio": "95", "diskSpaceCleanForciblyRatio": "99", "diskSpaceWarningLevelRatio": "99",
		"enableControllerMode": "false",
	})
}

func newServer(kind Kind, base, name, names string, conf, defaults Conf) (*Server, error) {
	port, err := FreePort()
	if err != nil {
		return nil, err
	}
	maps.Copy(defaults, conf)
	defaults["listenPort"] = fmt.Sprint(port)
	limit := 10 * time.Second
	if kind == Java {
		limit = 60 * time.Second
	}
	return &Server{Kind: kind, Name: name, Port: port, Dir: filepath.Join(base, name), Conf: defaults, names: names,
		limit: limit}, nil
}

// Start runs the process and returns when it serves: a name server when it answers, a broker when every one of its
// name servers lists it. Start after an end starts again on the same port and folder.
func (s *Server) Start() error {
	if err := s.Launch(); err != nil {
		return err
	}
	deadline := time.Now().Add(s.limit)
	for {
		err := s.ready()
		if err == nil {
			return nil
		}
		if s.proc.Ended() || time.Now().After(deadline) {
			s.proc.Kill()
			return fmt.Errorf("harness: %s %s does not serve: %w\n%s", s.Kind, s.Name, err, s.proc.Tail(40))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Launch runs the process and does not wait.
func (s *Server) Launch() error {
	if err := os.MkdirAll(s.Dir, 0o755); err != nil {
		return err
	}
	file := filepath.Join(s.Dir, "server.properties")
	if err := os.WriteFile(file, s.Conf.Text(), 0o644); err != nil {
		return err
	}
	argv, env, err := s.command(file)
	if err != nil {
		return err
	}
	if s.Descriptors > 0 {
		argv = append([]string{"prlimit", fmt.Sprintf("--nofile=%d:%[1]d", s.Descriptors), "--"}, argv...)
	}
	s.proc, err = StartProcess(s.Name, s.Dir, env, append(slices.Clone(s.Prefix), argv...)...)
	return err
}

func (s *Server) command(file string) (argv, env []string, err error) {
	args := []string{"-c", file}
	if s.names != "" {
		args = append(args, "-n", s.names)
	}
	switch {
	case s.Kind == Java && s.names != "":
		return javaCommand(s.Dir, "512m", "org.apache.rocketmq.broker.BrokerStartup", args...)
	case s.Kind == Java:
		return javaCommand(s.Dir, "256m", "org.apache.rocketmq.namesrv.NamesrvStartup", args...)
	case s.names != "":
		return append([]string{Binary("mqbroker")}, args...), []string{"ROCKETMQ_HOME=" + s.Dir}, nil
	default:
		return append([]string{Binary("mqnamesrv")}, args...), nil, nil
	}
}

func (s *Server) ready() error {
	if s.names == "" {
		_, err := clusterInfo(s.Addr())
		return err
	}
	c, err := wire.Dial(s.Addr())
	if err != nil {
		return err
	}
	c.Close()
	return s.Registered()
}

// Registered returns an error when one of the broker's name servers does not list it.
func (s *Server) Registered() error {
	for _, ns := range strings.Split(cmp.Or(s.Seen, s.names), ";") {
		body, err := clusterInfo(ns)
		if err != nil {
			return err
		}
		if told := cmp.Or(s.Advertised, s.Addr()); !bytes.Contains(body, []byte(told)) {
			return fmt.Errorf("%s is not registered at %s", told, ns)
		}
	}
	return nil
}

// clusterInfo asks a name server for GET_BROKER_CLUSTER_INFO.
func clusterInfo(addr string) ([]byte, error) {
	r, err := wire.Call(addr, wire.Request{Code: 106}, 2*time.Second)
	if err == nil && r.Code != 0 {
		err = fmt.Errorf("code 106 answered %d %s", r.Code, r.Remark)
	}
	return r.Body, err
}

// Stop sends SIGTERM and waits at most 30 s (Java's broker takes 17 s); returns the exit status.
func (s *Server) Stop() (int, error) {
	if s.proc == nil {
		return 0, nil
	}
	return s.proc.Terminate(30 * time.Second)
}

// Kill ends the process without warning.
func (s *Server) Kill() {
	if s.proc != nil {
		s.proc.Kill()
	}
}

// Text is the properties file, keys sorted.
func (c Conf) Text() []byte {
	var b bytes.Buffer
	for _, k := range slices.Sorted(maps.Keys(c)) {
		fmt.Fprintf(&b, "%s=%s\n", k, c[k])
	}
	return b.Bytes()
}
