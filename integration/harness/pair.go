package harness

import (
	"errors"
	"maps"
	"os"
)

// Pair is a name server and a broker of a program that is no test, in a temporary folder of their own.
type Pair struct {
	Names, Broker *Server
	dir           string
}

// StartPair starts both; Close ends them.
func StartPair(kind Kind, conf Conf) (p *Pair, err error) {
	if why := kind.Missing(); why != "" {
		return nil, errors.New(why)
	}
	p = &Pair{}
	if p.dir, err = os.MkdirTemp("", "gorocket-pair-"); err != nil {
		return nil, err
	}
	if err = p.start(kind, conf); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

func (p *Pair) start(kind Kind, conf Conf) (err error) {
	if p.Names, err = NewNamesrv(kind, p.dir, "namesrv", nil); err != nil {
		return err
	}
	if err = p.Names.Start(); err != nil {
		return err
	}
	if p.Broker, err = NewBroker(kind, p.dir, "broker-a", p.Names.Addr(), conf); err != nil {
		return err
	}
	return p.Broker.Start()
}

// Close kills both and removes the folder.
func (p *Pair) Close() {
	for _, s := range []*Server{p.Broker, p.Names} {
		if s != nil {
			s.Kill()
		}
	}
	os.RemoveAll(p.dir)
}

// BigFiles adds Java's own file sizes to conf: those of the harness's brokers are small.
func BigFiles(conf Conf) Conf {
	all := Conf{"mappedFileSizeCommitLog": "1073741824", "mappedFileSizeConsumeQueue": "6000000",
		"maxHashSlotNum": "5000000", "maxIndexNum": "20000000"}
	maps.Copy(all, conf)
	return all
}
