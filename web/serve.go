package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"

	"chorus/index"
)

// A handler answers a request, or says why it cannot. It must not have
// written anything when it returns an error, unless the error is in the
// middle of a stream.
type handler func(w http.ResponseWriter, r *http.Request) error

// policy allows this origin's own files and nothing inline, so that markup
// which slipped into a page could neither run nor load anything.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// secure sets the headers that every answer carries. No referrer is sent:
// what an analyst searches for is not for the logs of the outlets.
func secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "private, no-cache")
		next.ServeHTTP(w, r)
	})
}

// serve turns the error or the panic of a handler into status, log and page.
func (s *site) serve(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			switch p := recover(); p {
			case nil:
			case http.ErrAbortHandler:
				panic(p)
			default:
				s.Log.Error("page panicked", "url", r.URL.String(), "err", p, "stack", string(debug.Stack()))
				s.fail(w, r, http.StatusInternalServerError, errors.New("our own code failed on this page"))
			}
		}()
		err := h(w, r)
		if err == nil || r.Context().Err() != nil && errors.Is(err, context.Canceled) {
			return // a reader who left needs no page
		}
		status := statusOf(err)
		level := slog.LevelDebug
		if status >= 500 && !errors.Is(err, ErrNotReady) {
			level = slog.LevelError
		}
		s.Log.Log(r.Context(), level, "page failed", "url", r.URL.String(), "status", status, "err", err)
		s.fail(w, r, status, err)
	})
}

// A badRequest is a parameter that cannot be read.
type badRequest struct{ param, problem string }

func (e *badRequest) Error() string { return fmt.Sprintf("parameter %s %s", e.param, e.problem) }

func statusOf(err error) int {
	var bad *badRequest
	var syntax *index.SyntaxError
	var refused *refusal
	var gone *removal
	switch {
	case errors.As(err, &refused):
		return refused.status
	case errors.As(err, &gone):
		return http.StatusGone
	case errors.As(err, &bad), errors.As(err, &syntax):
		return http.StatusBadRequest
	case errors.Is(err, ErrNotFound):
		return http.StatusNotFound
	case errors.Is(err, ErrNotReady):
		return http.StatusServiceUnavailable
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusGatewayTimeout
	}
	return http.StatusInternalServerError
}

// A page is what the layout needs besides the page's own part.
type page struct {
	Title   string // of the window, without the program's name
	Nav     string // path of the entry of the menu that is current
	Query   string // what the search box holds
	Own     bool   // the page brings its own search box
	Alone   bool   // there are no other pages; set by render
	Version string // of the program; set by render
	Name    string // of the template; set by render
	Body    any
}

// render executes a template into a buffer and sends it, so that a page is
// whole or not sent at all.
func (s *site) render(w http.ResponseWriter, status int, name string, p page) error {
	p.Version, p.Name, p.Alone = s.Version, name, s.alone
	var buf bytes.Buffer
	if err := s.templates.execute(&buf, name, p); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	return send(w, status, "text/html; charset=utf-8", buf.Bytes())
}

func renderJSON(w http.ResponseWriter, status int, contentType string, v any) error {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(true)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("render JSON: %w", err)
	}
	return send(w, status, contentType, buf.Bytes())
}

func send(w http.ResponseWriter, status int, contentType string, body []byte) error {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the reader has left: there is nobody to tell
	return nil
}

// fail sends the page, or for the API the RFC 9457 problem, of a failure.
func (s *site) fail(w http.ResponseWriter, r *http.Request, status int, err error) {
	h := w.Header()
	h.Del("Content-Disposition")
	h.Set("Cache-Control", "no-store")
	if status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "10")
	}
	if strings.HasPrefix(r.URL.Path, "/api/") {
		_ = renderJSON(w, status, "application/problem+json", problemOf(status, err))
		return
	}
	f := failureOf(status, err)
	if renderErr := s.render(w, status, "error", page{Title: f.Title, Body: f}); renderErr != nil {
		s.Log.Error("error page failed", "err", renderErr)
		http.Error(w, f.Title, status)
	}
}

// A failure is the page for what went wrong, in words for a reader.
type failure struct {
	Status  int
	Title   string
	Text    string
	Waiting bool // it will pass: the page asks to come back
}

func failureOf(status int, err error) failure {
	f := failure{Status: status}
	var refused *refusal
	if errors.As(err, &refused) {
		f.Title, f.Text = "This was not accepted", sentence(err.Error())
		return f
	}
	var gone *removal
	if errors.As(err, &gone) {
		f.Title, f.Text = "This document was removed", gone.text()
		return f
	}
	switch status {
	case http.StatusBadRequest:
		f.Title, f.Text = "This address cannot be read", err.Error()+"."
	case http.StatusNotFound:
		f.Title = "There is no such page"
		f.Text = "Nothing is kept under this address. A document is found by its page's address, so a search for its outlet or title is the surest way to it."
	case http.StatusServiceUnavailable:
		f.Title, f.Waiting = "The index is being rebuilt", true
		f.Text = "Nothing is lost: the index is only a view of what was collected, and it is being filled again. Documents, outlets and evidence can be read meanwhile; searching comes back by itself."
	case http.StatusGatewayTimeout:
		f.Title, f.Waiting = "This took too long", true
		f.Text = "The answer was not ready in time and was given up. A narrower search, or one with fewer dates, is faster."
	default:
		f.Title = "Something failed on our side"
		f.Text = "The failure is in the log. What was collected is not touched by it."
	}
	return f
}

// sentence makes a sentence of an error.
func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] + "." }

// A problem is a failure as the API tells it (RFC 9457).
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	Input  string `json:"input,omitempty"`  // the query that cannot be read
	Column int    `json:"column,omitempty"` // where in it, in characters, from 1
	Hint   string `json:"hint,omitempty"`
}

func problemOf(status int, err error) problem {
	f := failureOf(status, err)
	p := problem{Type: "about:blank", Title: f.Title, Status: status}
	var syntax *index.SyntaxError
	switch {
	case errors.As(err, &syntax):
		p.Title, p.Detail = "The query cannot be read", syntax.Problem
		p.Input, p.Column, p.Hint = syntax.Input, syntax.Column, syntax.Hint
	case status < 500:
		p.Detail = err.Error()
	}
	return p
}
