package main

import "gorocket/integration/harness"

// Encrypted sends: brokers of both kinds take TLS on their port as they are, with a certificate that they make.

const sendTLS = "TLS 1.3, send 1 KiB, 8 x 64 in flight"

var (
	plainCPU = cpu("send 1 KiB, 8 x 64 in flight, before the encrypted ones", 0)
	tlsCPU   = cpu(sendTLS, 5)
	tlsRate  = rate(sendTLS, 0)
	tlsTimes = figure{name: sendTLS + ": server CPU, times that of plain ones", unit: times, atMost: 3}
)

// encrypted measures plain sends, and the same ones encrypted.
func (r *round) encrypted(p *harness.Pair, _ []figure) error {
	run := toolRun{args: "send --size 1024 --connections 8 --in-flight 64", warm: 0.25}
	if err := r.bench(p, run, []figure{plainCPU}); err != nil {
		return err
	}
	run.args += " --tls"
	if err := r.bench(p, run, []figure{tlsCPU, tlsRate}); err != nil {
		return err
	}
	plain, _ := r.get(r.part, plainCPU.name)
	closed, _ := r.get(r.part, tlsCPU.name)
	r.set(tlsTimes.name, closed/plain)
	return nil
}
