package sim

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"gorocket/broker"
	brokerconfig "gorocket/broker/config"
	"gorocket/compat"
	"gorocket/compat/config"
	"gorocket/namesrv/controller"
	"gorocket/store"
	"gorocket/store/vfs"
)

// node is a machine with a controller or a broker on it.
type node struct {
	s     *sim
	name  string       // "c0", "b0"; immutable, as is host
	host  string       // IP
	clock atomic.Int64 // how far its wall clock is off, ns

	mu   sync.Mutex
	run  *run      // guarded by mu; nil while it is down
	gone bool      // guarded by mu: it does not start any more
	mem  *vfs.Mem  // guarded by mu; disk of a broker
	raft *raftDisk // guarded by mu; disk of a controller; nil: it is a broker
}

// run is one process on a node.
type run struct {
	n   *node
	nic *nic

	host   *broker.Host       // of a broker; immutable
	server *controller.Server // of a controller; immutable
	mem    *vfs.Mem           // immutable

	store atomic.Pointer[store.Store] // of a broker, as of a moment ago

	mu      sync.Mutex
	started bool // guarded by mu
	dead    bool // guarded by mu

	calls atomic.Int64 // to its disk, so far
	die   atomic.Int64 // before this call; 0: not
	cut   atomic.Bool  // with its power
	lag   atomic.Int64 // of its disk, ns
	off   atomic.Bool  // it is dead
	seed  uint64       // of what the power leaves; before die
	share float64      // the same
}

const (
	brokerPort     = 10911
	controllerPort = 9878
)

func (n *node) isController() bool { return n.name[0] == 'c' }

func (n *node) addr() string {
	if n.isController() {
		return fmt.Sprintf("%s:%d", n.host, controllerPort)
	}
	return fmt.Sprintf("%s:%d", n.host, brokerPort)
}

// now is the present process, nil: there is none.
func (n *node) now() *run {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.run
}

// boot starts a process with what is on the disk, in the background, unless there is one.
func (n *node) boot() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.run != nil || n.gone {
		return
	}
	r := &run{n: n, nic: n.s.net.attach(n.host), mem: n.mem}
	var err error
	if log := n.s.logger(n.name); n.isController() {
		err = r.makeController(log)
	} else {
		r.mem.Inject(r.call)
		err = r.makeBroker(log)
	}
	if err != nil {
		n.s.violation("%s: a configuration that is refused: %v", n.name, err)
		return
	}
	n.run = r
	n.s.event("%s starts", n.name)
	n.s.tasks.Go(r.begin)
}

// begin is the life of a process until it runs.
func (r *run) begin() {
	var err error
	if r.host != nil {
		err = r.host.Start(context.Background())
	} else {
		err = r.server.Start(context.Background())
	}
	r.mu.Lock()
	r.started = err == nil
	dead := r.dead
	r.mu.Unlock()
	switch {
	case dead && err == nil:
		r.stop()
	case err != nil && !dead:
		r.n.s.event("%s: start failed: %v", r.n.name, err)
		r.n.s.failures.Add(1)
		time.Sleep(500 * time.Millisecond)
		r.n.crash(r, false, 0, 0)
		r.n.boot()
	case err == nil && r.host != nil:
		r.n.s.tasks.Go(r.watch)
	}
}

// watch starts the process anew when it says that it cannot go on.
func (r *run) watch() {
	select {
	case err := <-r.host.Failed():
		if r.off.Load() {
			return
		}
		r.n.s.event("%s failed: %v", r.n.name, err)
		r.n.s.failures.Add(1)
		time.Sleep(500 * time.Millisecond)
		r.n.crash(r, false, 0, 0)
		r.n.boot()
	case <-r.nic.ended:
	}
}

// stop ends the process cleanly, or what is left of one that crashed.
func (r *run) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if r.host != nil {
		_ = r.host.Stop(ctx)
	} else {
		_ = r.server.Stop(ctx)
	}
}

// crash ends a process: by kill -9, or with the machine's power. What runs still, runs for nobody: it is cut off from
// network and disk, and stopped in the background.
func (n *node) crash(r *run, power bool, seed uint64, share float64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if r == nil || n.run != r {
		return
	}
	n.run = nil
	lost := power && (n.isController() || n.s.anyCut || r.safe())
	n.s.event("%s crashes, power %v, with what it had not synced: %v", n.name, power, lost)
	r.off.Store(true)
	r.nic.end(power)
	if n.isController() {
		n.raft = n.raft.clone()
	} else {
		if lost {
			n.mem = r.mem.CrashClone(seed, share)
		} else {
			n.mem = r.mem.Clone()
		}
		n.s.keep(n.mem)
	}
	r.mu.Lock()
	r.dead = true
	started := r.started
	r.mu.Unlock()
	if started {
		n.s.tasks.Go(r.stop)
	}
}

// limit makes the disk full with 1, and lets it have room again with 0.
func (n *node) limit(bytes int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.mem.Limit(bytes)
}

// safe tells that all that this broker has acknowledged, to producers or to its master, is on its disk. A slave
// acknowledges what is in its page cache, as Java's does: if its power is cut and it is elected before it has met its
// master again, what it had not synced is lost. docs/durability.md says so.
func (r *run) safe() bool {
	st := r.store.Load()
	return st != nil && st.FlushedOffset() >= st.MaxPhyOffset()
}

