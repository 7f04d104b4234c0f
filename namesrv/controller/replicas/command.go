package replicas

// Command is one change that a controller proposes: exactly one of its fields is set.
type Command struct {
	Alter    *Alter    `json:"alter,omitempty"`
	Elect    *Elect    `json:"elect,omitempty"`
	Register *Register `json:"register,omitempty"`
	Apply    *Apply    `json:"apply,omitempty"`
	Clean    *Clean    `json:"clean,omitempty"`
}

// Alter is a master's change of its sync state set (1001).
type Alter struct {
	Broker      string  `json:"broker"`
	Master      int64   `json:"master"`
	MasterEpoch int32   `json:"masterEpoch"`
	SyncEpoch   int32   `json:"syncEpoch"` // of the set that the master knows
	InSync      []int64 `json:"inSync"`
	Alive       []Live  `json:"alive"`
}

// Elect asks for a master (1002, and the controller's own when a master is gone).
type Elect struct {
	Broker    string `json:"broker"`
	ID        int64  `json:"id"` // who asks; NoID: the controller itself
	Designate bool   `json:"designate,omitempty"`
	Unclean   bool   `json:"unclean,omitempty"` // replicas out of sync may win (enableElectUncleanMaster)
	Settled   bool   `json:"settled,omitempty"` // all replicas of an adopted set have had the time to report
	Alive     []Live `json:"alive"`
}

// NoID stands for no broker id in an Elect.
const NoID = -1

// Register announces a broker's address (1003).
type Register struct {
	Cluster string `json:"cluster"`
	Broker  string `json:"broker"`
	ID      int64  `json:"id"`
	Address string `json:"address"`
	Alive   []Live `json:"alive"`
}

// Apply claims an id (1013).
type Apply struct {
	Cluster   string `json:"cluster"`
	Broker    string `json:"broker"`
	ID        int64  `json:"id"`
	CheckCode string `json:"checkCode"` // "host:port;ms since 1970"
}

// Clean forgets replicas (1011).
type Clean struct {
	Broker string  `json:"broker"`
	IDs    []int64 `json:"ids,omitempty"`    // none: the whole set
	Living bool    `json:"living,omitempty"` // living ones too
	Alive  []Live  `json:"alive"`
}

// Result is what a command, or a look at a set, came to. Code and Remark are Java's.
type Result struct {
	Code   int32
	Remark string
	Set    Set  // afterwards; the zero value when there is none
	Living bool // Register: the set has a master, which is alive
}

// broker is the name of the set that the command is about.
func (c *Command) broker() string {
	switch {
	case c.Alter != nil:
		return c.Alter.Broker
	case c.Elect != nil:
		return c.Elect.Broker
	case c.Register != nil:
		return c.Register.Broker
	case c.Apply != nil:
		return c.Apply.Broker
	case c.Clean != nil:
		return c.Clean.Broker
	}
	return ""
}
