package config

// push are the keys of all servers for metrics that are sent. Java: BrokerConfig, ControllerConfig.
var push = Table{
	text("metricsGrpcExporterTarget", "", Restart, "with OTLP_GRPC: URL of an OpenTelemetry collector, http:// or "+
		"https://; without either it is https://").local(),
	text("metricsGrpcExporterHeader", "", Restart, "with OTLP_GRPC: what each request carries, name:value,name:value").
		secret().local(),
	number("metricGrpcExporterTimeOutInMills", 3000, 1, maxInt, Millis, Restart, "with OTLP_GRPC: of one request"),
	number("metricGrpcExporterIntervalInMills", 60000, 100, maxInt, Millis, Restart, "with OTLP_GRPC: between requests"),
	number("metricsExportBatchMaxDataPoints", 1000, 1, 1000000, Count, Restart, "with OTLP_GRPC: figures of one "+
		"request"),
	flag("metricsInDelta", false, Restart, "with OTLP_GRPC: counters and histograms as what has come since the request "+
		"before, not as totals"),
	text("metricsLabel", "", Restart, "labels of all metrics, name:value,name:value"),
}