// quit stops the process cleanly, and keeps its disk.
func (n *node) quit() {
	r := n.now()
	if r == nil {
		return
	}
	for wait := 0; ; wait++ { // it may be starting yet
		r.mu.Lock()
		started, dead := r.started, r.dead
		r.dead = r.dead || started
		r.mu.Unlock()
		if dead || wait > 600 {
			return
		}
		if started {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	n.s.event("%s stops", n.name)
	r.stop()
	n.s.event("%s stopped", n.name)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.run == r {
		n.run = nil
		r.off.Store(true)
		r.nic.end(false)
	}
}

var errDead = errors.New("sim: this process is dead")

// call is asked before each call to the disk.
func (r *run) call(op, _ string) error {
	if r.off.Load() {
		return errDead
	}
	switch op {
	case "tryread", "resident", "populate", "stat", "read", "readdir", "map", "open":
		return nil
	}
	n := r.calls.Add(1)
	if d := r.die.Load(); d > 0 && n >= d {
		r.die.Store(0)
		r.n.crash(r, r.cut.Load(), r.seed, r.share)
		r.n.s.later(time.Second, r.n.boot)
		return errDead
	}
	if d := r.lag.Load(); d > 0 {
		time.Sleep(time.Duration(d))
		if r.off.Load() {
			return errDead
		}
	}
	return nil
}

func (r *run) makeController(log zerolog.Logger) error {
	n := r.n
	c := controller.DefaultConfig()
	text := fmt.Sprintf("controllerDLegerGroup=g\ncontrollerDLegerPeers=%s\ncontrollerDLegerSelfId=%s\n"+
		"controllerStorePath=/c\nbindAddress=%s\ncontrollerElectionTimeoutMillis=500\nscanNotActiveBrokerInterval=200\n"+
		"scanInactiveMasterInterval=500\ncontrollerThreadPoolNums=2\n", n.s.peers, "n"+n.name[1:], n.host)
	p, err := compat.ParseProperties([]byte(text))
	if err != nil {
		return err
	}
	if _, err := config.Bind(p, &c); err != nil {
		return err
	}
	c.ConfigStorePath = "/c/controller.properties"
	r.server, err = controller.NewWith(c, log, controller.Options{FS: vfs.NewMem(), Network: r.nic,
		Stores: n.raft.stores()})
	return err
}

// brokerKeys are the timeouts of a broker, low, and files small enough that a run has several.
const brokerKeys = `brokerClusterName=c
brokerName=b
brokerId=-1
brokerRole=SLAVE
enableControllerMode=true
allAckInSyncStateSet=true
storePathRootDir=/store
haListenPort=10912
listenPort=10911
metricsExporterType=DISABLE
autoCreateTopicEnable=false
brokerHeartbeatInterval=200
controllerHeartBeatTimeoutMills=2000
syncBrokerMetadataPeriod=1000
checkSyncStateSetPeriod=500
syncControllerMetadataPeriod=1000
haMaxTimeSlaveNotCatchup=2000
haSendHeartbeatInterval=500
haHousekeepingInterval=3000
slaveTimeout=1500
syncFlushTimeout=1500
mappedFileSizeCommitLog=65536
mappedFileSizeConsumeQueue=20000
maxMessageSize=16384
messageIndexEnable=false
timerWheelEnable=false
cleanFileForciblyEnable=false
tls.server.mode=disabled
`

func (r *run) makeBroker(log zerolog.Logger) error {
	n := r.n
	c := brokerconfig.Default()
	flush := "ASYNC_FLUSH"
	if n.s.sync {
		flush = "SYNC_FLUSH"
	}
	text := brokerKeys + fmt.Sprintf("bindAddress=%s\nbrokerIP1=%s\nbrokerIP2=%s\ncontrollerAddr=%s\nflushDiskType=%s\n",
		n.host, n.host, n.host, n.s.controllerAddrs(), flush)
	p, err := compat.ParseProperties([]byte(text))
	if err != nil {
		return err
	}
	unknown, err := c.Bind(p)
	if err != nil || len(unknown) > 0 {
		return fmt.Errorf("%v: %w", unknown, err)
	}
	r.host, err = broker.NewHost(c, log, broker.Options{FS: r.mem, Network: r.nic,
		Now: func() time.Time { return time.Now().Add(time.Duration(n.clock.Load())) }})
	return err
}

// topics is the table of a new broker.
const topics = `{"dataVersion":{"counter":1,"stateVersion":0,"timestamp":1},"topicConfigTable":{"T":{"attributes":{},` +
	`"order":false,"perm":6,"readQueueNums":2,"topicFilterType":"SINGLE_TAG","topicName":"T","topicSysFlag":0,` +
	`"writeQueueNums":2}}}`

// newDisk is that of a new broker.
func newDisk() (*vfs.Mem, error) {
	m := vfs.NewMem()
	if err := m.MkdirAll("/store/config"); err != nil {
		return m, err
	}
	err := vfs.WriteFileAtomic(m, "/store/config/topics.json", []byte(topics))
	return m, errors.Join(err, m.SyncDir("/store"), m.SyncDir("/"))
}
