package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
	"time"

	rocketmq "github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
	"github.com/apache/rocketmq-client-go/v2/rlog"
)

// memberEnv makes this program a member of the group: its value is the address of the name server.
const memberEnv = "GOROCKET_SOAK_MEMBER"

// beMember consumes until SIGTERM. Each message is told on standard output before it counts as consumed: number, queue,
// offset, ms since 1970.
func beMember() {
	if err := consume(os.Getenv(memberEnv)); err != nil {
		fmt.Fprintln(os.Stderr, "member:", err)
		os.Exit(1)
	}
}

func consume(namesrv string) error {
	rlog.SetLogLevel("fatal")
	c, err := rocketmq.NewPushConsumer(consumer.WithNsResolver(primitive.NewPassthroughResolver([]string{namesrv})),
		consumer.WithGroupName(consumers),
		consumer.WithInstance(fmt.Sprintf("member-%d", os.Getpid())),
		consumer.WithConsumeFromWhere(consumer.ConsumeFromFirstOffset),
		consumer.WithConsumerModel(consumer.Clustering))
	if err != nil {
		return err
	}
	var mu sync.Mutex // one line at a time
	err = c.Subscribe(topic, consumer.MessageSelector{Type: consumer.TAG, Expression: "*"},
		func(_ context.Context, msgs ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
			mu.Lock()
			defer mu.Unlock()
			for _, m := range msgs {
				if _, err := fmt.Printf("%d %d %d %d\n", binary.BigEndian.Uint64(m.Body), m.Queue.QueueId, m.QueueOffset,
					time.Now().UnixMilli()); err != nil {
					return consumer.ConsumeRetryLater, err
				}
			}
			return consumer.ConsumeSuccess, nil
		})
	if err != nil {
		return err
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	if err := c.Start(); err != nil {
		return err
	}
	<-stop
	return c.Shutdown()
}

// member is one running process. One goroutine owns it; reports go to the ledger.
type member struct {
	id   int
	cmd  *exec.Cmd
	read chan struct{} // closed when all its reports are in the ledger
}

func startMember(id int, namesrv string, l *ledger) (*member, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	m := &member{id: id, cmd: exec.Command(self), read: make(chan struct{})}
	m.cmd.Env = append(os.Environ(), memberEnv+"="+namesrv)
	m.cmd.Stderr = os.Stderr
	m.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := m.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := m.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(m.read)
		m.reports(out, l)
	}()
	return m, nil
}

func (m *member) reports(from io.Reader, l *ledger) {
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		var d delivery
		var number int64
		if _, err := fmt.Sscan(lines.Text(), &number, &d.queue, &d.offset, &d.at); err == nil {
			d.member = int32(m.id)
			l.delivered(number, d)
		}
	}
}

// leave ends the process and returns when its reports are read.
func (m *member) leave(politely bool) {
	if politely {
		_ = m.cmd.Process.Signal(syscall.SIGTERM)
		late := time.AfterFunc(15*time.Second, func() { _ = m.cmd.Process.Kill() })
		defer late.Stop()
	} else {
		_ = m.cmd.Process.Kill()
	}
	<-m.read
	_ = m.cmd.Wait() // the status of an ended member is of no interest
}
