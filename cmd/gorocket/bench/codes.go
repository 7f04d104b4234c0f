package bench

import "gorocket/remoting"

// codeName is Java's name of a response code that a broker or NameServer gives to the requests of a load; "" for others.
func codeName(code int32) string {
	switch code {
	case remoting.Success:
		return "SUCCESS"
	case remoting.SystemError:
		return "SYSTEM_ERROR"
	case remoting.SystemBusy:
		return "SYSTEM_BUSY"
	case remoting.RequestCodeNotSupported:
		return "REQUEST_CODE_NOT_SUPPORTED"
	case remoting.FlushDiskTimeout:
		return "FLUSH_DISK_TIMEOUT"
	case remoting.SlaveNotAvailable:
		return "SLAVE_NOT_AVAILABLE"
	case remoting.FlushSlaveTimeout:
		return "FLUSH_SLAVE_TIMEOUT"
	case remoting.MessageIllegal:
		return "MESSAGE_ILLEGAL"
	case remoting.ServiceNotAvailable:
		return "SERVICE_NOT_AVAILABLE"
	case remoting.NoPermission:
		return "NO_PERMISSION"
	case remoting.TopicNotExist:
		return "TOPIC_NOT_EXIST"
	case remoting.PullNotFound:
		return "PULL_NOT_FOUND"
	case remoting.PullRetryImmediately:
		return "PULL_RETRY_IMMEDIATELY"
	case remoting.PullOffsetMoved:
		return "PULL_OFFSET_MOVED"
	case remoting.SubscriptionGroupNotExist:
		return "SUBSCRIPTION_GROUP_NOT_EXIST"
	case remoting.InvalidParameter:
		return "INVALID_PARAMETER"
	case remoting.GoAway:
		return "GO_AWAY"
	}
	return ""
}
