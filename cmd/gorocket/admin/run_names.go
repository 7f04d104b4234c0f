package admin

import (
	"gorocket/remoting/admin"
)

func runUpdateKvConfig(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	if err := cl.PutKV(c.ctx, c.value("s"), c.value("k"), c.value("v")); err != nil {
		return err
	}
	return c.emit(kvOf(c), func(w *text) { w.f("create or update kv config to namespace success.\n") })
}

// kv is a value of a namespace.
type kv struct {
	Namespace string `json:"namespace"`
	Key       string `json:"key"`
	Value     string `json:"value,omitempty"`
	DryRun    bool   `json:"dryRun,omitempty"`
}

func kvOf(c *call) kv { return kv{c.value("s"), c.value("k"), c.value("v"), c.own.dryRun} }

func runDeleteKvConfig(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	if c.own.dryRun {
		old, err := cl.KV(c.ctx, c.value("s"), c.value("k"))
		if err != nil {
			return err
		}
		return c.emit(kvOf(c), func(w *text) {
			w.f("would delete %s of namespace %s (%s)\n", c.value("k"), c.value("s"), old)
		})
	}
	if err := cl.DeleteKV(c.ctx, c.value("s"), c.value("k")); err != nil {
		return err
	}
	return c.emit(kvOf(c), func(w *text) { w.f("delete kv config from namespace success.\n") })
}

// permCount is how many topics a change of write permission met at one NameServer.
type permCount struct {
	NameServer string `json:"nameServer"`
	Topics     int    `json:"topics"`
	Error      string `json:"error,omitempty"`
}

// changePerm changes the write permission of a broker's topics at all NameServers, all of them even if one fails.
func (c *call) changePerm(verb string, do func(cl *admin.Client, addr string) (int, error)) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	if len(cl.NameServers()) == 0 {
		return admin.ErrNoNameServer
	}
	var counts []permCount
	for _, addr := range cl.NameServers() {
		p := permCount{NameServer: addr}
		if p.Topics, err = do(cl, addr); err != nil {
			p.Error = err.Error()
			c.fail(err)
		}
		counts = append(counts, p)
	}
	return c.emit(counts, func(w *text) {
		for _, p := range counts {
			if p.Error != "" {
				w.f("%s write perm of broker[%s] in name server[%s] Failed\n", verb, c.value("b"), p.NameServer)
			} else {
				w.f("%s write perm of broker[%s] in name server[%s] OK, %d\n", verb, c.value("b"), p.NameServer, p.Topics)
			}
		}
	})
}

func runWipeWritePerm(c *call) error {
	return c.changePerm("wipe", func(cl *admin.Client, addr string) (int, error) {
		return cl.WipeWritePerm(c.ctx, addr, c.value("b"))
	})
}

func runAddWritePerm(c *call) error {
	return c.changePerm("add", func(cl *admin.Client, addr string) (int, error) {
		return cl.AddWritePerm(c.ctx, addr, c.value("b"))
	})
}

// serverConfig is the configuration of a NameServer or controller.
type serverConfig struct {
	Addr   string          `json:"addr"`
	Config []admin.Setting `json:"config"`
}

// showConfigs asks servers for their configurations.
func (c *call) showConfigs(addrs []string, get func(addr string) ([]admin.Setting, error)) error {
	var all []serverConfig
	for _, addr := range addrs {
		config, err := get(addr)
		if err != nil {
			return err
		}
		all = append(all, serverConfig{addr, config})
	}
	return c.emit(all, func(w *text) {
		for _, s := range all {
			w.f("============%s============\n", s.Addr)
			printConfig(w, s.Config)
		}
	})
}

func runGetNamesrvConfig(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	if len(cl.NameServers()) == 0 {
		return admin.ErrNoNameServer
	}
	return c.showConfigs(cl.NameServers(), func(addr string) ([]admin.Setting, error) {
		return cl.NameServerConfig(c.ctx, addr)
	})
}

func runUpdateNamesrvConfig(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	addrs := cl.NameServers()
	if len(addrs) == 0 {
		return admin.ErrNoNameServer
	}
	key, value := c.value("k"), c.value("v")
	for _, addr := range addrs {
		if err := cl.SetNameServerConfig(c.ctx, addr, key, value); err != nil {
			return err
		}
	}
	return c.emit(done{Brokers: addrs, Value: admin.Setting{Key: key, Value: value}}, func(w *text) {
		shown := ""
		if c.has("n") {
			shown = listText(addrs)
		}
		w.f("update name server config success!%s\n%s : %s\n", shown, key, value)
	})
}

func runGetControllerConfig(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	return c.showConfigs(admin.SplitAddrs(c.value("a")), func(addr string) ([]admin.Setting, error) {
		return cl.ControllerConfig(c.ctx, addr)
	})
}

func runUpdateControllerConfig(c *call) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	addrs, key, value := admin.SplitAddrs(c.value("a")), c.value("k"), c.value("v")
	for _, addr := range addrs {
		if err := cl.SetControllerConfig(c.ctx, addr, key, value); err != nil {
			return err
		}
	}
	return c.emit(done{Brokers: addrs, Value: admin.Setting{Key: key, Value: value}}, func(w *text) {
		w.f("update controller config success!%s\n%s : %s\n", listText(addrs), key, value)
	})
}
