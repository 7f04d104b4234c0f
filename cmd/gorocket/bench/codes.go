package bench

import "gorocket/remoting/wire"

// codeName is Java's name of a response code that a broker or NameServer gives to the requests of a load; "" for
// others.
func codeName(code int32) string {
	switch code {
	case wire.Success:
		return "SUCCESS"
	case wire.SystemError:
		return "SYSTEM_ERROR"
	case wire.SystemBusy:
		return "SYSTEM_BUSY"
	case wire.RequestCodeNotSupported:
		return "REQUEST_CODE_NOT_SUPPORTED"
	case wire.FlushDiskTimeout:
		return "FLUSH_DISK_TIMEOUT"
	case wire.SlaveNotAvailable:
		return "SLAVE_NOT_AVAILABLE"
	case wire.FlushSlaveTimeout:
		return "FLUSH_SLAVE_TIMEOUT"
	case wire.MessageIllegal:
		return "MESSAGE_ILLEGAL"
	case wire.ServiceNotAvailable:
		return "SERVICE_NOT_AVAILABLE"
	case wire.NoPermission:
		return "NO_PERMISSION"
	case wire.TopicNotExist:
		return "TOPIC_NOT_EXIST"
	case wire.PullNotFound:
		return "PULL_NOT_FOUND"
	case wire.PullRetryImmediately:
		return "PULL_RETRY_IMMEDIATELY"
	case wire.PullOffsetMoved:
		return "PULL_OFFSET_MOVED"
	case wire.SubscriptionGroupNotExist:
		return "SUBSCRIPTION_GROUP_NOT_EXIST"
	case wire.InvalidParameter:
		return "INVALID_PARAMETER"
	case wire.GoAway:
		return "GO_AWAY"
	}
	return ""
}
