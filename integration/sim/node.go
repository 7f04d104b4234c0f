package sim

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"gorocket/broker"
	brokerconfig "gorocket/broker/config"
	"gorocket/compat"
	"gorocket/compat/config"
	"gorocket/namesrv/controller"
	"gorocket/store/vfs"
)

// node is a machine with a controller or a broker on it. The goroutine of the run is the only one that starts and
// crashes nodes.
type node struct {
	s    *sim
	name string // "c0", "b0"
	host string // IP

	nic  *nic
	up   bool
	stop func() // ends the present run, for a clean end

	// of a broker
	mem    *vfs.Mem
	clock  atomic.Int64 // how far its wall clock is off, ns
	broker *broker.Host // nil while it is down
	conf   string       // of one more key for each line

	// of a controller
	raft   *raftDisk
	server *controller.Server
}

const (
	brokerPort     = 10911
	haPort         = 10912
	controllerPort = 9878
	dir            = "/store"
)

func (n *node) addr() string {
	if n.raft != nil {
		return fmt.Sprintf("%s:%d", n.host, controllerPort)
	}
	return fmt.Sprintf("%s:%d", n.host, brokerPort)
}

// start begins a run with what is on the disk.
func (n *node) start() error {
	n.nic = n.s.net.attach(n.host)
	log := n.s.logger(n.name)
	var err error
	if n.raft != nil {
		err = n.startController(log)
	} else {
		err = n.startBroker(log)
	}
	n.up = err == nil
	return err
}

func (n *node) startController(log zerolog.Logger) error {
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
	s, err := controller.NewWith(c, log, controller.Options{FS: vfs.NewMem(), Network: n.nic, Stores: n.raft.stores()})
	if err != nil {
		return err
	}
	n.server = s
	n.stop = func() { _ = s.Stop(context.Background()) }
	return s.Start(context.Background())
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
namesrvAddr=
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
maxHashSlotNum=100
maxIndexNum=400
timerWheelEnable=false
tls.server.mode=disabled
`

func (n *node) startBroker(log zerolog.Logger) error {
	c := brokerconfig.Default()
	text := brokerKeys + fmt.Sprintf("bindAddress=%s\nbrokerIP1=%s\nbrokerIP2=%s\ncontrollerAddr=%s\n", n.host, n.host, n.host,
		n.s.controllerAddrs()) + n.conf
	p, err := compat.ParseProperties([]byte(text))
	if err != nil {
		return err
	}
	unknown, err := c.Bind(p)
	if err != nil || len(unknown) > 0 {
		return fmt.Errorf("%v: %w", unknown, err)
	}
	h, err := broker.NewHost(c, log, broker.Options{FS: n.mem, Network: n.nic,
		Now: func() time.Time { return time.Now().Add(time.Duration(n.clock.Load())) }})
	if err != nil {
		return err
	}
	n.broker = h
	n.stop = func() { _ = h.Stop(context.Background()) }
	return h.Start(context.Background())
}

// crash ends the present run: by kill -9, or with the machine's power. What runs still, runs for nobody: it is cut off
// from network and disk, and stopped in the background.
func (n *node) crash(power bool) {
	if !n.up {
		return
	}
	n.up = false
	n.nic.end(power)
	stop := n.stop
	if n.raft != nil {
		n.raft = n.raft.clone()
	} else {
		old := n.mem
		if power {
			n.mem = old.CrashClone(n.s.rnd.Uint64(), n.s.rnd.Float64())
		} else {
			n.mem = old.Clone()
		}
		n.s.mems = append(n.s.mems, n.mem)
		old.Inject(func(string, string) error { return errDead })
		n.broker = nil
	}
	n.s.zombies.Go(stop)
}

var errDead = fmt.Errorf("sim: this process is dead")

func (s *sim) controllerAddrs() string {
	var addrs []string
	for _, c := range s.controllers {
		addrs = append(addrs, c.addr())
	}
	return strings.Join(addrs, ";")
}
