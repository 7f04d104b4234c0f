package wire

// Requests between gorocket's own programs; Java's answer them as any code that they do not know (3).

// ReqHandOver asks a master to let another broker take its place: it takes no messages any more, waits until that one
// has its whole log, and answers. If nobody is made master then, it goes on after a moment.
const ReqHandOver int32 = 621003

// ReqGetUsers asks for all users with their secrets and all policies, as a slave does of its master. Only a user who
// may do everything gets them, and nobody where requests carry no signatures. Its body is the version that the sender
// has.
const ReqGetUsers int32 = 621004

// HandOverHeader heads it.
type HandOverHeader struct {
	BrokerName  string `header:"brokerName,must"`
	BrokerID    int64  `header:"brokerId,must"`    // who is to be master
	MasterEpoch int32  `header:"masterEpoch,must"` // of the master that is asked
}

// HandOverRequest is its header type.
var HandOverRequest = Define[HandOverHeader]("gorocket hand over")
