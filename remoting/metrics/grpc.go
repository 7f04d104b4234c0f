package metrics

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// exportClient calls one unary gRPC method. That is a POST over HTTP/2, which net/http can do: the gRPC library would
// make the program a third larger.
type exportClient struct {
	http    *http.Client
	to      string
	headers map[string]string
}

func newExportClient(to *url.URL, headers map[string]string) *exportClient {
	var protocols http.Protocols
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(to.Scheme == "http")
	return &exportClient{to: to.String(), headers: headers,
		http: &http.Client{Transport: &http.Transport{Protocols: &protocols, Proxy: http.ProxyFromEnvironment}}}
}

func (c *exportClient) close() { c.http.CloseIdleConnections() }

// maxAnswer is how much of an answer is read, in bytes.
const maxAnswer = 64 << 10

// export sends one request. What the collector did not take is an error.
func (c *exportClient) export(ctx context.Context, request proto.Message) error {
	body, err := frame(request)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.to, bytes.NewReader(body))
	if err != nil {
		return err
	}
	for name, value := range c.headers {
		r.Header.Set(name, value)
	}
	r.Header.Set("Content-Type", "application/grpc+proto")
	r.Header.Set("TE", "trailers")
	r.Header.Set("Grpc-Encoding", "gzip")
	resp, err := c.http.Do(r)
	if err != nil {
		return err
	}
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	_ = resp.Body.Close()
	if err != nil {
		return fmt.Errorf("%s: reading the answer: %w", c.to, err)
	}
	return status(c.to, resp, answer)
}

// status tells what the collector answered. Where there is no body, the status may stand among the headers.
func status(to string, resp *http.Response, answer []byte) error {
	code, text := resp.Trailer.Get("Grpc-Status"), resp.Trailer.Get("Grpc-Message")
	if code == "" {
		code, text = resp.Header.Get("Grpc-Status"), resp.Header.Get("Grpc-Message")
	}
	if decoded, err := url.PathUnescape(text); err == nil {
		text = decoded
	}
	switch {
	case code == "0":
		if n, why := refusedPoints(answer); n > 0 {
			return fmt.Errorf("%s: %d figures were not taken: %s", to, n, why)
		}
		return nil
	case code == "":
		return fmt.Errorf("%s: HTTP status %s, and no gRPC status: is it a collector?", to, resp.Status)
	}
	return fmt.Errorf("%s: gRPC status %s: %s", to, code, text)
}

// frame is a message as gRPC sends it: compressed or not, its length, itself.
func frame(m proto.Message) ([]byte, error) {
	text, err := proto.Marshal(m)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	out.Write([]byte{1, 0, 0, 0, 0})
	z := gzip.NewWriter(&out)
	if _, err := z.Write(text); err == nil {
		err = z.Close()
	}
	if err != nil {
		return nil, err
	}
	binary.BigEndian.PutUint32(out.Bytes()[1:], uint32(out.Len()-5))
	return out.Bytes(), nil
}

var errAnswer = errors.New("not an ExportMetricsServiceResponse")

// refusedPoints reads partial_success of the answer: field 1, of it field 1 (rejected_data_points) and 2
// (error_message). What cannot be read says nothing.
func refusedPoints(answer []byte) (n uint64, why string) {
	if len(answer) < 5 || answer[0] != 0 {
		return 0, ""
	}
	_ = fields(answer[5:], func(number protowire.Number, value []byte, _ uint64) error {
		if number != 1 {
			return nil
		}
		return fields(value, func(number protowire.Number, text []byte, v uint64) error {
			switch number {
			case 1:
				n = v
			case 2:
				why = strings.ToValidUTF8(string(text), "?")
			}
			return nil
		})
	})
	return n, why
}

// fields visits those of a message that are numbers or bytes.
func fields(message []byte, visit func(number protowire.Number, value []byte, v uint64) error) error {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return errAnswer
		}
		message = message[n:]
		var value []byte
		var v uint64
		switch kind {
		case protowire.VarintType:
			v, n = protowire.ConsumeVarint(message)
		case protowire.BytesType:
			value, n = protowire.ConsumeBytes(message)
		default:
			n = protowire.ConsumeFieldValue(number, kind, message)
		}
		if n < 0 {
			return errAnswer
		}
		message = message[n:]
		if err := visit(number, value, v); err != nil {
			return err
		}
	}
	return nil
}
