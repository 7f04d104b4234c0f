package broker

// EXPORT_ROCKSDB_CONFIG_TO_JSON (355): tables of a RocksDB written as JSON files; mqadmin rocksDBConfigToJson. Java:
// AdminBrokerProcessor.exportRocksDBConfigToJson. The tables here are JSON files already, which Java answers with the
// same words.

import (
	"strings"

	"gorocket/remoting"
	"gorocket/remoting/wire"
)

type rocksExports struct{}

func (rocksExports) entries() []remoting.Entry {
	return []remoting.Entry{{Code: wire.ReqExportRocksdbConfigToJson, Mode: remoting.Pooled,
		Handle: with(wire.ExportRocksDBRequest, exportRocksDB)}}
}

func exportRocksDB(ctx *remoting.Context, h *wire.ExportRocksDBHeader) {
	for _, kind := range strings.FieldsFunc(h.ConfigType, func(r rune) bool { return r == ';' }) {
		switch strings.ToLower(strings.TrimSpace(kind)) {
		case "topics", "subscriptiongroups", "consumeroffsets":
		default:
			ctx.Status(wire.SystemError, "java.lang.IllegalArgumentException: Unknown config type: "+kind)
			return
		}
	}
	ctx.Status(wire.Success, "export done.")
}
