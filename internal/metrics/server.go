package metrics

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Handler returns what answers scrapes.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Server serves metrics over HTTP, under /metrics.
type Server struct {
	http http.Server
	done chan error
}

// Serve answers requests on l until Close is called, in a goroutine of its own. Who connects and says nothing, or does not
// read, is hung up on.
func (m *Metrics) Serve(l net.Listener) *Server {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", m.Handler())
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("finscope: the metrics are under /metrics\n")) // whoever has gone misses nothing
	})
	s := &Server{done: make(chan error, 1), http: http.Server{
		Handler: mux, ReadTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
	}}
	go func() { s.done <- s.http.Serve(l) }()
	return s
}

// closing is how long Close waits for a scrape that is being answered.
const closing = time.Second

// Close stops listening and ends what is being answered. It returns why the serving had ended before, if it had.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closing)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close() // a client that is too slow
	}
	if err := <-s.done; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
