package metrics

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"gorocket/compat/config"
)

// Values of metricsExporterType.
const (
	Off  = "DISABLE"
	Prom = "PROM"
	OTLP = "OTLP_GRPC" // Prom, and what Push says
)

// Push is the part of each server's configuration that says where metrics are sent. Java: BrokerConfig.
type Push struct {
	MetricsGRPCTarget   string `prop:"metricsGrpcExporterTarget"`
	MetricsGRPCHeader   string `prop:"metricsGrpcExporterHeader"`
	MetricsGRPCTimeout  int64  `prop:"metricGrpcExporterTimeOutInMills"`
	MetricsGRPCInterval int64  `prop:"metricGrpcExporterIntervalInMills"`
	MetricsBatch        int    `prop:"metricsExportBatchMaxDataPoints"`
	MetricsInDelta      bool   `prop:"metricsInDelta"`
	MetricsLabel        string `prop:"metricsLabel"`
}

// labelName is what Prometheus takes for one.
var labelName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

// Check finds what cannot work with a metricsExporterType: an *config.Error. Java logs it, and exports nothing.
func (p *Push) Check(kind string) error {
	refuse := func(key, value, why string) error { return &config.Error{Key: key, Value: value, Msg: why} }
	labels, err := pairs(p.MetricsLabel)
	if err != nil {
		return refuse("metricsLabel", p.MetricsLabel, err.Error())
	}
	for name := range labels {
		if !labelName.MatchString(name) {
			return refuse("metricsLabel", p.MetricsLabel, name+" cannot be the name of a label")
		}
	}
	if _, err := pairs(p.MetricsGRPCHeader); err != nil {
		return refuse("metricsGrpcExporterHeader", "***", err.Error())
	}
	if kind != OTLP {
		return nil
	}
	u, err := p.endpoint()
	if err != nil || u.Host == "" {
		return refuse("metricsGrpcExporterTarget", p.MetricsGRPCTarget,
			"metricsExporterType=OTLP_GRPC needs the address of a collector, http://host:port or https://host:port")
	}
	return nil
}

// endpoint is where requests go. Java: what does not begin with http is https.
func (p *Push) endpoint() (*url.URL, error) {
	target := p.MetricsGRPCTarget
	if !strings.HasPrefix(target, "http") {
		target = "https://" + target
	}
	u, err := url.Parse(target)
	if err == nil {
		u.Path = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
	}
	return u, err
}

// pairs reads name:value,name:value. The value may have colons.
func pairs(text string) (map[string]string, error) {
	all := map[string]string{}
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		name, value, ok := strings.Cut(part, ":")
		if !ok || name == "" {
			return nil, fmt.Errorf("want name:value,name:value")
		}
		all[strings.TrimSpace(name)] = strings.TrimSpace(value)
	}
	return all, nil
}

// Fixed are the labels of a server with those of metricsLabel; the server's own win.
func (p *Push) Fixed(own map[string]string) map[string]string {
	all, err := pairs(p.MetricsLabel)
	if err != nil { // Check has refused it
		return own
	}
	for name, value := range own {
		all[name] = value
	}
	return all
}

// LogPushed has a log told of requests that fail, and that they do no more.
func LogPushed(log zerolog.Logger) func(error) {
	return func(err error) {
		if err != nil {
			log.Warn().Err(err).Msg("metrics cannot be sent to metricsGrpcExporterTarget; tried again at the next interval")
			return
		}
		log.Info().Msg("metrics are sent to metricsGrpcExporterTarget again")
	}
}

// pusher sends what a registry has every so often.
type pusher struct {
	every, patience time.Duration
	registry        prometheus.Gatherer
	client          *exportClient
	otlp            *otlp
	batch           int
	told            func(error) // nil: it is sent again
	failing         string      // what was told last; the goroutine of start only

	cancel context.CancelFunc
	wg     sync.WaitGroup
}

func newPusher(p *Push, registry prometheus.Gatherer, told func(error)) (*pusher, error) {
	to, err := p.endpoint()
	if err != nil {
		return nil, err
	}
	headers, err := pairs(p.MetricsGRPCHeader)
	if err != nil {
		return nil, err
	}
	return &pusher{every: time.Duration(p.MetricsGRPCInterval) * time.Millisecond,
		patience: time.Duration(p.MetricsGRPCTimeout) * time.Millisecond, batch: p.MetricsBatch, registry: registry,
		client: newExportClient(to, headers), otlp: newOTLP(p.MetricsInDelta, time.Now()), told: told}, nil
}

// start sends from now on; stop has to follow.
func (p *pusher) start() {
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	p.wg.Go(func() {
		t := time.NewTicker(p.every)
		defer t.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
				p.tell(p.push(ctx))
			}
		}
	})
}

// tell says that it fails, or that it does not any more, once each.
func (p *pusher) tell(err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text != p.failing && p.told != nil {
		p.told(err)
	}
	p.failing = text
}

// push sends what there is.
func (p *pusher) push(ctx context.Context) error {
	families, err := p.registry.Gather()
	if err != nil && len(families) == 0 {
		return err
	}
	for _, request := range p.otlp.requests(families, time.Now(), p.batch) {
		one, cancel := context.WithTimeout(ctx, p.patience)
		err := p.client.export(one, request)
		cancel()
		if err != nil {
			return err
		}
	}
	return nil
}

// stop ends what start began, and sends a last time, if ctx lets it. Nothing happens to nil.
func (p *pusher) stop(ctx context.Context) {
	if p == nil {
		return
	}
	p.cancel()
	p.wg.Wait()
	last, cancel := context.WithTimeout(ctx, min(p.patience, time.Second))
	defer cancel()
	p.tell(p.push(last))
	p.client.close()
}
