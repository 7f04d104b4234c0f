package console

// texts is the table of everything that the console says, in the order of languages.
var texts = map[string]words{
	"skip": {"To the content", "跳到正文"}, "nav": {"Pages", "页面"}, "language": {"中文", "English"},
	"licences": {"licences", "许可证"}, "readonly": {"you can look, not change", "只读"},
	"logout": {"Log out %s", "退出 %s"}, "back": {"Back", "返回"}, "partly": {"Not all could be asked:", "部分查询失败："},
	"pager": {"page %d of %d, %d in all", "第 %d 页，共 %d 页，合计 %d 条"}, "prev": {"Previous", "上一页"},
	"next": {"Next", "下一页"}, "search": {"Search", "搜索"}, "search.go": {"Search", "搜索"}, "none": {"none", "无"},
	"yes": {"yes", "是"}, "create": {"Create", "创建"}, "change": {"Change", "修改"}, "delete": {"Delete", "删除"},
	"send": {"Send", "发送"}, "key": {"Key", "键"}, "value": {"Value", "值"},

	"ago.days": {"%d d ago", "%d 天前"}, "ago.hours": {"%d h ago", "%d 小时前"}, "ago.minutes": {"%d min ago", "%d 分钟前"},
	"ago.seconds": {"%d s ago", "%d 秒前"},

	"page.cluster": {"Cluster", "集群"}, "page.broker": {"Broker", "Broker"}, "page.topics": {"Topics", "主题"},
	"page.topic": {"Topic", "主题"}, "page.login": {"Log in", "登录"}, "page.broken": {"This did not work", "操作未成功"},

	"login.what": {"As a user of the brokers (ACL 2.0). SUPER users may change things.",
		"请使用 Broker 的用户（ACL 2.0）登录。只有 SUPER 用户可以修改。"},
	"login.name": {"Name", "用户名"}, "login.secret": {"Secret", "密码"}, "login.go": {"Log in", "登录"},

	"nameservers": {"NameServers", "NameServer"}, "cluster": {"Cluster", "集群"}, "broker": {"Broker", "Broker"},
	"brokers": {"Brokers", "Broker 数"}, "role": {"Role", "角色"}, "address": {"Address", "地址"},
	"version": {"Version", "版本"}, "master": {"master", "主"}, "slave": {"slave %d", "从 %d"}, "disk": {"Disk", "磁盘"},
	"oldest": {"Oldest", "最早消息"}, "today.in": {"In today", "今日写入"}, "today.out": {"Out today", "今日读取"},
	"cluster.sum":  {"%d brokers, %s messages/s in, %s messages/s out", "%d 个 Broker，写入 %s 条/秒，读取 %s 条/秒"},
	"cluster.none": {"No NameServer knows a broker.", "NameServer 上没有 Broker。"},
	"plot.in":      {"In/s", "写入/秒"}, "plot.out": {"Out/s", "读取/秒"},
	"plot.throughput": {"Throughput, messages/s", "吞吐量（条/秒）"}, "plot.latency": {"Latency of writes, ms", "写入延迟（毫秒）"},

	"topic": {"Topic", "主题"}, "topic.kind": {"Type", "类型"}, "topic.read": {"Read queues", "读队列"},
	"topic.write": {"Write queues", "写队列"}, "topic.perm": {"Permission", "权限"}, "topic.order": {"Ordered", "顺序"},
	"topic.create": {"Create a topic", "创建主题"}, "topic.change": {"Change", "修改主题"},
	"topic.delete": {"Delete", "删除主题"}, "topic.sure": {"Yes, delete %s with all its messages", "确认删除 %s 及其全部消息"},
	"topic.send": {"Send a test message", "发送测试消息"}, "topic.groups": {"Consumer groups", "消费组"},
	"topics.all": {"with the brokers' own", "包含系统主题"}, "perm.rw": {"read and write", "读写"}, "perm.r": {"read", "只读"},
	"perm.w": {"write", "只写"}, "routes": {"Routes", "路由"}, "retention": {"Kept for", "保留时间"}, "queues": {"Queues", "队列"},
	"queue": {"Queue", "队列"}, "offset.min": {"First offset", "最小位点"}, "offset.max": {"Next offset", "最大位点"},
	"last": {"Last message", "最后写入"}, "rate": {"%s messages/s", "%s 条/秒"},
	"keys": {"Keys", "Keys"}, "tags": {"Tag", "Tag"},
	"body": {"Body", "消息体"}, "delay": {"Delay, s", "延迟（秒）"},

	"done.topic/put":    {"The topic is as you wanted it.", "主题已保存。"},
	"done.topic/delete": {"The topic is deleted.", "主题已删除。"},
	"done.topic/send":   {"The message is sent.", "消息已发送。"},

	"error.page": {"There is no page %s.", "页面 %s 不存在。"}, "error.text": {"%s", "%s"},
	"error.token": {"This form does not come from a page of this console, or it is too old. Load the page again.",
		"该表单不是来自本控制台的页面，或已过期，请刷新页面后重试。"},
	"error.readonly": {"You may look, and change nothing.", "当前为只读，不能修改。"},
	"error.login":    {"No user has this name and this secret.", "用户名或密码不正确。"},
	"error.slow":     {"Too many logins have failed. Try again in %d s.", "登录失败次数过多，请在 %d 秒后重试。"},
	"error.brokers": {"No broker that asks for users answers: nobody can log in now.",
		"没有启用认证的 Broker 响应，暂时无法登录。"},
	"error.broker":  {"No NameServer knows the broker %s.", "NameServer 上没有 Broker %s。"},
	"error.cluster": {"There is no master in the cluster %s.", "集群 %s 中没有主 Broker。"},
	"error.number":  {"%s: %s is not a number between %d and %d.", "%s：%s 不是 %d 到 %d 之间的数字。"},
	"error.needs":   {"%s is missing.", "缺少 %s。"}, "error.sure": {"Tick the box if you are sure.", "请勾选确认框。"},
	"error.kind":   {"There are no messages of the type %s.", "没有类型为 %s 的消息。"},
	"error.system": {"%s belongs to the brokers.", "%s 是系统主题，不能删除。"}, "error.body": {"The body is empty.", "消息体为空。"},
}
