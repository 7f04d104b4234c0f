package exporter

import (
	"time"

	"gorocket/broker/replication"
	"gorocket/remoting/metrics"
)

func replicationMetrics() []metrics.Metric {
	gauge := metrics.NewGauge
	return []metrics.Metric{
		gauge("gorocket_replication_slaves", "connections", nil, "Slaves that follow this master"),
		gauge("gorocket_replication_slave_behind_bytes", "bytes in the log", []string{"slave"},
			"What a slave of this master has not acknowledged yet"),
		gauge("gorocket_replication_slave_in_sync", "", []string{"slave"},
			"1 when a slave of this master lacks less than haMaxGapNotInSync, else 0"),
		gauge("gorocket_replication_slave_bytes_per_second", "bytes per second", []string{"slave"},
			"What a slave of this master is sent"),
		gauge("gorocket_replication_following", "", nil, "1 while this slave follows its master's log, else 0; slaves only"),
		gauge("gorocket_replication_acting", "", nil,
			"1 while this slave stands in for its master, else 0; slaves only"),
		gauge("gorocket_replication_behind_bytes", "bytes in the log", nil,
			"What this slave lacks, as its master said within the last seconds; slaves only"),
		gauge("gorocket_replication_bytes_per_second", "bytes per second", nil,
			"What this slave gets from its master; slaves only"),
		gauge("gorocket_replication_tables_age_seconds", "seconds", nil,
			"Since topics, groups and offsets of this slave were its master's; slaves only, once they were"),
		gauge("gorocket_replicas_epoch", "", nil,
			"Number of the master that wrote the end of the log, -1 for none; with enableControllerMode only, as what follows"),
		gauge("gorocket_replicas_in_sync", "brokers", nil,
			"Brokers that have to have a message, this master one of them; masters only"),
		gauge("gorocket_replicas_fenced", "", nil,
			"1 while this master takes no messages because no controller that leads answers it, else 0; masters only"),
		metrics.NewCounter("gorocket_replicas_role_changes_total", "changes", nil,
			"How often this broker became master, or slave of another one"),
		metrics.NewCounter("gorocket_replicas_truncations_total", "truncations", nil,
			"How often the end of this broker's log was truncated: it was that of a master that was cut off"),
		metrics.NewCounter("gorocket_replicas_truncated_bytes_total", "bytes in the log", nil,
			"What was truncated; it is kept in a folder beside the log"),
		metrics.NewCounter("gorocket_replicas_truncated_confirmed_bytes_total", "bytes in the log", nil,
			"What was truncated of what had been confirmed: acknowledged messages are lost, by an unclean election"),
	}
}

// roles exports how the broker is part of a group whose master controllers decide.
func (c *collector) roles() {
	r, ok := c.d.Roles()
	if !ok {
		return
	}
	send := c.Send
	send("gorocket_replicas_epoch", float64(r.Epoch))
	if r.InSync > 0 {
		send("gorocket_replicas_in_sync", float64(r.InSync))
		send("gorocket_replicas_fenced", metrics.Flag(r.Fenced))
	}
	send("gorocket_replicas_role_changes_total", float64(r.Changes.Load()))
	send("gorocket_replicas_truncations_total", float64(r.Truncations.Load()))
	send("gorocket_replicas_truncated_bytes_total", float64(r.Truncated.Load()))
	send("gorocket_replicas_truncated_confirmed_bytes_total", float64(r.Confirmed.Load()))
}

// replication exports how slaves follow, or how this one does.
func (c *collector) replication() {
	send := c.Send
	info := c.d.Replication.RuntimeInfo()
	if info.Master {
		send("gorocket_replication_slaves", float64(len(info.HAConnectionInfo)))
		for _, s := range info.HAConnectionInfo {
			send("gorocket_replication_slave_behind_bytes", float64(s.Diff), s.Addr)
			send("gorocket_replication_slave_in_sync", metrics.Flag(s.InSync), s.Addr)
			send("gorocket_replication_slave_bytes_per_second", float64(s.TransferredByteInSecond), s.Addr)
		}
		return
	}
	var f replication.Following
	c.d.Replication.Following(&f)
	send("gorocket_replication_following", metrics.Flag(f.Connected))
	send("gorocket_replication_bytes_per_second", float64(info.HAClientRuntimeInfo.TransferredByteInSecond))
	send("gorocket_replication_acting", metrics.Flag(c.d.Members.Acting()))
	if f.Behind >= 0 {
		send("gorocket_replication_behind_bytes", float64(f.Behind))
	}
	if !f.TablesSynced.IsZero() {
		send("gorocket_replication_tables_age_seconds", time.Since(f.TablesSynced).Seconds())
	}
}
